// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/image/image.h"

namespace whorl {

/// One layer of a feed-forward network, as plain data.
struct LayerSpec {
  enum class Kind { Convolution, BatchNorm, Relu, MaxPool, Dropout, GlobalAveragePool, Flatten, Linear };
  Kind kind = Kind::Relu;
  int outputs = 0;  ///< channels or features
  int kernel = 0;   ///< convolution: kernel x kernel, stride 1; pools: window and stride, or side of the mean grid
  int padding = 0;  ///< zero padding on each side
  double probability = 0;  ///< dropout
};

/// A network by name. Weights are named by kind and number in the order of the layers: conv1, bn1, fc1, …
struct Architecture {
  std::string name;       ///< "nfp-mnist"
  std::string title;      ///< "NFP-MNIST (CW_Net)"
  std::string reference;  ///< source
  ImageShape input;       ///< the shape it was designed for; others are accepted where the layers fit
  int classes = 10;
  std::vector<LayerSpec> layers;
  double weightDecayHiddenLinear = 0;  ///< L2 on weights and biases of the hidden fully connected layers (Feinman)
};

/// The table: all architectures.
const std::vector<Architecture>& architectures();
/// Error(Usage) that lists the known names.
const Architecture& findArchitecture(const std::string& name);

/// Shape of the activation after each layer (features: {n,1,1}). Error(Usage) if the input is too small for the layers.
std::vector<ImageShape> layerShapes(const Architecture& architecture, const ImageShape& input);

/// Convolutions and fully connected layers, which fine-tuning counts.
std::int64_t layerCount(const Architecture& architecture);
/// How many layers lie before the last `count` of them, all kinds counted. Error(Usage) for none or too many.
std::size_t layersBeforeLast(const Architecture& architecture, std::int64_t count);

/// Trainable parameters with `classes` outputs (the last linear layer's outputs are replaced).
std::int64_t parameterCount(const Architecture& architecture, const ImageShape& input, int classes);

}  // namespace whorl
