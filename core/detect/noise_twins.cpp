// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/noise_twins.h"

#include <algorithm>

#include <ATen/ops/empty_like.h>

#include "core/base/error.h"
#include "core/base/parameters.h"
#include "core/base/random.h"

namespace whorl {
namespace {

using torch::Tensor;

constexpr double kMostSigma = 1e4;
constexpr int kBisections = 60;

void checkPair(const Tensor& clean, const Tensor& adversarial, const std::vector<std::int64_t>& indices) {
  const bool fits = clean.dim() == 4 && clean.sizes() == adversarial.sizes() &&
                    (indices.empty() || std::ssize(indices) == clean.size(0));
  if (!fits) throw Error(ErrorKind::BadInput, "clean and adversarial images don't match", "noise");
}

std::uint64_t seedOf(std::uint64_t seed, const std::vector<std::int64_t>& indices, std::int64_t row) {
  const std::int64_t index = indices.empty() ? row : indices[static_cast<std::size_t>(row)];
  return mixSeed(mixSeed(seed, "noise twins"), static_cast<std::uint64_t>(index));
}

Tensor standardNormal(const Tensor& like, std::uint64_t seed, const std::vector<std::int64_t>& indices) {
  Tensor noise = at::empty_like(like, like.options().dtype(torch::kFloat32), at::MemoryFormat::Contiguous);
  const std::int64_t count = like.size(0);
  const std::int64_t size = count == 0 ? 0 : like.numel() / count;
  float* values = noise.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < count; ++row) {
    Random random(seedOf(seed, indices, row));
    for (std::int64_t i = 0; i < size; ++i) values[row * size + i] = static_cast<float>(random.normal());
  }
  return noise;
}

double meanL2(const Tensor& a, const Tensor& b) {
  return (a - b).flatten(1).to(torch::kFloat64).square().sum(1).sqrt().mean().item<double>();
}

}  // namespace

GaussianTwins gaussianTwins(const Tensor& clean, const Tensor& adversarial, std::uint64_t seed,
                            const std::vector<std::int64_t>& indices) {
  checkPair(clean, adversarial, indices);
  if (clean.size(0) == 0) return {clean, 0};
  const double wanted = meanL2(clean, adversarial);
  if (!(wanted > 0)) return {clean.clone(), 0};
  const Tensor noise = standardNormal(clean, seed, indices);
  const auto noisy = [&](double sigma) { return (clean + noise * sigma).clamp_(0, 1); };
  double low = 0;
  double high = 0.1;
  while (meanL2(noisy(high), clean) < wanted) {
    low = high;
    high *= 2;
    if (high > kMostSigma) {
      throw Error(ErrorKind::BadInput,
                  "the attack's mean L2 change, " + toText(wanted) + ", is more than noise can have in [0,1]", "noise",
                  "fit the detector to a weaker attack");
    }
  }
  for (int i = 0; i < kBisections && high - low > 1e-9 * high; ++i) {
    const double middle = (low + high) / 2;
    (meanL2(noisy(middle), clean) < wanted ? low : high) = middle;
  }
  return {noisy(high), high};
}

Tensor gaussianTwins(const Tensor& clean, double sigma, std::uint64_t seed, const std::vector<std::int64_t>& indices) {
  checkPair(clean, clean, indices);
  return (clean + standardNormal(clean, seed, indices) * sigma).clamp_(0, 1);
}

Tensor saturatedTwins(const Tensor& clean, const Tensor& adversarial, std::uint64_t seed,
                      const std::vector<std::int64_t>& indices) {
  checkPair(clean, adversarial, indices);
  const Tensor noisy = clean.to(torch::kFloat32).clone(at::MemoryFormat::Contiguous);
  const Tensor changed = (clean != adversarial).flatten(1).sum(1);
  const std::int64_t size = clean.size(0) == 0 ? 0 : clean.numel() / clean.size(0);
  float* values = noisy.mutable_data_ptr<float>();
  for (std::int64_t row = 0; row < clean.size(0); ++row) {
    std::vector<std::int64_t> open;
    for (std::int64_t i = 0; i < size; ++i) {
      if (values[row * size + i] < 1) open.push_back(i);
    }
    Random(seedOf(seed, indices, row)).shuffle(open);
    const auto count = std::min<std::int64_t>(std::ssize(open), changed[row].item<std::int64_t>());
    for (std::int64_t k = 0; k < count; ++k) values[row * size + open[static_cast<std::size_t>(k)]] = 1;
  }
  return noisy;
}

}  // namespace whorl
