// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "core/base/error.h"
#include "core/base/parameters.h"
#include "core/base/random.h"
#include "core/detect/roc.h"

namespace whorl {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void checkScores(const std::vector<double>& scores) {
  if (std::any_of(scores.begin(), scores.end(), [](double score) { return std::isnan(score); })) {
    throw Error(ErrorKind::BadInput, "a detector score is NaN", "metrics", "the network's output isn't finite there");
  }
}

void checkShare(double value, const char* what) {
  if (value > 0 && value < 1) return;
  throw Error(ErrorKind::Usage, std::string("a ") + what + " lies between 0 and 1, not " + toText(value), "metrics");
}

/// How many clean and adversarial images have each distinct score, from the highest.
struct Tally {
  std::vector<double> scores;
  std::vector<std::int64_t> negatives;
  std::vector<std::int64_t> positives;
};

Tally tallied(const std::vector<double>& negatives, const std::vector<double>& positives) {
  checkScores(negatives);
  checkScores(positives);
  Tally tally;
  tally.scores = negatives;
  tally.scores.insert(tally.scores.end(), positives.begin(), positives.end());
  std::sort(tally.scores.begin(), tally.scores.end(), std::greater<>());
  tally.scores.erase(std::unique(tally.scores.begin(), tally.scores.end()), tally.scores.end());
  const auto counted = [&](const std::vector<double>& values) {
    std::vector<std::int64_t> counts(tally.scores.size());
    for (const double value : values) {
      const auto at = std::lower_bound(tally.scores.begin(), tally.scores.end(), value, std::greater<>());
      ++counts[static_cast<std::size_t>(at - tally.scores.begin())];
    }
    return counts;
  };
  tally.negatives = counted(negatives);
  tally.positives = counted(positives);
  return tally;
}

/// Place in the tally of each image.
std::vector<std::uint32_t> places(const std::vector<std::int64_t>& counts) {
  std::vector<std::uint32_t> all;
  for (std::size_t i = 0; i < counts.size(); ++i) all.insert(all.end(), static_cast<std::size_t>(counts[i]), i);
  return all;
}

void drawInto(std::vector<std::int64_t>& counts, const std::vector<std::uint32_t>& places, Random& random) {
  std::fill(counts.begin(), counts.end(), 0);
  for (std::size_t i = 0; i < places.size(); ++i) ++counts[places[random.below(places.size())]];
}

/// From the highest score down: a clean image loses to all adversarial ones above it, and ties count one half.
double areaOf(const std::vector<std::int64_t>& negatives, const std::vector<std::int64_t>& positives) {
  double won = 0;
  double above = 0;
  double cleanCount = 0;
  for (std::size_t i = 0; i < negatives.size(); ++i) {
    won += static_cast<double>(negatives[i]) * (above + static_cast<double>(positives[i]) / 2);
    above += static_cast<double>(positives[i]);
    cleanCount += static_cast<double>(negatives[i]);
  }
  return won / (cleanCount * above);
}

/// The value that share `p` of an ascending sample lies below, interpolated.
double quantile(const std::vector<double>& ascending, double p) {
  const double place = p * static_cast<double>(ascending.size() - 1);
  const auto low = static_cast<std::size_t>(place);
  const std::size_t high = std::min(low + 1, ascending.size() - 1);
  return ascending[low] + (place - static_cast<double>(low)) * (ascending[high] - ascending[low]);
}

/// z with P(|Z| < z) = confidence.
double normalDeviate(double confidence) {
  double low = 0;
  double high = 40;
  for (int i = 0; i < 200; ++i) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::sqrt(2.0)) > 1 - confidence ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// P(B <= k) for k = 0 … n of a binomial B(n, p).
std::vector<double> binomialSums(std::int64_t n, double p) {
  std::vector<double> sums;
  double sum = 0;
  const double all = std::lgamma(static_cast<double>(n) + 1);
  for (std::int64_t k = 0; k <= n; ++k) {
    const auto successes = static_cast<double>(k);
    const auto failures = static_cast<double>(n - k);
    sum += std::exp(all - std::lgamma(successes + 1) - std::lgamma(failures + 1) + successes * std::log(p) +
                    failures * std::log1p(-p));
    sums.push_back(sum);
  }
  return sums;
}

}  // namespace

Interval bootstrapAuc(const std::vector<double>& negatives, const std::vector<double>& positives, std::uint64_t seed,
                      int draws, double confidence) {
  checkShare(confidence, "confidence");
  if (draws < 1) throw Error(ErrorKind::Usage, "a bootstrap needs at least one draw", "metrics");
  const Tally tally = tallied(negatives, positives);
  if (negatives.empty() || positives.empty()) return {kNaN, kNaN};
  const auto clean = places(tally.negatives);
  const auto adversarial = places(tally.positives);
  std::vector<std::int64_t> drawnClean(tally.scores.size());
  std::vector<std::int64_t> drawnAdversarial(tally.scores.size());
  Random random(mixSeed(seed, "bootstrap"));
  std::vector<double> areas;
  for (int draw = 0; draw < draws; ++draw) {
    drawInto(drawnClean, clean, random);
    drawInto(drawnAdversarial, adversarial, random);
    areas.push_back(areaOf(drawnClean, drawnAdversarial));
  }
  std::sort(areas.begin(), areas.end());
  return {quantile(areas, (1 - confidence) / 2), quantile(areas, (1 + confidence) / 2)};
}

Interval wilsonInterval(std::int64_t successes, std::int64_t trials, double confidence) {
  checkShare(confidence, "confidence");
  if (successes < 0 || trials < successes) {
    throw Error(ErrorKind::Usage, std::to_string(successes) + " successes of " + std::to_string(trials), "metrics");
  }
  if (trials == 0) return {0, 1};
  const double z = normalDeviate(confidence);
  const auto n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n;
  const double scale = 1 + z * z / n;
  const double centre = (share + z * z / (2 * n)) / scale;
  const double half = z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale;
  // At the ends the two terms are equal; rounding must not leave them.
  return {successes == 0 ? 0 : centre - half, successes == trials ? 1 : centre + half};
}

double truePositiveRateAt(const std::vector<double>& negatives, const std::vector<double>& positives,
                          double falsePositiveRate) {
  if (negatives.empty() || positives.empty()) return kNaN;
  return rejectionRate(positives, thresholdAtFpr(negatives, falsePositiveRate));
}

double averagePrecision(const std::vector<double>& negatives, const std::vector<double>& positives) {
  const Tally tally = tallied(negatives, positives);
  if (negatives.empty() || positives.empty()) return kNaN;
  double sum = 0;
  std::int64_t found = 0;
  std::int64_t rejected = 0;
  for (std::size_t i = 0; i < tally.scores.size(); ++i) {
    found += tally.positives[i];
    rejected += tally.positives[i] + tally.negatives[i];
    sum += static_cast<double>(tally.positives[i]) * static_cast<double>(found) / static_cast<double>(rejected);
  }
  return sum / static_cast<double>(positives.size());
}

DetectionAccuracy bestDetectionAccuracy(const std::vector<double>& negatives, const std::vector<double>& positives) {
  const Tally tally = tallied(negatives, positives);
  if (negatives.empty() || positives.empty()) return {kNaN, kNaN};
  DetectionAccuracy best{0.5, kInfinity};
  std::int64_t cleanRejected = 0;
  std::int64_t found = 0;
  for (std::size_t i = 0; i < tally.scores.size(); ++i) {
    cleanRejected += tally.negatives[i];
    found += tally.positives[i];
    const double accuracy = (1 + static_cast<double>(found) / static_cast<double>(positives.size()) -
                             static_cast<double>(cleanRejected) / static_cast<double>(negatives.size())) /
                            2;
    if (accuracy > best.accuracy) best = {accuracy, tally.scores[i]};
  }
  return best;
}

Interval thresholdInterval(const std::vector<double>& cleanScores, double falsePositiveRate, double confidence) {
  checkShare(falsePositiveRate, "false-positive rate");
  checkShare(confidence, "confidence");
  checkScores(cleanScores);
  if (cleanScores.empty()) {
    throw Error(ErrorKind::Usage, "a threshold needs scores of clean images, and there are none", "metrics");
  }
  std::vector<double> ascending = cleanScores;
  std::sort(ascending.begin(), ascending.end());
  // The number of scores below the quantile is binomial; the l-th smallest lies above the quantile when fewer than l
  // do, the u-th smallest below it when u or more do.
  const auto below = binomialSums(std::ssize(ascending), 1 - falsePositiveRate);
  const double tail = (1 - confidence) / 2;
  std::size_t l = 0;
  while (l < ascending.size() && below[l] <= tail) ++l;
  std::size_t u = ascending.size() + 1;
  while (u > 1 && 1 - below[u - 2] <= tail) --u;
  return {l == 0 ? -kInfinity : ascending[l - 1], u > ascending.size() ? kInfinity : ascending[u - 1]};
}

}  // namespace whorl
