// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/grid.h"

#include <cmath>
#include <string>

#include "core/base/error.h"

namespace whorl {
namespace {

/// Points on an axis of the coarse levels. Each less one divides the next less one, which is what nests them.
constexpr int kCoarse[] = {9, 33, 129};

/// `count` of `all` indices, as evenly as whole numbers can be, both ends included. What is rounded depends on the
/// ratio i / (count - 1) alone, so that the same place of a finer level is the same index.
std::vector<int> spread(int count, int all) {
  std::vector<int> indices;
  indices.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) indices.push_back((2 * i * (all - 1) + count - 1) / (2 * (count - 1)));
  return indices;
}

}  // namespace

Grid::Grid(int dimensions, double range, int resolution)
    : m_dimensions(dimensions), m_range(range), m_resolution(resolution) {
  if (dimensions != 1 && dimensions != 2) {
    throw Error(ErrorKind::Usage, std::to_string(dimensions) + " directions span no landscape", "directions",
                "one for a line, two for a plane");
  }
  if (!(range > 0) || !std::isfinite(range)) {
    throw Error(ErrorKind::Usage, "the range must be a number above 0", "range",
                "it is how far the landscape goes to either side of its middle");
  }
  if (resolution < kLeastResolution || resolution > kMostResolution) {
    throw Error(ErrorKind::Usage, std::to_string(resolution) + " is no resolution", "resolution",
                std::to_string(kLeastResolution) + " to " + std::to_string(kMostResolution) + " points an axis");
  }
  for (const int count : kCoarse) {
    if (count < resolution) m_levels.push_back(spread(count, resolution));
  }
  m_levels.push_back(spread(resolution, resolution));
}

double Grid::coordinate(int index) const {
  return m_range * static_cast<double>(2 * index - (m_resolution - 1)) / static_cast<double>(m_resolution - 1);
}

}  // namespace whorl
