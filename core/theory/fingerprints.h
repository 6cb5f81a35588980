// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/parameters.h"
#include "core/theory/network.h"
#include "core/theory/planar.h"

namespace whorl {

/// Fingerprints of the plane (docs/fingerprints.md): N arrows Δx, and for each and each class the response Δy that the
/// normalised outputs φ = h/‖h‖ should show, φ(x + Δx) − φ(x).
struct PlanarFingerprints {
  int classes = 0;
  std::vector<PlanarPoint> dx;  ///< [N]
  std::vector<double> dy;       ///< [N · classes · classes], index (i · classes + class) · classes + output

  std::size_t count() const { return dx.size(); }
  const double* response(std::size_t i, int label) const {
    return dy.data() + (i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(label)) *
                           static_cast<std::size_t>(classes);
  }
  bool operator==(const PlanarFingerprints&) const = default;
};

/// count, epsilon, law, alpha, beta, sign: how they are drawn.
const std::vector<ParameterSpec>& planarFingerprintParameters();

/// Draws them: each coordinate of Δx uniform in [0, epsilon] or [−epsilon, epsilon]; Δy of class j has β at j and −α
/// elsewhere, times the sign. `parameters` are resolved.
PlanarFingerprints drawPlanarFingerprints(const Parameters& parameters, int classes, std::uint64_t seed);

/// φ of logits in place, a row of `classes` each; the norm is at least 1e-12.
void normaliseRows(std::vector<double>& logits, int classes);

/// Distances D_j(x) = mean over i of ‖φ(x + Δxᵢ) − φ(x) − Δyᵢⱼ‖ for every class j: [points · classes].
/// Without fingerprints all 0.
std::vector<double> fingerprintDistances(const PlanarNetwork& network, const PlanarFingerprints& fingerprints,
                                         std::span<const PlanarPoint> points);

/// s(x) = min over j of D_j(x), the score that a threshold τ accepts below.
std::vector<double> fingerprintScores(const PlanarNetwork& network, const PlanarFingerprints& fingerprints,
                                      std::span<const PlanarPoint> points);

/// s and its gradient with respect to the point. Where two classes or a norm's kink meet, that of one of the sides.
struct ScoreGradient {
  double score = 0;
  PlanarPoint gradient;
};
ScoreGradient scoreGradient(const PlanarNetwork& network, const PlanarFingerprints& fingerprints,
                            const PlanarPoint& point);

/// Turns a gradient with respect to φ into one with respect to the logits it was made of, for one row.
void throughNormalisation(std::span<const double> logits, std::span<const double> gradient, double* logitGradient);

}  // namespace whorl
