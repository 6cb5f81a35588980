// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// The plane, in plain types: what front ends may see of it, too.

#include <cmath>
#include <vector>

namespace whorl {

/// A point of the plane, or an arrow in it.
struct PlanarPoint {
  double x = 0;
  double y = 0;

  bool operator==(const PlanarPoint&) const = default;
  PlanarPoint operator+(const PlanarPoint& other) const { return {x + other.x, y + other.y}; }
  PlanarPoint operator-(const PlanarPoint& other) const { return {x - other.x, y - other.y}; }
  PlanarPoint operator*(double factor) const { return {x * factor, y * factor}; }
};

inline double dot(const PlanarPoint& a, const PlanarPoint& b) { return a.x * b.x + a.y * b.y; }
inline double length(const PlanarPoint& a) { return std::hypot(a.x, a.y); }

/// A point and its class, 0 to kMostClasses - 1.
struct PlanarSample {
  PlanarPoint at;
  int label = 0;

  bool operator==(const PlanarSample&) const = default;
};

using PlanarData = std::vector<PlanarSample>;

namespace planar {

inline constexpr int kMostClasses = 4;
inline constexpr std::size_t kMostSamples = 20'000;
/// Coordinates beyond this are refused: squares of them and of weights stay far from overflow.
inline constexpr double kLargestCoordinate = 1e6;

}  // namespace planar

/// Classes of the data: the largest label and one. Error(BadInput) for fewer than two points, too many of them, a label
/// or a coordinate out of range or NaN, and where only one class or a gap between classes is there.
int checkedClassCount(const PlanarData& data);

/// Where the points are.
std::vector<PlanarPoint> pointsOf(const PlanarData& data);

}  // namespace whorl
