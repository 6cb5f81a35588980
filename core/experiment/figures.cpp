// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/figures.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/detect/metrics.h"
#include "core/detect/roc.h"

namespace whorl {
namespace {

constexpr std::size_t kMostCorners = 400;
constexpr std::size_t kMostScores = 2000;
const double kNone = std::numeric_limits<double>::quiet_NaN();

/// Evenly, the first and the last among them.
template <class T>
std::vector<T> evenly(const std::vector<T>& values, std::size_t most) {
  if (values.size() <= most) return values;
  std::vector<T> kept;
  for (std::size_t i = 0; i < most; ++i) kept.push_back(values[i * (values.size() - 1) / (most - 1)]);
  return kept;
}

std::vector<double> chosen(const std::vector<double>& values, const std::vector<bool>& keep) {
  std::vector<double> kept;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (keep[i]) kept.push_back(values[i]);
  }
  return kept;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? kNone : sum / static_cast<double>(values.size());
}

Figure share(std::int64_t part, std::int64_t all) {
  const Interval interval = wilsonInterval(part, all);
  return {all > 0 ? static_cast<double>(part) / static_cast<double>(all) : kNone, interval.low, interval.high};
}

Figure area(const std::vector<double>& clean, const std::vector<double>& adversarial, std::uint64_t seed) {
  const Interval interval = bootstrapAuc(clean, adversarial, seed);
  return {aucExact(clean, adversarial), interval.low, interval.high};
}

std::int64_t countBelow(const std::vector<double>& scores, double threshold) {
  return std::count_if(scores.begin(), scores.end(), [&](double score) { return score < threshold; });
}

void addDetection(CellFigures& figures, const ScoredSet& scores, std::uint64_t seed) {
  const auto successful = chosen(scores.adversarial, scores.success);
  // Noisy twins are negatives of the areas, behind the clean ones. A rate of false positives is said of clean images:
  // rows with noisy negatives and rows without then let the same images pass.
  const auto count = std::min(scores.clean.size(), scores.success.size());
  const std::vector<double> clean(scores.clean.begin(), scores.clean.begin() + static_cast<std::ptrdiff_t>(count));
  figures.aucAll = area(scores.clean, scores.adversarial, seed);
  figures.aucSuccessful = area(scores.clean, successful, seed);
  figures.averagePrecision = averagePrecision(scores.clean, successful);
  figures.detectionAccuracy = bestDetectionAccuracy(scores.clean, successful).accuracy;
  for (const double rate : kFigureRates) {
    const double threshold = thresholdAtFpr(clean, rate);
    const std::int64_t passed = countBelow(successful, threshold);
    figures.truePositiveRate.push_back(share(std::ssize(successful) - passed, std::ssize(successful)));
    figures.evasionRate.push_back(share(passed, figures.attacked));
    if (rate == 0.05) {
      figures.combinedAccuracy =
          share(countBelow(chosen(scores.adversarial, scores.right), threshold), figures.attacked);
    }
  }
  std::vector<RocCorner> curve;
  for (const RocPoint& point : rocCurve(scores.clean, successful)) {
    curve.push_back({point.threshold, point.falsePositiveRate, point.truePositiveRate});
  }
  figures.roc = thinned(curve, kMostCorners);
  figures.cleanScores = evenly(scores.clean, kMostScores);
  figures.adversarialScores = evenly(successful, kMostScores);
}

}  // namespace

std::vector<RocCorner> thinned(const std::vector<RocCorner>& curve, std::size_t most) {
  std::vector<RocCorner> bends;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    const bool end = i == 0 || i + 1 == curve.size();
    // Steps go right or up; a corner is where that changes.
    const bool straight = !end && ((curve[i - 1].falsePositiveRate == curve[i].falsePositiveRate &&
                                    curve[i].falsePositiveRate == curve[i + 1].falsePositiveRate) ||
                                   (curve[i - 1].truePositiveRate == curve[i].truePositiveRate &&
                                    curve[i].truePositiveRate == curve[i + 1].truePositiveRate));
    if (!straight) bends.push_back(curve[i]);
  }
  return evenly(bends, most);
}

CellFigures figuresOf(const ScoredSet& scores, std::uint64_t seed) {
  CellFigures figures;
  figures.attacked = std::ssize(scores.success);
  figures.successes = std::count(scores.success.begin(), scores.success.end(), true);
  figures.successRate = share(figures.successes, figures.attacked);
  figures.meanL2 = mean(chosen(scores.l2, scores.success));
  figures.meanLinf = mean(chosen(scores.linf, scores.success));
  figures.aucAll = figures.aucSuccessful = {kNone, kNone, kNone};
  figures.averagePrecision = figures.detectionAccuracy = kNone;
  if (!scores.clean.empty()) {
    addDetection(figures, scores, seed);
  } else {
    figures.combinedAccuracy = share(std::count(scores.right.begin(), scores.right.end(), true), figures.attacked);
  }
  return figures;
}

}  // namespace whorl
