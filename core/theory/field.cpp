// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/field.h"

#include <algorithm>
#include <limits>
#include <string>

#include "core/base/error.h"

namespace whorl {
namespace {

constexpr int kLeastResolution = 2;
constexpr int kMostResolution = 513;

}  // namespace

PlanarField sampleField(const PlanarNetwork& network, const PlanarFingerprints& fingerprints, const PlanarBox& box,
                        int resolution, const JobContext& context) {
  if (resolution < kLeastResolution || resolution > kMostResolution) {
    throw Error(ErrorKind::Usage, std::to_string(resolution) + " is no resolution", "resolution",
                std::to_string(kLeastResolution) + " to " + std::to_string(kMostResolution) + " points an axis");
  }
  PlanarField field{box, resolution, {}, {}};
  std::vector<PlanarPoint> row(static_cast<std::size_t>(resolution));
  for (int y = 0; y < resolution; ++y) {
    context.throwIfStopped();
    for (int x = 0; x < resolution; ++x) row[static_cast<std::size_t>(x)] = field.at(x, y);
    const std::vector<double> scores = fingerprintScores(network, fingerprints, row);
    const std::vector<int> classes = network.predicted(row);
    field.scores.insert(field.scores.end(), scores.begin(), scores.end());
    field.classes.insert(field.classes.end(), classes.begin(), classes.end());
  }
  return field;
}

double thresholdFor(const PlanarData& data, const std::vector<double>& scores, const std::vector<int>& classes,
                    double share) {
  std::vector<double> correct;
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (classes[i] == data[i].label) correct.push_back(scores[i]);
  }
  const auto needed = static_cast<std::size_t>(std::ceil(share * static_cast<double>(correct.size()) - 1e-9));
  if (needed == 0) return 0;
  std::sort(correct.begin(), correct.end());
  return std::nextafter(correct[std::min(needed, correct.size()) - 1], std::numeric_limits<double>::infinity());
}

}  // namespace whorl
