// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <vector>

#include "core/base/job.h"
#include "core/theory/fingerprints.h"
#include "core/theory/network.h"

namespace whorl {

/// A square of the plane.
struct PlanarBox {
  PlanarPoint low;
  double side = 1;

  bool operator==(const PlanarBox&) const = default;
};

/// The square around the data, `room` times as large as their larger extent (1 at least where they are one place).
inline PlanarBox boxAround(const PlanarData& data, double room = 1.9) {
  if (data.empty()) return {{-1, -1}, 2};
  PlanarPoint low = data.front().at;
  PlanarPoint high = low;
  for (const PlanarSample& sample : data) {
    low = {std::min(low.x, sample.at.x), std::min(low.y, sample.at.y)};
    high = {std::max(high.x, sample.at.x), std::max(high.y, sample.at.y)};
  }
  const double extent = std::max(high.x - low.x, high.y - low.y);
  const double side = room * (extent > 0 ? extent : 1);
  const PlanarPoint middle = (low + high) * 0.5;
  return {{middle.x - side / 2, middle.y - side / 2}, side};
}

/// What a model says on a square grid, both edges included: index row · resolution + column, row 0 at the lowest y.
struct PlanarField {
  PlanarBox box;
  int resolution = 0;
  std::vector<double> scores;  ///< fingerprint loss s(x) = min over j of D_j(x); 0 without fingerprints
  std::vector<int> classes;    ///< that are predicted

  PlanarPoint at(int column, int row) const {
    const double step = box.side / (resolution - 1);
    return {box.low.x + step * column, box.low.y + step * row};
  }
  std::size_t index(int column, int row) const { return static_cast<std::size_t>(row) * resolution + column; }
};

/// Error(Usage) for a resolution that is not 2 to 513. Looks at the stop token once a row.
PlanarField sampleField(const PlanarNetwork& network, const PlanarFingerprints& fingerprints, const PlanarBox& box,
                        int resolution, const JobContext& context = {});

/// What a threshold does: x is accepted where s(x) < τ. Shares are NaN where there is nothing to share.
struct AcceptedShares {
  double accuracy = 0;         ///< of the data that the model classifies correctly
  double acceptedCorrect = 0;  ///< of the correctly classified data: true positives of the check
  double acceptedWrong = 0;    ///< of the misclassified data: false positives
  double acceptedArea = 0;     ///< of the field's points
};

/// `scores` and `classes` are what the model says of the data's points.
inline AcceptedShares acceptedShares(double threshold, const PlanarData& data, const std::vector<double>& scores,
                                     const std::vector<int>& classes, const PlanarField& field) {
  double correct = 0, acceptedCorrect = 0, acceptedWrong = 0, inside = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const bool right = classes[i] == data[i].label;
    correct += right;
    if (scores[i] < threshold) ++(right ? acceptedCorrect : acceptedWrong);
  }
  for (const double score : field.scores) inside += score < threshold;
  const auto all = static_cast<double>(data.size());
  const auto share = [](double part, double of) { return of > 0 ? part / of : std::nan(""); };
  return {share(correct, all), share(acceptedCorrect, correct), share(acceptedWrong, all - correct),
          share(inside, static_cast<double>(field.scores.size()))};
}

/// The least τ that accepts at least `share` (0 to 1) of the correctly classified data; 0 without any. Without
/// fingerprints all scores are 0, and so is all but nothing of τ.
double thresholdFor(const PlanarData& data, const std::vector<double>& scores, const std::vector<int>& classes,
                    double share);

}  // namespace whorl
