// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

namespace whorl {

/// One point of a receiver operating characteristic. Positive = adversarial; rejected when score >= threshold.
struct RocPoint {
  double threshold = 0;
  double falsePositiveRate = 0;  ///< rejected clean images
  double truePositiveRate = 0;   ///< rejected adversarial images
};

/// Exact area by ranks (Mann–Whitney, ties count one half). NaN if either is empty. Error(BadInput) for NaN scores.
double aucExact(const std::vector<double>& negatives, const std::vector<double>& positives);

/// All corners, from (0,0) (threshold infinity) to (1,1), one a distinct score. Empty if either is empty.
/// Error(BadInput) for NaN scores.
std::vector<RocPoint> rocCurve(const std::vector<double>& negatives, const std::vector<double>& positives);

/// The smallest τ such that at most `falsePositiveRate` of the clean scores are >= τ (the smallest score where all may
/// be). It is compared in double: next to a score, it would be lost in float. Error(Usage) outside [0,1] or for no
/// scores; Error(BadInput) for NaN scores.
double thresholdAtFpr(const std::vector<double>& cleanScores, double falsePositiveRate);

/// Share of scores >= threshold; NaN for no scores. Error(BadInput) for NaN scores.
double rejectionRate(const std::vector<double>& scores, double threshold);

}  // namespace whorl
