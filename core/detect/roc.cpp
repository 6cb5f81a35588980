// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/roc.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

#include "core/base/error.h"
#include "core/base/parameters.h"

namespace whorl {
namespace {

std::vector<double> sorted(std::vector<double> scores) {
  for (const double score : scores) {
    if (std::isnan(score)) {
      throw Error(ErrorKind::BadInput, "a detector score is NaN", "roc", "the network's output isn't finite there");
    }
  }
  std::sort(scores.begin(), scores.end());
  return scores;
}

/// How many of the ascending scores are >= threshold.
std::size_t countAtLeast(const std::vector<double>& ascending, double threshold) {
  return static_cast<std::size_t>(ascending.end() - std::lower_bound(ascending.begin(), ascending.end(), threshold));
}

}  // namespace

double aucExact(const std::vector<double>& negatives, const std::vector<double>& positives) {
  const std::vector<double> clean = sorted(negatives);
  const std::vector<double> adversarial = sorted(positives);
  if (clean.empty() || adversarial.empty()) return std::numeric_limits<double>::quiet_NaN();
  // Twice the number of pairs won, so that ties stay whole numbers.
  std::uint64_t won = 0;
  for (const double score : adversarial) {
    const auto [first, last] = std::equal_range(clean.begin(), clean.end(), score);
    won += 2 * static_cast<std::uint64_t>(first - clean.begin()) + static_cast<std::uint64_t>(last - first);
  }
  return static_cast<double>(won) / (2.0 * static_cast<double>(clean.size()) * static_cast<double>(adversarial.size()));
}

std::vector<RocPoint> rocCurve(const std::vector<double>& negatives, const std::vector<double>& positives) {
  const std::vector<double> clean = sorted(negatives);
  const std::vector<double> adversarial = sorted(positives);
  if (clean.empty() || adversarial.empty()) return {};
  std::vector<double> thresholds = clean;
  thresholds.insert(thresholds.end(), adversarial.begin(), adversarial.end());
  std::sort(thresholds.begin(), thresholds.end(), std::greater<>());
  thresholds.erase(std::unique(thresholds.begin(), thresholds.end()), thresholds.end());
  std::vector<RocPoint> curve = {{std::numeric_limits<double>::infinity(), 0, 0}};
  for (const double threshold : thresholds) {
    curve.push_back(
        {threshold, static_cast<double>(countAtLeast(clean, threshold)) / static_cast<double>(clean.size()),
         static_cast<double>(countAtLeast(adversarial, threshold)) / static_cast<double>(adversarial.size())});
  }
  return curve;
}

double thresholdAtFpr(const std::vector<double>& cleanScores, double falsePositiveRate) {
  if (!(falsePositiveRate >= 0 && falsePositiveRate <= 1)) {
    throw Error(ErrorKind::Usage, "a false-positive rate lies in 0 to 1, not " + toText(falsePositiveRate),
                "threshold");
  }
  if (cleanScores.empty()) {
    throw Error(ErrorKind::Usage, "a threshold needs scores of clean images, and there are none", "threshold");
  }
  const std::vector<double> clean = sorted(cleanScores);
  // 0.29 · 100 is a little less than 29 in binary.
  const auto allowed = static_cast<std::size_t>(falsePositiveRate * static_cast<double>(clean.size()) + 1e-9);
  if (allowed >= clean.size()) return clean.front();
  const double firstAccepted = clean[clean.size() - 1 - allowed];
  return std::nextafter(firstAccepted, std::numeric_limits<double>::infinity());
}

double rejectionRate(const std::vector<double>& scores, double threshold) {
  if (scores.empty()) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(countAtLeast(sorted(scores), threshold)) / static_cast<double>(scores.size());
}

}  // namespace whorl
