// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <ATen/ops/bincount.h>
#include <torch/types.h>

#include "core/base/random.h"
#include "core/detect/detector.h"
#include "core/nn/model.h"

namespace whorl::test {

inline constexpr ImageShape kSmallShape{1, 6, 6};
inline constexpr int kSmallClasses = 3;

/// conv, ReLU, pool, dropout, flatten, linear, ReLU, dropout, linear: a network with everything that detectors look at,
/// which takes microseconds.
inline Architecture smallArchitecture(bool dropout = true) {
  using Kind = LayerSpec::Kind;
  Architecture a{"small", "Small", "", kSmallShape, kSmallClasses, {}, 0};
  a.layers = {{Kind::Convolution, 4, 3, 0, 0}, {Kind::Relu, 0, 0, 0, 0}, {Kind::MaxPool, 0, 2, 0, 0}};
  if (dropout) a.layers.push_back({Kind::Dropout, 0, 0, 0, 0.5});
  a.layers.push_back({Kind::Flatten, 0, 0, 0, 0});
  a.layers.push_back({Kind::Linear, 8, 0, 0, 0});
  a.layers.push_back({Kind::Relu, 0, 0, 0, 0});
  if (dropout) a.layers.push_back({Kind::Dropout, 0, 0, 0, 0.5});
  a.layers.push_back({Kind::Linear, kSmallClasses, 0, 0, 0});
  return a;
}

/// Images of `kSmallClasses` kinds, float32: bright in the upper, middle or lower third, with noise.
inline std::pair<torch::Tensor, torch::Tensor> stripedImages(std::int64_t count, std::uint64_t seed) {
  torch::Tensor images = torch::empty({count, 1, 6, 6}, torch::kFloat32);
  torch::Tensor labels = torch::empty({count}, torch::kInt64);
  Random random(seed);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t label = i % kSmallClasses;
    labels.data_ptr<std::int64_t>()[i] = label;
    for (int p = 0; p < 36; ++p) {
      const double value = (p / 12 == label ? 0.75 : 0.25) + 0.1 * random.normal();
      images.data_ptr<float>()[i * 36 + p] = static_cast<float>(value < 0 ? 0 : value > 1 ? 1 : value);
    }
  }
  return {images, labels};
}

/// Its weights are those of an initialisation, three times as large: the first from `seed` on with which every class is
/// predicted for some of the images above. In double where asked for.
inline Model smallModel(bool dropout = true, torch::Dtype dtype = torch::kFloat32, std::uint64_t seed = 3) {
  const torch::NoGradGuard noGradients;
  Model model;
  for (;; ++seed) {
    Network network(smallArchitecture(dropout), kSmallShape, kSmallClasses, seed);
    for (const auto& [name, tensor] : network.parameters()) {
      if (name.ends_with("weight")) torch::Tensor(tensor).mul_(3);
    }
    network.to(dtype);
    model.classifier = std::make_shared<NetworkClassifier>(network, std::vector<double>{0.5}, std::vector<double>{1});
    const torch::Tensor counts =
        model.classifier->logits(stripedImages(90, 11).first.to(dtype)).argmax(1).bincount({}, kSmallClasses);
    if (counts.min().item<std::int64_t>() >= 5) break;
  }
  model.name = "small";
  model.architecture = "small";
  model.input = kSmallShape;
  model.sha256 = "of the small model";
  return model;
}

/// Training images labelled by what the model says of them (so that every predicted class has some), and clean images
/// with twins that are off by noise and by a fixed pattern.
inline DetectorFitData fitDataFor(const Model& model, std::int64_t count = 60) {
  DetectorFitData data;
  data.trainImages = stripedImages(240, 11).first;
  const torch::NoGradGuard noGradients;
  data.trainLabels = model.classifier->logits(data.trainImages.to(model.classifier->dtype())).argmax(1);
  data.clean = stripedImages(count, 12).first;
  Random random(13);
  data.noisy = data.clean.clone();
  data.adversarial = data.clean.clone();
  for (std::int64_t i = 0; i < data.clean.numel(); ++i) {
    data.noisy.data_ptr<float>()[i] += static_cast<float>(0.1 * random.normal());
    data.adversarial.data_ptr<float>()[i] += i % 2 == 0 ? 0.35F : -0.35F;
  }
  data.noisy.clamp_(0, 1);
  data.adversarial.clamp_(0, 1);
  data.seed = 5;
  return data;
}

}  // namespace whorl::test
