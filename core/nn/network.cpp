// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/network.h"

#include <algorithm>
#include <cmath>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "core/base/error.h"
#include "core/nn/batch_norm.h"
#include "core/nn/one_channel_convolution.h"

namespace whorl {
namespace {

using Kind = LayerSpec::Kind;
using torch::Tensor;

constexpr double kBatchNormMomentum = 0.1;

std::string shapeText(at::IntArrayRef sizes) {
  std::string text = "[";
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    text += (i == 0 ? "" : ",") + std::to_string(sizes[i]);
  }
  return text + "]";
}

// A tensor whose strides say channels-last even where one channel or one pixel would leave both layouts equal: torch's
// convolutions choose their layout by the strides.
Tensor inChannelsLast(const Tensor& x, torch::Dtype dtype) {
  if (x.scalar_type() == dtype && x.suggest_memory_format() == at::MemoryFormat::ChannelsLast) {
    return x;
  }
  if (x.size(1) == 1) {
    const std::int64_t height = x.size(2);
    const std::int64_t width = x.size(3);
    const Tensor planes = x.to(dtype).contiguous();
    // [B,1,H,W] and [B,H,W,1] hold the same bytes; the permutation gives the channel the stride 1.
    return planes.view({x.size(0), height, width, 1}).permute({0, 3, 1, 2});
  }
  return x.to(x.options().dtype(dtype), /*non_blocking=*/false, /*copy=*/false, at::MemoryFormat::ChannelsLast);
}

Tensor uniform(at::IntArrayRef sizes, double bound, at::Generator& generator) {
  return at::empty(sizes, torch::kFloat32).uniform_(-bound, bound, generator);
}

/// Channels-last means that speed counts: a frozen first layer then takes the faster way back to a grey image.
Tensor convolution(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t padding) {
  const bool grey = x.size(1) == 1 && weight.suggest_memory_format() == at::MemoryFormat::ChannelsLast;
  if (grey && x.is_cpu() && x.requires_grad() && c10::GradMode::is_enabled() && !weight.requires_grad()) {
    return oneChannelConvolution(x, weight, bias, padding);
  }
  return at::conv2d(x, weight, bias, 1, padding);
}

void checkTensor(const std::string& name, const Tensor& target, const Tensor& source, const std::string& where) {
  const std::string place = where + ", tensor " + name;
  if (source.sizes() != target.sizes()) {
    throw Error(ErrorKind::BadInput,
                "the shape is " + shapeText(source.sizes()) + ", the network needs " + shapeText(target.sizes()), place,
                "check that the architecture, the input's shape and the number of classes are those of the file");
  }
  if (!source.is_floating_point()) {
    throw Error(ErrorKind::BadInput, "the values are not floating-point numbers", place);
  }
  const Tensor values = source.to(target.scalar_type());
  if (!at::isfinite(values).all().item<bool>()) {
    throw Error(ErrorKind::BadInput, "there are NaN or infinite values", place,
                "the training run diverged, or the file is damaged");
  }
  if (name.ends_with("running_var") && values.lt(0).any().item<bool>()) {
    throw Error(ErrorKind::BadInput, "a variance is negative", place, "the file is damaged");
  }
}

std::size_t lastLinear(const Architecture& architecture) {
  for (std::size_t i = architecture.layers.size(); i > 0; --i) {
    if (architecture.layers[i - 1].kind == Kind::Linear) {
      return i - 1;
    }
  }
  throw Error(ErrorKind::Internal, "an architecture without a linear layer", architecture.name);
}

}  // namespace

Network::Network(const Architecture& architecture, const ImageShape& input, int classes, std::uint64_t seed)
    : m_architecture(architecture), m_input(input), m_classes(classes) {
  if (classes < 2) {
    throw Error(ErrorKind::Usage, "a classifier needs at least 2 classes", architecture.name);
  }
  const std::vector<ImageShape> shapes = layerShapes(architecture, input);
  const std::size_t last = lastLinear(architecture);
  m_architecture.layers[last].outputs = classes;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  int counts[3] = {};
  const auto add = [this](const std::string& name, Tensor tensor) {
    m_parameters.emplace_back(name, std::move(tensor));
  };
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const LayerSpec& layer = m_architecture.layers[i];
    const ImageShape in = i == 0 ? input : shapes[i - 1];
    Slot slot{static_cast<int>(m_parameters.size()), static_cast<int>(m_buffers.size())};
    if (layer.kind == Kind::Convolution) {
      const std::string name = "conv" + std::to_string(++counts[0]);
      const double bound = 1.0 / std::sqrt(double(in.channels) * layer.kernel * layer.kernel);
      add(name + ".weight", uniform({layer.outputs, in.channels, layer.kernel, layer.kernel}, bound, generator));
      add(name + ".bias", uniform({layer.outputs}, bound, generator));
    } else if (layer.kind == Kind::Linear) {
      const std::string name = "fc" + std::to_string(++counts[1]);
      const double bound = 1.0 / std::sqrt(double(in.size()));
      add(name + ".weight", uniform({layer.outputs, in.size()}, bound, generator));
      add(name + ".bias", uniform({layer.outputs}, bound, generator));
    } else if (layer.kind == Kind::BatchNorm) {
      const std::string name = "bn" + std::to_string(++counts[2]);
      add(name + ".weight", at::ones({in.channels}));
      add(name + ".bias", at::zeros({in.channels}));
      m_buffers.emplace_back(name + ".running_mean", at::zeros({in.channels}));
      m_buffers.emplace_back(name + ".running_var", at::ones({in.channels}));
    } else {
      slot = Slot{};
    }
    m_slots.push_back(slot);
  }
}

Tensor Network::forward(const Tensor& x, const Mode& mode) const { return run(x, mode, m_architecture.layers.size()); }

Tensor Network::features(const Tensor& x, const Mode& mode) const { return run(x, mode, lastLinear(m_architecture)); }

void Network::checkInput(const Tensor& x, const Mode& mode) const {
  const std::string where = m_architecture.name;
  if (x.dim() != 4 || x.size(1) != m_input.channels || x.size(2) != m_input.height || x.size(3) != m_input.width) {
    throw Error(ErrorKind::BadInput, "images of the shape " + shapeText(x.sizes()), where,
                "the network takes [batch," + std::to_string(m_input.channels) + "," + std::to_string(m_input.height) +
                    "," + std::to_string(m_input.width) + "]");
  }
  const Tensor& weights = m_parameters.front().second;
  if (x.device() != weights.device() || x.scalar_type() != weights.scalar_type()) {
    throw Error(ErrorKind::Internal, "images and weights differ in device or type", where);
  }
  if (mode.computeType == torch::kBFloat16 ? weights.scalar_type() != torch::kFloat32
                                           : mode.computeType != torch::kFloat32) {
    throw Error(ErrorKind::Usage, "this precision is not supported", where, "use float32 or bfloat16");
  }
}

Tensor Network::run(const Tensor& x, const Mode& mode, std::size_t layerCount) const {
  checkInput(x, mode);
  const torch::Dtype exact = x.scalar_type();
  const torch::Dtype type = mode.computeType == torch::kBFloat16 ? torch::kBFloat16 : exact;
  Pass pass;
  pass.x = m_channelsLast ? inChannelsLast(x, type) : x.to(type);
  const std::size_t frozen = mode.training ? std::min(mode.frozenLayers, layerCount) : 0;
  if (frozen > 0) {
    Mode still = mode;
    still.training = false;
    pass.mode = &still;
    const c10::AutoGradMode noGradient(false);
    runLayers(0, frozen, layerCount, exact, pass);
  }
  pass.mode = &mode;
  runLayers(frozen, layerCount, layerCount, exact, pass);
  return pass.x.to(exact);
}

// Layers `begin` to before `end` of the first `layerCount`, which are those that this pass has.
void Network::runLayers(std::size_t begin, std::size_t end, std::size_t layerCount, torch::Dtype exact,
                        Pass& pass) const {
  const std::size_t last = lastLinear(m_architecture);
  for (std::size_t i = begin; i < end; ++i) {
    if (i == last) {
      pass.x = pass.x.to(exact);  // logits keep the weights' precision: this layer costs next to nothing
    }
    pass.mayFlattenByPixel = false;
    for (std::size_t next = i + 1; m_architecture.layers[i].kind == Kind::Flatten && next < layerCount; ++next) {
      if (m_architecture.layers[next].kind != Kind::Dropout) {
        pass.mayFlattenByPixel = m_architecture.layers[next].kind == Kind::Linear;
        break;
      }
    }
    // max(relu(x)) = relu(max(x)), with the same gradient: a ReLU after the pool has a quarter of the pixels.
    const bool poolsNext = i + 1 < layerCount && m_architecture.layers[i].kind == Kind::Relu &&
                           m_architecture.layers[i + 1].kind == Kind::MaxPool;
    if (poolsNext) {
      apply(i + 1, pass);
      pass.fresh = true;  // the pool keeps places, not values, for its way back
      apply(i, pass);
      ++i;
      continue;
    }
    apply(i, pass);
  }
}

void Network::apply(std::size_t index, Pass& pass) const {
  const LayerSpec& layer = m_architecture.layers[index];
  const int first = m_slots[index].parameter;
  const auto weight = [&](int offset) { return m_parameters[first + offset].second.to(pass.x.scalar_type()); };
  switch (layer.kind) {
    case Kind::Convolution:
      pass.x = convolution(pass.x, weight(0), weight(1), layer.padding);
      break;
    case Kind::BatchNorm:
      pass.x = batchNorm(index, pass);
      break;
    case Kind::Relu:
      // Overwriting is safe for autograd: the layers that make a fresh tensor don't need their result to go backward.
      pass.x = pass.fresh ? at::relu_(pass.x) : at::relu(pass.x);
      break;
    case Kind::MaxPool:
      pass.x = at::max_pool2d(pass.x, layer.kernel);
      break;
    case Kind::Dropout:
      pass.x = dropout(layer.probability, pass);
      break;
    case Kind::GlobalAveragePool:
      pass.x = layer.kernel > 1 ? at::adaptive_avg_pool2d(pass.x, {layer.kernel, layer.kernel})
                                : pass.x.mean({2, 3}, /*keepdim=*/true);
      break;
    case Kind::Flatten:
      flatten(pass);
      break;
    case Kind::Linear:
      pass.x = at::linear(pass.x, flatWeight(weight(0), pass), weight(1));
      break;
  }
  pass.fresh = layer.kind == Kind::Convolution || layer.kind == Kind::BatchNorm || layer.kind == Kind::Linear;
}

Tensor Network::batchNorm(std::size_t index, const Pass& pass) const {
  const Slot slot = m_slots[index];
  const bool training = pass.mode->training;
  if (training && pass.x.numel() <= pass.x.size(1)) {
    throw Error(ErrorKind::Usage, "BatchNorm can't train on a batch of one", m_architecture.name,
                "use a batch_size of 2 or more");
  }
  const bool statistics = !training || pass.mode->updateStatistics;
  return at::batch_norm(pass.x, m_parameters[slot.parameter].second, m_parameters[slot.parameter + 1].second,
                        statistics ? m_buffers[slot.buffer].second : Tensor(),
                        statistics ? m_buffers[slot.buffer + 1].second : Tensor(), training, kBatchNormMomentum,
                        kBatchNormEpsilon, /*cudnn_enabled=*/true);
}

Tensor Network::dropout(double probability, const Pass& pass) const {
  if (!pass.mode->training || probability == 0) {
    return pass.x;
  }
  if (!pass.mode->dropoutGenerator) {
    throw Error(ErrorKind::Internal, "training with dropout needs a generator", m_architecture.name);
  }
  const double kept = 1.0 - probability;
  const Tensor mask = at::empty_like(pass.x.detach()).bernoulli_(kept, pass.mode->dropoutGenerator).div_(kept);
  return pass.x * mask;
}

void Network::flatten(Pass& pass) const {
  // Weights count features by channel, then row, then column. Features that lie pixel by pixel (channels-last) keep
  // their order here, and the next layer's small weight matrix is reordered instead of the large activations.
  if (pass.mayFlattenByPixel && pass.x.dim() == 4 && !pass.x.is_contiguous() &&
      pass.x.is_contiguous(at::MemoryFormat::ChannelsLast)) {
    pass.byPixel = ImageShape{static_cast<int>(pass.x.size(1)), static_cast<int>(pass.x.size(2)),
                              static_cast<int>(pass.x.size(3))};
    pass.x = pass.x.permute({0, 2, 3, 1});
  }
  pass.x = pass.x.flatten(1);
}

Tensor Network::flatWeight(const Tensor& weight, Pass& pass) {
  if (!pass.byPixel) {
    return weight;
  }
  const ImageShape shape = *pass.byPixel;
  pass.byPixel.reset();
  return weight.view({weight.size(0), shape.channels, shape.height, shape.width})
      .permute({0, 2, 3, 1})
      .reshape({weight.size(0), shape.size()});
}

void Network::load(const std::map<std::string, Tensor>& tensors, const std::string& where) {
  std::vector<std::pair<std::string, Tensor>> targets = m_parameters;
  targets.insert(targets.end(), m_buffers.begin(), m_buffers.end());
  for (const auto& [name, tensor] : targets) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      throw Error(ErrorKind::BadInput, "the tensor " + name + " of " + m_architecture.name + " is missing", where);
    }
    checkTensor(name, tensor, found->second, where);
  }
  if (tensors.size() > targets.size()) {
    const std::map<std::string, Tensor> known(targets.begin(), targets.end());
    for (const auto& entry : tensors) {
      if (!known.contains(entry.first)) {
        throw Error(ErrorKind::BadInput, "the tensor " + entry.first + " does not belong to " + m_architecture.name,
                    where);
      }
    }
  }
  const c10::AutoGradMode noGrad(false);
  for (auto& [name, tensor] : targets) {
    tensor.copy_(tensors.at(name));
  }
}

std::map<std::string, Tensor> Network::tensors() const {
  std::map<std::string, Tensor> all(m_parameters.begin(), m_parameters.end());
  all.insert(m_buffers.begin(), m_buffers.end());
  return all;
}

void Network::replaceTensors(const std::function<Tensor(const Tensor&)>& change) {
  for (auto* list : {&m_parameters, &m_buffers}) {
    for (auto& [name, tensor] : *list) {
      const bool required = tensor.requires_grad();
      tensor = change(tensor.detach());
      tensor.set_requires_grad(required);
    }
  }
}

Network Network::clone() const {
  Network copy = *this;
  copy.replaceTensors([](const Tensor& tensor) { return tensor.clone(); });
  return copy;
}

void Network::to(torch::Device device) {
  replaceTensors([device](const Tensor& tensor) { return tensor.to(device); });
}

void Network::to(torch::Dtype dtype) {
  replaceTensors([dtype](const Tensor& tensor) { return tensor.to(dtype); });
}

void Network::toChannelsLast() {
  m_channelsLast = true;
  replaceTensors(
      [](const Tensor& tensor) { return tensor.dim() == 4 ? inChannelsLast(tensor, tensor.scalar_type()) : tensor; });
}

void Network::setRequiresGrad(bool required) {
  for (auto& [name, tensor] : m_parameters) {
    tensor.set_requires_grad(required);
  }
}

torch::Device Network::device() const { return m_parameters.front().second.device(); }

}  // namespace whorl
