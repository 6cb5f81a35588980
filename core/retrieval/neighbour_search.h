// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

namespace whorl {

/// How far two rows are from each other.
enum class FeatureDistance {
  SquaredL2,  ///< ‖a − b‖²
  Cosine,     ///< 1 − ⟨a,b⟩ / (‖a‖ ‖b‖); 1 where one of them is 0
};

/// "l2", "cosine"
const std::vector<std::string>& featureDistanceNames();
/// Error(Usage) that lists them.
FeatureDistance parseFeatureDistance(const std::string& name);

/// The distance of rows a_i and b_i [B,D], in double from their differences: [B] float64.
torch::Tensor rowDistances(const torch::Tensor& a, const torch::Tensor& b, FeatureDistance distance);

struct Neighbour {
  std::int64_t row = 0;
  double distance = 0;

  bool operator==(const Neighbour&) const = default;
};

/// Exact nearest rows by matrix products, block by block. Immutable; any thread.
///
/// Products in float32 decide only which rows may be among the nearest: all within twice their bound of rounding. Those
/// few are measured again in double, so the answer is that of a loop over all rows in double, in its order; of equal
/// distances the earlier row comes first.
class NeighbourSearch {
 public:
  /// rows [N,D] float32 on the host, kept as they are (not copied if contiguous). Error(BadInput) for NaN, infinity, or
  /// numbers so large that float32 can't hold their squares' sum.
  explicit NeighbourSearch(const torch::Tensor& rows);

  std::int64_t count() const { return m_rows.size(0); }
  std::int64_t dimension() const { return m_rows.size(1); }
  const torch::Tensor& rows() const { return m_rows; }

  /// The `top` nearest rows (fewer if there are no more) of each of queries [Q,D] float32, nearest first. Spread over
  /// the calling thread's intra-operator threads; memory: some MB, and one number a near row. Error(Usage) for another
  /// D or top < 1.
  std::vector<std::vector<Neighbour>> nearest(const torch::Tensor& queries, std::int64_t top,
                                              FeatureDistance distance) const;

 private:
  torch::Tensor m_rows;          ///< [N,D] float32
  std::vector<float> m_squared;  ///< ‖row‖²
  std::vector<float> m_inverse;  ///< 1 / ‖row‖, 0 for a row of zeros
  double m_longestSquared = 0;   ///< of ‖row‖²
};

}  // namespace whorl
