// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/detect/metrics.h"

namespace whorl {

// Figures of near-duplicate detection from distances of labelled pairs: a pair is called a duplicate when its distance
// is at most a threshold. All are Error(BadInput) for NaN distances and for sets that don't go together.

/// Distances of labelled pairs, by the image that they begin with.
struct PairDistances {
  std::vector<double> positives;  ///< [Q*P]: image q and its P distorted copies, from q*P on
  std::vector<double> negatives;  ///< [Q*R]: image q and R other images, from q*R on
  std::size_t images = 0;         ///< Q; 0: one copy each, so as many as positives
};

struct PrecisionPoint {
  double threshold = 0;
  double recall = 0;
  double precision = 0;
};

/// Precision and recall at every threshold that is a distance of a pair, by rising recall: one point for each distance
/// at which recall grows.
std::vector<PrecisionPoint> precisionRecall(const PairDistances& pairs);

/// Precision at the smallest threshold whose recall is at least `recall`, 0 < recall <= 1 (else Error(Usage)).
double precisionAtRecall(const PairDistances& pairs, double recall);

/// Σ over the points of (recall − recall before) · precision.
double averagePrecision(const PairDistances& pairs);

/// Share of triplets (q, its copy, another image) with d(q, copy) < d(q, other); equal distances don't count, so a
/// network that maps all to one point scores 0.
double rankingScore(const PairDistances& pairs);

/// The shares 0, 1/steps, …, 1 of `values` lie at or below these: steps + 1 numbers, the inverse of a distribution
/// function (by the nearest rank).
std::vector<double> quantiles(std::vector<double> values, int steps);

/// What a bootstrap asks of one network's distances.
struct PairFigures {
  std::vector<double> precisions;  ///< at each recall asked for
  double averagePrecision = 0;
  double ranking = 0;
};

PairFigures pairFigures(const PairDistances& pairs, const std::vector<double>& recalls);

/// Percentile intervals.
struct PairIntervals {
  std::vector<Interval> precisions;
  Interval averagePrecision;
  Interval ranking;
};

struct PairBootstrap {
  std::vector<PairIntervals> networks;     ///< one a network
  std::vector<PairIntervals> differences;  ///< of each later network to the first one (later − first)
};

/// Draws images with replacement, each with all its pairs, the same ones for every network (`networks` hold distances
/// of the same pairs: Q and R agree). Deterministic in `seed`; a draw costs O(Q·R), the sort is done once. Error(Usage)
/// for a confidence outside (0,1), no draws or no networks. `beforeDraw` is called before each draw, and may throw to
/// stop.
PairBootstrap bootstrapPairs(const std::vector<PairDistances>& networks, const std::vector<double>& recalls,
                             std::uint64_t seed, int draws = 1000, double confidence = 0.95,
                             const std::function<void()>& beforeDraw = {});

}  // namespace whorl
