// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// Plain types: front ends see them, too.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace whorl {

/// One value over a grid.
struct SurfaceLayer {
  std::string name;            ///< "cross_entropy", "fingerprint_distances_3", …
  std::vector<double> values;  ///< Surface::pointCount() of them, row by row: index row * columns + column
};

/// Values over the points of a grid, x along the first direction (columns), y along the second (rows). A line has one
/// row, at y = 0. A coarse one (sampleSurface) has points that are not quite evenly spaced where the wanted resolution
/// asks for that: x and y say where they are.
struct Surface {
  std::vector<double> x;  ///< ascending
  std::vector<double> y;  ///< ascending
  std::vector<SurfaceLayer> layers;
  std::int64_t images = 0;  ///< in weight space: by how many images its networks were judged; else 0

  std::size_t pointCount() const { return x.size() * y.size(); }
  bool isLine() const { return y.size() == 1; }
  /// Index into a layer's values of the point that is nearest to (x, y). There must be one.
  std::size_t nearest(double x, double y) const;
  /// Error(Usage) that lists the names that there are.
  const SurfaceLayer& layer(const std::string& name) const;
};

}  // namespace whorl
