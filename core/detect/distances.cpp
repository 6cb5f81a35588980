// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/distances.h"

#include <algorithm>
#include <cstdint>

#include <ATen/ops/zeros.h>

namespace whorl {
namespace {

constexpr std::int64_t kElements = 1 << 18;  ///< doubles in a block: 2 MB, which stay in the cache
/// ‖a‖² + ‖b‖² − 2⟨a,b⟩ is off by some 1e-15 of ‖a‖² + ‖b‖²; below this share of it fewer than nine digits are left.
constexpr double kClose = 1e-6;

/// Σ (a_i − b_j)² of chosen pairs, [M].
torch::Tensor pairDistances(const torch::Tensor& a, const torch::Tensor& b) {
  torch::Tensor sum = at::zeros({a.size(0)}, a.options().dtype(torch::kFloat64));
  const std::int64_t width = std::max<std::int64_t>(1, kElements / std::max<std::int64_t>(1, a.size(0)));
  for (std::int64_t first = 0; first < a.size(1); first += width) {
    const std::int64_t count = std::min(width, a.size(1) - first);
    const torch::Tensor difference =
        a.narrow(1, first, count).to(torch::kFloat64) - b.narrow(1, first, count).to(torch::kFloat64);
    sum += difference.square().sum(1);
  }
  return sum;
}

}  // namespace

torch::Tensor squaredDistances(const torch::Tensor& a, const torch::Tensor& b) {
  const torch::Tensor x = a.flatten(1);
  const torch::Tensor y = b.flatten(1);
  const auto options = x.options().dtype(torch::kFloat64);
  torch::Tensor xNorms = at::zeros({x.size(0), 1}, options);
  torch::Tensor yNorms = at::zeros({1, y.size(0)}, options);
  torch::Tensor products = at::zeros({x.size(0), y.size(0)}, options);
  const std::int64_t width = std::max<std::int64_t>(1, kElements / std::max<std::int64_t>(1, x.size(0) + y.size(0)));
  for (std::int64_t first = 0; first < x.size(1); first += width) {
    const std::int64_t count = std::min(width, x.size(1) - first);
    const torch::Tensor yBlock = y.narrow(1, first, count).to(torch::kFloat64);
    const torch::Tensor centre = yBlock.mean(0);
    const torch::Tensor yCentred = yBlock - centre;
    const torch::Tensor xCentred = x.narrow(1, first, count).to(torch::kFloat64) - centre;
    xNorms += xCentred.square().sum(1).unsqueeze(1);
    yNorms += yCentred.square().sum(1).unsqueeze(0);
    products.addmm_(xCentred, yCentred.t());
  }
  const torch::Tensor norms = xNorms + yNorms;
  torch::Tensor distances = (norms - 2 * products).clamp_min_(0);
  const torch::Tensor close = (distances <= kClose * norms).nonzero();
  constexpr std::int64_t kPairs = 4096;
  for (std::int64_t first = 0; first < close.size(0); first += kPairs) {
    const torch::Tensor pairs = close.narrow(0, first, std::min(kPairs, close.size(0) - first));
    const torch::Tensor rows = pairs.select(1, 0);
    const torch::Tensor columns = pairs.select(1, 1);
    distances.index_put_({rows, columns}, pairDistances(x.index_select(0, rows), y.index_select(0, columns)));
  }
  return distances;
}

}  // namespace whorl
