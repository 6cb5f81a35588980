// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/parameters.h"
#include "core/theory/planar.h"

namespace whorl {

/// A toy problem of the table.
struct ToyEntry {
  OperationSpec spec;
  /// `parameters` are resolved.
  PlanarData (*make)(const Parameters& parameters, std::uint64_t seed);
};

/// Blobs, moons, circles and spirals, about as large as a few units around the origin.
const std::vector<ToyEntry>& toys();

/// The toy of that name. Its points come class by class in turn (0, 1, …, 0, 1, …); point i depends on the seed and on
/// i alone, so that a longer toy starts with a shorter one's points where the shape doesn't depend on their number
/// (blobs, moons, circles, spirals all draw their places along the shape at random). Error(Usage) for an unknown name
/// or a parameter that doesn't fit. Any thread.
PlanarData makeToy(const std::string& name, const Parameters& parameters, std::uint64_t seed);

}  // namespace whorl
