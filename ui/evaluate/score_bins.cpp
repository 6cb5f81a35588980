// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/score_bins.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace whorl::ui {

ScoreBins scoreBins(const CellFigures& figures) {
  ScoreBins bins;
  std::vector<double> all;
  for (const auto* scores : {&figures.cleanScores, &figures.adversarialScores}) {
    std::copy_if(scores->begin(), scores->end(), std::back_inserter(all), [](double s) { return std::isfinite(s); });
  }
  if (all.empty()) return bins;
  std::sort(all.begin(), all.end());
  const auto quantile = [&](double share) {
    return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  };
  bins.low = quantile(0.005);
  bins.high = quantile(0.995);
  if (!(bins.high > bins.low)) {
    const double room = std::max(std::abs(bins.low) * 0.05, 1e-6);
    bins.low -= room;
    bins.high += room;
  }
  const auto fill = [&bins](const std::vector<double>& scores) {
    std::vector<double> shares(ScoreBins::kCount);
    for (const double score : scores) {
      if (std::isnan(score)) continue;
      const double place = (score - bins.low) / (bins.high - bins.low) * ScoreBins::kCount;
      shares[static_cast<std::size_t>(std::clamp(place, 0.0, ScoreBins::kCount - 1.0))] +=
          1 / static_cast<double>(scores.size());
    }
    return shares;
  };
  bins.clean = fill(figures.cleanScores);
  bins.adversarial = fill(figures.adversarialScores);
  return bins;
}

std::optional<double> thresholdAt(const CellFigures& figures, double falsePositiveRate) {
  std::optional<double> threshold;
  for (const RocCorner& corner : figures.roc) {
    if (corner.falsePositiveRate > falsePositiveRate) continue;
    if (!threshold || corner.threshold < *threshold) threshold = corner.threshold;
  }
  return threshold;
}

std::vector<RocCorner> rocFrom(const CellFigures& figures, double falsePositiveRate) {
  std::vector<RocCorner> roc = figures.roc;
  std::sort(roc.begin(), roc.end(), [](const RocCorner& a, const RocCorner& b) {
    return std::pair(a.falsePositiveRate, a.truePositiveRate) < std::pair(b.falsePositiveRate, b.truePositiveRate);
  });
  const auto right = std::find_if(
      roc.begin(), roc.end(), [&](const RocCorner& corner) { return corner.falsePositiveRate > falsePositiveRate; });
  if (right == roc.begin()) return roc;
  RocCorner first = *(right - 1);
  if (right != roc.end()) {
    first.truePositiveRate += (right->truePositiveRate - first.truePositiveRate) *
                              (falsePositiveRate - first.falsePositiveRate) /
                              (right->falsePositiveRate - first.falsePositiveRate);
  }
  first.falsePositiveRate = falsePositiveRate;
  roc.erase(roc.begin(), right);
  roc.insert(roc.begin(), first);
  return roc;
}

}  // namespace whorl::ui
