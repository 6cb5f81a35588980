// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <vector>

#include "core/theory/fingerprints.h"
#include "core/theory/network.h"

namespace whorl {

/// Lengths r > 0 along a ray that are accepted, both ends included; the last may be infinite.
struct RayInterval {
  double low = 0;
  double high = 0;
};

/// Where on the ray r·p of outputs, r > 0, a linear model meets one fingerprint within τ: all r with
/// ‖(r p + u)/‖r p + u‖ − p − Δy‖ ≤ τ, where p is a unit vector, and u = W Δx is what the shift does to the outputs.
/// Its ends are roots of a quadratic (docs/theory.md), so this is exact up to rounding: at most two intervals, in
/// order. With one output, p = ±1 and Δy 0 or −2p, it is the half-line of a sign that is kept or flipped. p, u and Δy
/// have one size, 1 or more; τ ≥ 0.
std::vector<RayInterval> acceptedAlongRay(std::span<const double> p, std::span<const double> u,
                                          std::span<const double> response, double tau);

/// Norm of the outputs beyond which a linear model's fingerprint distance exceeds τ for every class, whatever the
/// direction: 2 · mean ‖W Δxᵢ‖ / (least ‖Δy‖ − τ), where that is above 0; else infinite: nothing is promised. Any
/// number of fingerprints and classes. The network must be linear (Error(Usage)).
double rejectionRadius(const PlanarNetwork& network, const PlanarFingerprints& fingerprints, double tau);

/// The accept region of a linear model of two outputs in closed form: a point is accepted if for some class every
/// fingerprint is met within τ.
class LinearRegion {
 public:
  /// Error(Usage) for a network that is not linear, has not two outputs, or whose outputs depend on each other (as
  /// those of a support vector machine do): then no point of the plane is their common origin.
  LinearRegion(const PlanarNetwork& network, PlanarFingerprints fingerprints, double tau);

  /// Where both outputs are 0, from which rays are measured.
  PlanarPoint origin() const { return m_origin; }
  /// The accepted intervals of the ray whose outputs have that angle (of output 1 over output 0), united over classes
  /// and in order; in units of the outputs' norm.
  std::vector<RayInterval> along(double angle) const;
  /// The point of the plane with outputs r (cos angle, sin angle).
  PlanarPoint at(double angle, double r) const;
  bool accepts(const PlanarPoint& point) const;

 private:
  std::vector<RayInterval> ofClass(double angle, int label) const;

  PlanarFingerprints m_fingerprints;
  double m_tau;
  PlanarPoint m_origin;
  double m_weights[2][2] = {};  ///< [output][coordinate]
  double m_inverse[2][2] = {};
};

}  // namespace whorl
