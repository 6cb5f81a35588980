// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace whorl {

/// The points of a line or a plane at which values are taken: `resolution` an axis, evenly from -range to range, and
/// the order in which they come, coarse to fine. Where the resolution is odd its middle is exactly (0, 0).
class Grid {
 public:
  static constexpr int kLeastResolution = 2;
  static constexpr int kMostResolution = 513;

  /// `dimensions` 1 or 2. Error(Usage) for a range that is not a finite number above 0 and for a resolution out of
  /// range.
  Grid(int dimensions, double range, int resolution);

  int dimensions() const { return m_dimensions; }
  double range() const { return m_range; }
  int resolution() const { return m_resolution; }
  int rows() const { return m_dimensions == 2 ? m_resolution : 1; }
  std::int64_t pointCount() const { return std::int64_t{m_resolution} * rows(); }

  /// In [-range, range]; coordinate(resolution - 1 - i) is exactly -coordinate(i).
  double coordinate(int index) const;

  /// Indices on an axis of each level: 9, 33 and 129 of them, as far as that is fewer than all, then all. Each level
  /// holds those of the one before, so that no point is computed twice; a coarse one holds both ends, and the middle
  /// where there is one.
  const std::vector<std::vector<int>>& levels() const { return m_levels; }

 private:
  int m_dimensions;
  double m_range;
  int m_resolution;
  std::vector<std::vector<int>> m_levels;
};

}  // namespace whorl
