// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/planar.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/base/error.h"

namespace whorl {
namespace {

void checkSample(const PlanarSample& sample, std::size_t place) {
  const double largest = std::max(std::abs(sample.at.x), std::abs(sample.at.y));
  const bool finite = std::isfinite(sample.at.x) && std::isfinite(sample.at.y);
  if (!finite || largest > planar::kLargestCoordinate) {
    throw Error(ErrorKind::BadInput, "a coordinate is no number or too large", "point " + std::to_string(place),
                "numbers between -1e6 and 1e6 are taken");
  }
  if (sample.label < 0 || sample.label >= planar::kMostClasses) {
    throw Error(ErrorKind::BadInput, "there is no class " + std::to_string(sample.label),
                "point " + std::to_string(place),
                "classes count from 0 to " + std::to_string(planar::kMostClasses - 1));
  }
}

}  // namespace

int checkedClassCount(const PlanarData& data) {
  if (data.size() < 2) {
    throw Error(ErrorKind::BadInput, "there are too few points", "points", "paint at least one point of two classes");
  }
  if (data.size() > planar::kMostSamples) {
    throw Error(ErrorKind::BadInput, "there are too many points", "points",
                std::to_string(planar::kMostSamples) + " at most");
  }
  std::array<int, planar::kMostClasses> counts{};
  int classes = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    checkSample(data[i], i);
    ++counts[static_cast<std::size_t>(data[i].label)];
    classes = std::max(classes, data[i].label + 1);
  }
  for (int k = 0; k < std::max(classes, 2); ++k) {
    if (counts[static_cast<std::size_t>(k)] > 0) continue;
    throw Error(ErrorKind::BadInput, "class " + std::to_string(k) + " has no points", "points",
                "paint at least one point of it");
  }
  return classes;
}

std::vector<PlanarPoint> pointsOf(const PlanarData& data) {
  std::vector<PlanarPoint> points;
  points.reserve(data.size());
  for (const PlanarSample& sample : data) points.push_back(sample.at);
  return points;
}

}  // namespace whorl
