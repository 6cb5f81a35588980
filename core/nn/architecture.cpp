// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/architecture.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "core/base/error.h"

namespace whorl {
namespace {

using Kind = LayerSpec::Kind;
using Layers = std::vector<LayerSpec>;

LayerSpec conv(int kernel, int outputs, int padding = 0) { return {Kind::Convolution, outputs, kernel, padding, 0}; }
LayerSpec linear(int outputs) { return {Kind::Linear, outputs, 0, 0, 0}; }
LayerSpec relu() { return {Kind::Relu, 0, 0, 0, 0}; }
LayerSpec batchNorm() { return {Kind::BatchNorm, 0, 0, 0, 0}; }
LayerSpec pool() { return {Kind::MaxPool, 0, 2, 0, 0}; }
LayerSpec dropout(double probability) { return {Kind::Dropout, 0, 0, 0, probability}; }
LayerSpec flatten() { return {Kind::Flatten, 0, 0, 0, 0}; }
LayerSpec globalAverage() { return {Kind::GlobalAveragePool, 0, 0, 0, 0}; }
/// Means over a grid of side x side windows that cover images of any size.
LayerSpec averageGrid(int side) { return {Kind::GlobalAveragePool, 0, side, 0, 0}; }

Layers joined(std::initializer_list<Layers> parts) {
  Layers all;
  for (const Layers& part : parts) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

Layers convRelu(int kernel, int outputs, int padding = 0) { return {conv(kernel, outputs, padding), relu()}; }
Layers convReluNorm(int kernel, int outputs) { return {conv(kernel, outputs), relu(), batchNorm()}; }
Layers linearRelu(int outputs) { return {linear(outputs), relu()}; }
Layers linearReluNorm(int outputs) { return {linear(outputs), relu(), batchNorm()}; }
Layers block84(int outputs) { return {conv(3, outputs, 1), batchNorm(), relu(), pool()}; }

Architecture nfpMnist() {
  return {"nfp-mnist",
          "NFP-MNIST (CW_Net)",
          "Zheng et al., Neural Fingerprinting, authors' code (2018)",
          {1, 28, 28},
          10,
          joined({convReluNorm(3, 32),
                  convReluNorm(3, 32),
                  {pool()},
                  convReluNorm(3, 64),
                  convReluNorm(3, 64),
                  {pool(), flatten()},
                  linearReluNorm(200),
                  linearReluNorm(200),
                  {linear(10)}}),
          0};
}

Architecture nfpMnistPaper() {
  return {"nfp-mnist-paper",
          "NFP-MNIST as in the paper",
          "Zheng et al., Neural Fingerprinting (2018), table 8, without BatchNorm",
          {1, 28, 28},
          10,
          joined({convRelu(5, 32),
                  {pool()},
                  convRelu(5, 64),
                  {pool(), flatten()},
                  linearRelu(200),
                  linearRelu(200),
                  {linear(10)}}),
          0};
}

Architecture nfpCifar() {
  return {"nfp-cifar",
          "NFP-CIFAR (CW2_Net)",
          "Zheng et al., Neural Fingerprinting (2018), table 9, authors' code",
          {3, 32, 32},
          10,
          joined({convReluNorm(3, 32),
                  convReluNorm(3, 64),
                  {pool()},
                  convReluNorm(3, 128),
                  convReluNorm(3, 128),
                  {pool(), flatten()},
                  linearReluNorm(256),
                  linearReluNorm(256),
                  {linear(10)}}),
          0};
}

Architecture feinmanMnist() {
  return {"feinman-mnist",
          "Feinman MNIST",
          "Feinman et al., Detecting Adversarial Samples from Artifacts (2017), authors' code",
          {1, 28, 28},
          10,
          joined({convRelu(3, 64),
                  convRelu(3, 64),
                  {pool(), dropout(.5), flatten()},
                  linearRelu(128),
                  {dropout(.5), linear(10)}}),
          0};
}

Architecture feinmanCifar() {
  return {"feinman-cifar",
          "Feinman CIFAR-10",
          "Feinman et al., Detecting Adversarial Samples from Artifacts (2017), authors' code",
          {3, 32, 32},
          10,
          joined({convRelu(3, 32, 1),
                  convRelu(3, 32, 1),
                  {pool()},
                  convRelu(3, 64, 1),
                  convRelu(3, 64, 1),
                  {pool()},
                  convRelu(3, 128, 1),
                  convRelu(3, 128, 1),
                  {pool(), dropout(.5), flatten()},
                  linearRelu(1024),
                  {dropout(.5)},
                  linearRelu(512),
                  {dropout(.5), linear(10)}}),
          0.01};
}

Architecture conv84() {
  return {"conv-84",
          "Conv-84",
          "Whorl: a small network for MiniImagenet-20 at 84x84",
          {3, 84, 84},
          20,
          joined({block84(64), block84(128), block84(256), block84(256), {globalAverage(), flatten(), linear(20)}}),
          0};
}

Architecture embeddingSmall() {
  const auto block = [](int outputs) { return Layers{conv(3, outputs, 1), batchNorm(), relu()}; };
  return {
      "embedding-small",
      "Small embedding",
      "Whorl: 64 features of images of any size, for near-duplicates",
      {3, 32, 32},
      10,
      joined(
          {block(32), {pool()}, block(64), {pool()}, block(128), {averageGrid(3), flatten(), linear(64), linear(10)}}),
      0};
}

Architecture referenceCnn() {
  return {"reference-cnn",
          "Reference CNN",
          "Whorl: the network on which attack libraries are compared",
          {1, 28, 28},
          10,
          joined({convRelu(5, 32), {pool()}, convRelu(5, 64), {pool(), flatten()}, linearRelu(200), {linear(10)}}),
          0};
}

std::string layerName(const LayerSpec& layer, std::size_t index) {
  constexpr std::string_view kNames[] = {"convolution", "batch norm",          "ReLU",    "max-pool",
                                         "dropout",     "global average pool", "flatten", "linear"};
  return "layer " + std::to_string(index + 1) + " (" + std::string(kNames[static_cast<int>(layer.kind)]) + ")";
}

bool isCounted(const LayerSpec& layer) {
  return layer.kind == LayerSpec::Kind::Convolution || layer.kind == LayerSpec::Kind::Linear;
}

[[noreturn]] void throwDoesNotFit(const Architecture& architecture, std::size_t index, const ImageShape& input,
                                  const std::string& reason) {
  throw Error(ErrorKind::Usage, "an input of " + toText(input) + " does not fit: " + reason,
              architecture.name + ", " + layerName(architecture.layers[index], index),
              "the network was designed for " + toText(architecture.input));
}

ImageShape convolved(const Architecture& architecture, std::size_t index, const ImageShape& in,
                     const ImageShape& input) {
  const LayerSpec& layer = architecture.layers[index];
  const ImageShape out{layer.outputs, in.height + 2 * layer.padding - layer.kernel + 1,
                       in.width + 2 * layer.padding - layer.kernel + 1};
  if (out.height < 1 || out.width < 1) {
    throwDoesNotFit(architecture, index, input, "only " + toText(in) + " reaches this layer");
  }
  return out;
}

}  // namespace

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> table = {
      nfpMnist(),     nfpMnistPaper(), nfpCifar(),     feinmanMnist(),
      feinmanCifar(), conv84(),        referenceCnn(), embeddingSmall(),
  };
  return table;
}

const Architecture& findArchitecture(const std::string& name) {
  std::string known;
  for (const Architecture& architecture : architectures()) {
    if (architecture.name == name) {
      return architecture;
    }
    known += (known.empty() ? "" : ", ") + architecture.name;
  }
  throw Error(ErrorKind::Usage, "unknown architecture '" + name + "'", "", "known are: " + known);
}

std::vector<ImageShape> layerShapes(const Architecture& architecture, const ImageShape& input) {
  if (input.channels < 1 || input.height < 1 || input.width < 1) {
    throw Error(ErrorKind::Usage, "an input of " + toText(input) + " is empty", architecture.name);
  }
  std::vector<ImageShape> shapes;
  ImageShape shape = input;
  for (std::size_t i = 0; i < architecture.layers.size(); ++i) {
    const LayerSpec& layer = architecture.layers[i];
    switch (layer.kind) {
      case Kind::Convolution:
        shape = convolved(architecture, i, shape, input);
        break;
      case Kind::MaxPool:
        if (shape.height < layer.kernel || shape.width < layer.kernel) {
          throwDoesNotFit(architecture, i, input, "only " + toText(shape) + " reaches this layer");
        }
        shape = {shape.channels, shape.height / layer.kernel, shape.width / layer.kernel};
        break;
      case Kind::GlobalAveragePool:
        shape = {shape.channels, std::max(1, layer.kernel), std::max(1, layer.kernel)};
        break;
      case Kind::Flatten:
        if (shape.size() > std::numeric_limits<int>::max()) {
          throwDoesNotFit(architecture, i, input, "it is too large");
        }
        shape = {static_cast<int>(shape.size()), 1, 1};
        break;
      case Kind::Linear:
        shape = {layer.outputs, 1, 1};
        break;
      case Kind::BatchNorm:
      case Kind::Relu:
      case Kind::Dropout:
        break;
    }
    shapes.push_back(shape);
  }
  return shapes;
}

std::int64_t layerCount(const Architecture& architecture) {
  return std::count_if(architecture.layers.begin(), architecture.layers.end(), isCounted);
}

std::size_t layersBeforeLast(const Architecture& architecture, std::int64_t count) {
  const std::vector<LayerSpec>& layers = architecture.layers;
  std::int64_t found = 0;
  for (std::size_t i = layers.size(); i > 0 && count > 0; --i) {
    if (isCounted(layers[i - 1]) && ++found == count) return i - 1;
  }
  throw Error(ErrorKind::Usage, "it has no last " + std::to_string(count) + " convolutions and fully connected layers",
              architecture.name, "ask for 1 to " + std::to_string(layerCount(architecture)));
}

std::int64_t parameterCount(const Architecture& architecture, const ImageShape& input, int classes) {
  const std::vector<ImageShape> shapes = layerShapes(architecture, input);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const LayerSpec& layer = architecture.layers[i];
    const ImageShape in = i == 0 ? input : shapes[i - 1];
    const bool last = i + 1 == shapes.size();
    if (layer.kind == Kind::Convolution) {
      count += (std::int64_t{in.channels} * layer.kernel * layer.kernel + 1) * layer.outputs;
    } else if (layer.kind == Kind::Linear) {
      count += (in.size() + 1) * (last ? classes : layer.outputs);
    } else if (layer.kind == Kind::BatchNorm) {
      count += 2 * std::int64_t{in.channels};
    }
  }
  return count;
}

}  // namespace whorl
