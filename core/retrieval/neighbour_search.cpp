// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/retrieval/neighbour_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>

#include "core/base/error.h"
#include "core/nn/batch_workers.h"

namespace whorl {
namespace {

using torch::Tensor;

constexpr std::int64_t kBlockRows = 1024;  ///< of 256 numbers: 1 MB, which stays in the cache
constexpr std::int64_t kBlocksWorthAThread = 8;
constexpr std::int64_t kQueriesAtOnce = 64;  ///< products of a block: 256 kB
constexpr std::size_t kSlack = 64;           ///< rows that a query keeps beyond `top` before it sorts out
constexpr double kUnit = 0x1p-24;            ///< rounding of float32
constexpr double kLargestSquare = 1e37;

/// Rows that may be among the `top` nearest of one query, by distances that are off by at most `bound`.
class Candidates {
 public:
  Candidates(std::size_t top, double bound) : m_top(top), m_bound(bound), m_room(2 * top + kSlack) {}

  void offer(const float* distances, std::int64_t count, std::int64_t firstRow) {
    for (std::int64_t i = 0; i < count; ++i) {
      if (distances[i] > m_limit) continue;
      m_kept.push_back({distances[i], firstRow + i});
      if (m_kept.size() >= m_room) sortOut();
    }
  }

  void take(const Candidates& other) {
    m_kept.insert(m_kept.end(), other.m_kept.begin(), other.m_kept.end());
    sortOut();
  }

  std::vector<std::int64_t> rows() const {
    std::vector<std::int64_t> rows;
    for (const Kept& each : m_kept) rows.push_back(each.row);
    std::sort(rows.begin(), rows.end());
    return rows;
  }

 private:
  struct Kept {
    float distance;
    std::int64_t row;
  };

  /// Whatever is further than the top-th by more than twice the bound can't be among them.
  void sortOut() {
    if (m_kept.size() <= m_top) return;
    const auto nth = m_kept.begin() + static_cast<std::ptrdiff_t>(m_top - 1);
    std::nth_element(m_kept.begin(), nth, m_kept.end(),
                     [](const Kept& a, const Kept& b) { return a.distance < b.distance; });
    m_limit = static_cast<float>(nth->distance + 2 * m_bound);
    m_limit = std::nextafter(m_limit, std::numeric_limits<float>::infinity());
    std::erase_if(m_kept, [this](const Kept& each) { return each.distance > m_limit; });
    m_room = std::max(m_room, 2 * m_kept.size());  // many rows at one distance
  }

  std::size_t m_top;
  double m_bound;
  std::size_t m_room;
  float m_limit = std::numeric_limits<float>::infinity();
  std::vector<Kept> m_kept;
};

/// Of term(0) … term(count − 1), in several sums side by side: one alone waits for each addition before the next.
template <class Term>
double sumOf(std::int64_t count, const Term& term) {
  constexpr std::int64_t kSums = 8;
  std::array<double, kSums> sums{};
  std::int64_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (std::int64_t k = 0; k < kSums; ++k) sums[static_cast<std::size_t>(k)] += term(i + k);
  }
  for (; i < count; ++i) sums[0] += term(i);
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

double squaredLength(const float* row, std::int64_t dimension) {
  return sumOf(dimension, [row](std::int64_t d) { return double{row[d]} * row[d]; });
}

double distanceOf(const float* a, const float* b, std::int64_t dimension, FeatureDistance distance) {
  if (distance == FeatureDistance::SquaredL2) {
    return sumOf(dimension, [a, b](std::int64_t d) {
      const double difference = double{a[d]} - b[d];
      return difference * difference;
    });
  }
  const double sum = sumOf(dimension, [a, b](std::int64_t d) { return double{a[d]} * b[d]; });
  const double lengths = std::sqrt(squaredLength(a, dimension)) * std::sqrt(squaredLength(b, dimension));
  return lengths > 0 ? std::max(0.0, 1 - sum / lengths) : 1;
}

}  // namespace

const std::vector<std::string>& featureDistanceNames() {
  static const std::vector<std::string> names{"l2", "cosine"};
  return names;
}

FeatureDistance parseFeatureDistance(const std::string& name) {
  if (name == "l2") return FeatureDistance::SquaredL2;
  if (name == "cosine") return FeatureDistance::Cosine;
  throw Error(ErrorKind::Usage, "there is no distance \"" + name + "\"", "measure", "one of l2, cosine");
}

Tensor rowDistances(const Tensor& a, const Tensor& b, FeatureDistance distance) {
  const Tensor x = a.to(torch::kCPU, torch::kFloat32).contiguous();
  const Tensor y = b.to(torch::kCPU, torch::kFloat32).contiguous();
  Tensor result = at::empty({x.size(0)}, torch::kFloat64);
  const std::int64_t dimension = x.size(1);
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    result.mutable_data_ptr<double>()[i] = distanceOf(x.const_data_ptr<float>() + i * dimension,
                                                      y.const_data_ptr<float>() + i * dimension, dimension, distance);
  }
  return result;
}

NeighbourSearch::NeighbourSearch(const Tensor& rows) : m_rows(rows.contiguous()) {
  const std::int64_t dimension = m_rows.size(1);
  const auto* data = m_rows.const_data_ptr<float>();
  m_squared.resize(static_cast<std::size_t>(count()));
  m_inverse.resize(m_squared.size());
  for (std::int64_t i = 0; i < count(); ++i) {
    const double squared = squaredLength(data + i * dimension, dimension);
    if (!(squared <= kLargestSquare)) {
      throw Error(ErrorKind::BadInput, "features are NaN, infinite or too large", "row " + std::to_string(i),
                  "take another layer, or normalise them");
    }
    m_squared[static_cast<std::size_t>(i)] = static_cast<float>(squared);
    m_inverse[static_cast<std::size_t>(i)] = squared > 0 ? static_cast<float>(1 / std::sqrt(squared)) : 0;
    m_longestSquared = std::max(m_longestSquared, squared);
  }
}

namespace {

/// One batch of queries against the rows.
class Pass {
 public:
  Pass(const Tensor& rows, const std::vector<float>& squared, const std::vector<float>& inverse, double longestSquared,
       Tensor queries, std::size_t top, FeatureDistance distance)
      : m_rows(rows), m_squared(squared), m_inverse(inverse), m_queries(std::move(queries)), m_distance(distance) {
    const std::int64_t dimension = m_rows.size(1);
    // Any order of summing D products is off by at most D·u of Σ|a||b|, which is at most ‖a‖‖b‖; a few more roundings
    // of what follows are covered by the 8.
    const double share = static_cast<double>(dimension + 8) * kUnit * 2;
    for (std::int64_t q = 0; q < m_queries.size(0); ++q) {
      const double length = std::sqrt(squaredLength(m_queries.const_data_ptr<float>() + q * dimension, dimension));
      const bool cosine = distance == FeatureDistance::Cosine;
      m_scales.push_back(!cosine ? -2.0F : length > 0 ? static_cast<float>(-1 / length) : 0.0F);
      const double bound = cosine ? share : share * (length * std::sqrt(longestSquared) + longestSquared);
      m_candidates.emplace_back(top, bound);
    }
  }

  void run() {
    const std::int64_t blocks = (m_rows.size(0) + kBlockRows - 1) / kBlockRows;
    const std::int64_t parts =
        std::clamp<std::int64_t>(blocks / kBlocksWorthAThread, 1, std::max(1, at::get_num_threads()));
    const std::vector<Candidates> empty = m_candidates;
    // Workers rather than threads inside an operator, which collapse on a busy machine.
    BatchWorkers<std::vector<Candidates>> workers(parts, static_cast<int>(parts), 1);
    workers.run(
        [&](std::int64_t part) {
          const torch::NoGradGuard noGradients;
          std::vector<Candidates> found = empty;
          for (std::int64_t block = part * blocks / parts; block < (part + 1) * blocks / parts; ++block) {
            scan(block, found);
          }
          return found;
        },
        [&](std::int64_t, std::vector<Candidates>&& found) {
          for (std::size_t q = 0; q < found.size(); ++q) m_candidates[q].take(found[q]);
        });
  }

  std::vector<Neighbour> nearest(std::int64_t query, std::size_t top) const {
    const std::int64_t dimension = m_rows.size(1);
    std::vector<Neighbour> neighbours;
    for (const std::int64_t row : m_candidates[static_cast<std::size_t>(query)].rows()) {
      neighbours.push_back({row, distanceOf(m_queries.const_data_ptr<float>() + query * dimension,
                                            m_rows.const_data_ptr<float>() + row * dimension, dimension, m_distance)});
    }
    std::stable_sort(neighbours.begin(), neighbours.end(),
                     [](const Neighbour& a, const Neighbour& b) { return a.distance < b.distance; });
    neighbours.resize(std::min(neighbours.size(), top));
    return neighbours;
  }

 private:
  /// Distances of a block's rows up to what is the same for all rows of a query: ‖row‖² − 2⟨q,row⟩, or the cosine's.
  void scan(std::int64_t block, std::vector<Candidates>& found) const {
    const std::int64_t first = block * kBlockRows;
    const std::int64_t count = std::min(kBlockRows, m_rows.size(0) - first);
    Tensor products = at::mm(m_queries, m_rows.narrow(0, first, count).t());
    auto* values = products.mutable_data_ptr<float>();
    for (std::size_t q = 0; q < found.size(); ++q, values += count) {
      const float scale = m_scales[q];
      if (m_distance == FeatureDistance::Cosine) {
        const float* inverse = m_inverse.data() + first;
        for (std::int64_t i = 0; i < count; ++i) values[i] *= scale * inverse[i];
      } else {
        const float* squared = m_squared.data() + first;
        for (std::int64_t i = 0; i < count; ++i) values[i] = squared[i] + scale * values[i];
      }
      found[q].offer(values, count, first);
    }
  }

  const Tensor& m_rows;
  const std::vector<float>& m_squared;
  const std::vector<float>& m_inverse;
  Tensor m_queries;
  FeatureDistance m_distance;
  std::vector<float> m_scales;
  std::vector<Candidates> m_candidates;
};

}  // namespace

std::vector<std::vector<Neighbour>> NeighbourSearch::nearest(const Tensor& queries, std::int64_t top,
                                                             FeatureDistance distance) const {
  if (top < 1) throw Error(ErrorKind::Usage, "no neighbour is asked for", "top", "give 1 or more");
  if (queries.dim() != 2 || queries.size(1) != dimension()) {
    throw Error(ErrorKind::Usage, "queries of another size than the rows' " + std::to_string(dimension()), "queries");
  }
  std::vector<std::vector<Neighbour>> all;
  const Tensor contiguous = queries.to(torch::kFloat32).contiguous();
  const auto wanted = static_cast<std::size_t>(std::min(top, std::max<std::int64_t>(count(), 1)));
  for (std::int64_t first = 0; first < contiguous.size(0); first += kQueriesAtOnce) {
    const std::int64_t size = std::min(kQueriesAtOnce, contiguous.size(0) - first);
    Pass pass(m_rows, m_squared, m_inverse, m_longestSquared, contiguous.narrow(0, first, size), wanted, distance);
    pass.run();
    for (std::int64_t q = 0; q < size; ++q) all.push_back(pass.nearest(q, wanted));
  }
  return all;
}

}  // namespace whorl
