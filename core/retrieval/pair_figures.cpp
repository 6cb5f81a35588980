// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/retrieval/pair_figures.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

struct Pair {
  double distance = 0;
  std::size_t image = 0;
  bool positive = false;
};

/// A network's pairs by distance, ready to be weighted by how often each image was drawn.
class SortedPairs {
 public:
  explicit SortedPairs(const PairDistances& pairs)
      : m_images(pairs.images > 0 ? pairs.images : pairs.positives.size()), m_positives(pairs.positives.size()) {
    if (m_positives == 0 || pairs.negatives.empty() || m_positives % m_images != 0 ||
        pairs.negatives.size() % m_images != 0) {
      throw Error(ErrorKind::BadInput, "positive and negative pairs don't go together", "pairs",
                  "as many of both for each image, at least one");
    }
    const std::size_t copies = m_positives / m_images;
    const std::size_t others = pairs.negatives.size() / m_images;
    for (std::size_t q = 0; q < m_images; ++q) {
      const auto firstNegative = pairs.negatives.begin() + static_cast<std::ptrdiff_t>(q * others);
      std::vector<double> negatives(firstNegative, firstNegative + static_cast<std::ptrdiff_t>(others));
      for (const double distance : negatives) add(distance, q, false);
      std::sort(negatives.begin(), negatives.end());
      std::ptrdiff_t further = 0;
      for (std::size_t i = q * copies; i < (q + 1) * copies; ++i) {
        add(pairs.positives[i], q, true);
        further += negatives.end() - std::upper_bound(negatives.begin(), negatives.end(), pairs.positives[i]);
      }
      m_ranking.push_back(static_cast<double>(further) / static_cast<double>(copies * others));
    }
    std::sort(m_pairs.begin(), m_pairs.end(), [](const Pair& a, const Pair& b) { return a.distance < b.distance; });
  }

  std::size_t images() const { return m_images; }

  /// Calls visit(threshold, recall, precision) where recall grows, each image counted `weights` times, Q in all.
  template <class Visit>
  void visit(const std::vector<int>& weights, const Visit& visit) const {
    double hits = 0;
    double alarms = 0;
    for (std::size_t i = 0; i < m_pairs.size();) {
      const double distance = m_pairs[i].distance;
      const double before = hits;
      for (; i < m_pairs.size() && m_pairs[i].distance == distance; ++i) {
        (m_pairs[i].positive ? hits : alarms) += weights[m_pairs[i].image];
      }
      if (hits > before) visit(distance, hits / static_cast<double>(m_positives), hits / (hits + alarms));
    }
  }

  PairFigures figures(const std::vector<int>& weights, const std::vector<double>& recalls) const {
    PairFigures figures;
    figures.precisions.assign(recalls.size(), -1);
    double recallBefore = 0;
    visit(weights, [&](double, double recall, double precision) {
      figures.averagePrecision += (recall - recallBefore) * precision;
      recallBefore = recall;
      for (std::size_t i = 0; i < recalls.size(); ++i) {
        // A sum divided by their number: a share such as 0.9 of 10 images must be reached by 9 of them.
        if (figures.precisions[i] < 0 && recall >= recalls[i] - 1e-12) figures.precisions[i] = precision;
      }
    });
    for (std::size_t q = 0; q < m_images; ++q) figures.ranking += weights[q] * m_ranking[q];
    figures.ranking /= static_cast<double>(m_images);
    return figures;
  }

 private:
  void add(double distance, std::size_t image, bool positive) {
    if (std::isnan(distance)) throw Error(ErrorKind::BadInput, "a distance is no number", "pairs");
    m_pairs.push_back({distance, image, positive});
  }

  std::size_t m_images;
  std::size_t m_positives;
  std::vector<Pair> m_pairs;
  std::vector<double> m_ranking;  ///< an image's share of triplets
};

void checkRecalls(const std::vector<double>& recalls) {
  for (const double recall : recalls) {
    if (recall > 0 && recall <= 1) continue;
    throw Error(ErrorKind::Usage, "a recall outside (0,1]", "recall");
  }
}

std::vector<int> once(const SortedPairs& pairs) { return std::vector<int>(pairs.images(), 1); }

Interval percentiles(std::vector<double> values, double confidence) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const auto last = static_cast<double>(values.size() - 1);
    return values[static_cast<std::size_t>(std::lround(share * last))];
  };
  return {at((1 - confidence) / 2), at((1 + confidence) / 2)};
}

PairFigures difference(const PairFigures& a, const PairFigures& b) {
  PairFigures result;
  for (std::size_t i = 0; i < a.precisions.size(); ++i) result.precisions.push_back(a.precisions[i] - b.precisions[i]);
  result.averagePrecision = a.averagePrecision - b.averagePrecision;
  result.ranking = a.ranking - b.ranking;
  return result;
}

PairIntervals intervalsOf(const std::vector<PairFigures>& draws, double confidence) {
  const auto of = [&](const std::function<double(const PairFigures&)>& figure) {
    std::vector<double> values;
    for (const PairFigures& draw : draws) values.push_back(figure(draw));
    return percentiles(std::move(values), confidence);
  };
  PairIntervals intervals;
  for (std::size_t i = 0; i < draws.front().precisions.size(); ++i) {
    intervals.precisions.push_back(of([i](const PairFigures& draw) { return draw.precisions[i]; }));
  }
  intervals.averagePrecision = of([](const PairFigures& draw) { return draw.averagePrecision; });
  intervals.ranking = of([](const PairFigures& draw) { return draw.ranking; });
  return intervals;
}

}  // namespace

std::vector<PrecisionPoint> precisionRecall(const PairDistances& pairs) {
  const SortedPairs sorted(pairs);
  std::vector<PrecisionPoint> points;
  sorted.visit(once(sorted), [&](double threshold, double recall, double precision) {
    points.push_back({threshold, recall, precision});
  });
  return points;
}

double precisionAtRecall(const PairDistances& pairs, double recall) {
  return pairFigures(pairs, {recall}).precisions.front();
}

double averagePrecision(const PairDistances& pairs) { return pairFigures(pairs, {}).averagePrecision; }

double rankingScore(const PairDistances& pairs) { return pairFigures(pairs, {}).ranking; }

std::vector<double> quantiles(std::vector<double> values, int steps) {
  if (values.empty() || steps < 1) throw Error(ErrorKind::Usage, "no values, or no steps", "quantiles");
  std::sort(values.begin(), values.end());
  std::vector<double> result;
  for (int i = 0; i <= steps; ++i) {
    const double rank = std::ceil(static_cast<double>(i) / steps * static_cast<double>(values.size()));
    result.push_back(values[static_cast<std::size_t>(std::max(rank, 1.0)) - 1]);
  }
  return result;
}

PairFigures pairFigures(const PairDistances& pairs, const std::vector<double>& recalls) {
  checkRecalls(recalls);
  const SortedPairs sorted(pairs);
  return sorted.figures(once(sorted), recalls);
}

PairBootstrap bootstrapPairs(const std::vector<PairDistances>& networks, const std::vector<double>& recalls,
                             std::uint64_t seed, int draws, double confidence,
                             const std::function<void()>& beforeDraw) {
  checkRecalls(recalls);
  if (draws < 1 || !(confidence > 0 && confidence < 1) || networks.empty()) {
    throw Error(ErrorKind::Usage, "a bootstrap needs networks, draws and a confidence between 0 and 1", "bootstrap");
  }
  std::vector<SortedPairs> sorted;
  for (const PairDistances& each : networks) {
    if (each.images != networks.front().images || each.positives.size() != networks.front().positives.size() ||
        each.negatives.size() != networks.front().negatives.size()) {
      throw Error(ErrorKind::BadInput, "networks were measured on different pairs", "bootstrap");
    }
    sorted.emplace_back(each);
  }
  const std::size_t images = sorted.front().images();
  std::vector<std::vector<PairFigures>> drawn(networks.size());
  std::vector<std::vector<PairFigures>> differences(networks.size() - 1);
  for (int draw = 0; draw < draws; ++draw) {
    if (beforeDraw) beforeDraw();
    Random random(mixSeed(seed, static_cast<std::uint64_t>(draw)));
    std::vector<int> weights(images);
    for (std::size_t i = 0; i < images; ++i) ++weights[random.below(images)];
    for (std::size_t n = 0; n < sorted.size(); ++n) {
      drawn[n].push_back(sorted[n].figures(weights, recalls));
      if (n > 0) differences[n - 1].push_back(difference(drawn[n].back(), drawn[0].back()));
    }
  }
  PairBootstrap result;
  for (const auto& each : drawn) result.networks.push_back(intervalsOf(each, confidence));
  for (const auto& each : differences) result.differences.push_back(intervalsOf(each, confidence));
  return result;
}

}  // namespace whorl
