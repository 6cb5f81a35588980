// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <vector>

#include "core/theory/fingerprints.h"
#include "core/theory/linear.h"
#include "core/theory/planar.h"

namespace whorl {

/// Distances from a linear model's boundary that are accepted on one of its sides, both ends included.
struct Band {
  double near = 0;
  double far = 0;

  bool holds(double distance) const { return near <= distance && distance <= far; }
};

/// One band a side: [0] where the model says class 0, [1] where it says class 1.
using Bands = std::array<Band, 2>;

/// One fingerprint of a linear model and what is expected of it: for points that are taken for class k, f(x + dx) has
/// the sign of f(x) (`keeps[k]`) or the other one.
struct SignFingerprint {
  PlanarPoint dx;
  std::array<bool, 2> keeps{true, true};
};

/// Whether f(x + dx) relates to f(x) as is expected of the class that x is taken for, for every fingerprint. The sign
/// of 0 is that of class 1. The model's w must not be 0.
bool acceptedBySigns(const LinearModel& model, const std::vector<SignFingerprint>& fingerprints, const PlanarPoint& x);

/// The four fingerprints along the boundary's normal whose accept region is the bands (docs/theory.md): for each side a
/// step of `near` towards the boundary that must keep the sign and one of `far` that must flip it. They are a billionth
/// shorter and longer, so that points on a band's edge are inside however sums are rounded.
/// Error(Usage) unless 0 ≤ near ≤ far on both sides; Error(BadInput) for a model whose w is 0.
std::vector<SignFingerprint> bandFingerprints(const LinearModel& model, const Bands& bands);

/// On each side the narrowest band that holds at least `share` of the points there that the model classifies correctly;
/// of equally narrow ones the nearest. With share 1 it is [least, largest distance], which no choice of w·Δx beats: all
/// are accepted, and whatever else accepts all of them accepts all that this does. A side without correct points gets
/// {0, 0}. Exact: every band that begins and ends at a point is looked at. Error(Usage) unless 0 < share ≤ 1;
/// Error(BadInput) for data that are not of two classes and for a model whose w is 0.
Bands tightestBands(const LinearModel& model, const PlanarData& data, double share = 1);

/// The same fingerprints in the terms of the method: responses Δy of normalised outputs (h₀, h₁) = (−f, f)/2, for which
/// the fingerprint distance is 0 inside the bands and at least 1/2 outside.
PlanarFingerprints asResponses(const std::vector<SignFingerprint>& fingerprints);

}  // namespace whorl
