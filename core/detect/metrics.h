// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace whorl {

// Figures of a detector from its scores, beside the exact area in roc.h. Positive = adversarial; higher score = more
// adversarial; rejected when score >= threshold. All are Error(BadInput) for NaN scores.

struct Interval {
  double low = 0;
  double high = 0;
};

/// Percentile interval of the area by bootstrap, stratified: each draw takes as many clean and as many adversarial
/// images as there are, with replacement. Deterministic in `seed`; a draw costs O(n), the sort is done once. NaN if
/// either is empty. Error(Usage) for a confidence outside (0,1) or no draws.
Interval bootstrapAuc(const std::vector<double>& negatives, const std::vector<double>& positives, std::uint64_t seed,
                      int draws = 1000, double confidence = 0.95);

/// Wilson's score interval of a share (Wilson 1927). [0,1] for no trials. Error(Usage) unless 0 <= successes <= trials.
Interval wilsonInterval(std::int64_t successes, std::int64_t trials, double confidence = 0.95);

/// Share of adversarial images that are rejected at the threshold that rejects at most `falsePositiveRate` of these
/// clean ones (thresholdAtFpr). NaN if either is empty.
double truePositiveRateAt(const std::vector<double>& negatives, const std::vector<double>& positives,
                          double falsePositiveRate);

/// Σ_n (R_n − R_{n−1}) P_n over the distinct scores from above: what scikit-learn's average_precision_score gives, tied
/// scores taken together. NaN if either is empty.
double averagePrecision(const std::vector<double>& negatives, const std::vector<double>& positives);

/// The threshold with the largest ½ (TPR + 1 − FPR): accuracy where clean and adversarial images are equally likely.
struct DetectionAccuracy {
  double accuracy = 0;
  double threshold = 0;  ///< infinity where rejecting nothing is best
};
/// NaN if either is empty. Of equal ones the highest threshold, which rejects least.
DetectionAccuracy bestDetectionAccuracy(const std::vector<double>& negatives, const std::vector<double>& positives);

/// Where the threshold of that false-positive rate lies in the population, whatever the scores' law: order statistics
/// between which the quantile lies with at least this confidence. Infinite where the sample is too small to say.
/// Error(Usage) for no scores, or a rate or confidence outside (0,1).
Interval thresholdInterval(const std::vector<double>& cleanScores, double falsePositiveRate, double confidence = 0.95);

}  // namespace whorl
