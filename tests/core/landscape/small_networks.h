// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>

#include "core/landscape/weight_sample.h"
#include "core/nn/network.h"

namespace whorl::test {

using torch::Tensor;

inline constexpr ImageShape kShape{1, 6, 6};

/// A convolution with BatchNorm, and a linear layer.
inline Architecture architecture(int width = 4) {
  using Kind = LayerSpec::Kind;
  Architecture a{"small", "Small", "", kShape, 3, {}, 0};
  a.layers = {{Kind::Convolution, width, 3, 0, 0},
              {Kind::BatchNorm, 0, 0, 0, 0},
              {Kind::Relu, 0, 0, 0, 0},
              {Kind::Flatten, 0, 0, 0, 0},
              {Kind::Linear, 3, 0, 0, 0}};
  return a;
}

inline Network network(std::uint64_t seed, int width = 4) {
  const torch::NoGradGuard noGradients;
  Network made(architecture(width), kShape, 3, seed);
  // Running statistics that are not those of the start.
  for (const auto& [name, tensor] : made.buffers()) Tensor(tensor).add_(0.1 * static_cast<double>(seed));
  return made;
}

inline std::map<std::string, Tensor> copied(const Network& network) {
  std::map<std::string, Tensor> copies;
  for (const auto& [name, tensor] : network.tensors()) copies[name] = tensor.detach().clone();
  return copies;
}

inline bool same(const Network& network, const std::map<std::string, Tensor>& wanted) {
  const auto tensors = network.tensors();
  if (tensors.size() != wanted.size()) return false;
  for (const auto& [name, tensor] : tensors) {
    if (!at::equal(tensor, wanted.at(name))) return false;
  }
  return true;
}

inline WeightSample sample(std::int64_t count = 40) {
  at::Generator generator = at::detail::createCPUGenerator(3);
  WeightSample sample;
  sample.images = at::rand({count, 1, 6, 6}, generator);
  sample.labels = at::randint(3, {count}, generator, torch::kInt64);
  sample.mean = {0.5};
  sample.scale = {1};
  sample.batchSize = 16;
  return sample;
}

}  // namespace whorl::test
