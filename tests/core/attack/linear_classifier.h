// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/base/random.h"
#include "core/nn/classifier.h"

namespace whorl::test {

/// h(x) = W x + b in double, whose gradients, margins and minimal distances are known in closed form. Rows are summed
/// one by one, so that an image's logits don't depend on the batch that it is in. Counts the images that pass.
class LinearClassifier : public Classifier {
 public:
  /// weight [K,C·H·W], bias [K].
  LinearClassifier(torch::Tensor weight, torch::Tensor bias, ImageShape shape)
      : m_weight(weight.to(torch::kFloat64)), m_bias(bias.to(torch::kFloat64)), m_shape(shape) {}

  /// Weights uniform in ±1 from a seed.
  static LinearClassifier random(const ImageShape& shape, int classes, std::uint64_t seed) {
    Random random(seed);
    torch::Tensor weight = torch::empty({classes, shape.size()}, torch::kFloat64);
    for (std::int64_t k = 0; k < weight.numel(); ++k) weight.data_ptr<double>()[k] = random.uniform(-1, 1);
    return {weight, torch::zeros({classes}, torch::kFloat64), shape};
  }

  torch::Tensor logits(const torch::Tensor& images) const override {
    m_images += images.size(0);
    const torch::Tensor rows = images.flatten(1).to(torch::kFloat64).unsqueeze(1);
    return (rows * m_weight.unsqueeze(0)).sum(2) + m_bias;
  }

  ImageShape inputShape() const override { return m_shape; }
  int classCount() const override { return static_cast<int>(m_weight.size(0)); }
  bool differentiable() const override { return m_differentiable; }
  torch::Device device() const override { return torch::kCPU; }
  torch::Dtype dtype() const override { return torch::kFloat64; }

  void setDifferentiable(bool differentiable) { m_differentiable = differentiable; }
  std::int64_t imagesSeen() const { return m_images; }

  LinearClassifier(const LinearClassifier& other)
      : m_weight(other.m_weight),
        m_bias(other.m_bias),
        m_shape(other.m_shape),
        m_differentiable(other.m_differentiable) {}

 private:
  torch::Tensor m_weight;
  torch::Tensor m_bias;
  ImageShape m_shape;
  bool m_differentiable = true;
  mutable std::atomic<std::int64_t> m_images{0};
};

/// h(x) = tanh(W₁ x + b₁) W₂ᵀ in double: smooth, curved, with a fingerprint gradient that isn't 0. From a seed alone.
class SmoothClassifier : public Classifier {
 public:
  SmoothClassifier(ImageShape shape, int hidden, int classes, std::uint64_t seed) : m_shape(shape) {
    Random random(seed);
    const auto draw = [&](std::vector<std::int64_t> sizes, double bound) {
      torch::Tensor tensor = torch::empty(sizes, torch::kFloat64);
      for (std::int64_t k = 0; k < tensor.numel(); ++k) tensor.data_ptr<double>()[k] = random.uniform(-bound, bound);
      return tensor;
    };
    m_first = draw({hidden, shape.size()}, 4.0 / std::sqrt(static_cast<double>(shape.size())));
    m_firstBias = draw({hidden}, 1);
    m_second = draw({classes, hidden}, 1);
  }

  torch::Tensor logits(const torch::Tensor& images) const override {
    const torch::Tensor rows = images.flatten(1).to(torch::kFloat64).unsqueeze(1);
    const torch::Tensor hidden = ((rows * m_first.unsqueeze(0)).sum(2) + m_firstBias).tanh();
    return (hidden.unsqueeze(1) * m_second.unsqueeze(0)).sum(2);
  }

  ImageShape inputShape() const override { return m_shape; }
  int classCount() const override { return static_cast<int>(m_second.size(0)); }
  bool differentiable() const override { return true; }
  torch::Device device() const override { return torch::kCPU; }
  torch::Dtype dtype() const override { return torch::kFloat64; }

 private:
  ImageShape m_shape;
  torch::Tensor m_first;
  torch::Tensor m_firstBias;
  torch::Tensor m_second;
};

/// The three-class network of known answers: W = [[1,−2,.5,0],[0,1,−1,2],[−1,.5,1,−1]], b = (.1,0,−.1), image
/// (.2,.4,.6,.8) of class 1. Its nearest other class is 0, at L2 .3969112 and linf .2133333.
inline LinearClassifier knownNetwork() {
  const auto options = torch::TensorOptions().dtype(torch::kFloat64);
  return {torch::tensor({1.0, -2.0, 0.5, 0.0, 0.0, 1.0, -1.0, 2.0, -1.0, 0.5, 1.0, -1.0}, options).view({3, 4}),
          torch::tensor({0.1, 0.0, -0.1}, options),
          {1, 2, 2}};
}
inline torch::Tensor knownImage() {
  return torch::tensor({0.2, 0.4, 0.6, 0.8}, torch::TensorOptions().dtype(torch::kFloat64)).view({1, 1, 2, 2});
}

/// Images uniform in [0,1] from a seed, with some pixels exactly 0 and some exactly 1: [count,C,H,W] in double.
inline torch::Tensor randomImages(const ImageShape& shape, std::int64_t count, std::uint64_t seed) {
  torch::Tensor images = torch::empty({count, shape.channels, shape.height, shape.width}, torch::kFloat64);
  Random random(seed);
  for (std::int64_t k = 0; k < images.numel(); ++k) {
    const double u = random.uniform(-0.1, 1.1);
    images.data_ptr<double>()[k] = u < 0 ? 0 : u > 1 ? 1 : u;
  }
  return images;
}

}  // namespace whorl::test
