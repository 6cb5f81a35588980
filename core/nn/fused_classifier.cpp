// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/fused_classifier.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "core/nn/batch_norm.h"

namespace whorl {
namespace {

using Kind = LayerSpec::Kind;
using torch::Tensor;

/// A layer with its own tensors, in float64 while they are folded.
struct Stage {
  LayerSpec layer;
  Tensor weight, bias;    ///< convolution [O,C,k,k], linear [O,F], BatchNorm [C]
  Tensor mean, variance;  ///< BatchNorm's running statistics
};

/// y = scale·x + shift per channel: what a BatchNorm is in eval mode.
struct Affine {
  Tensor scale, shift;
};

bool hasWeights(const Stage& stage) {
  return stage.layer.kind == Kind::Convolution || stage.layer.kind == Kind::Linear;
}

std::vector<Stage> stagesOf(const Network& network) {
  std::vector<Stage> stages;
  std::size_t parameter = 0;
  std::size_t buffer = 0;
  const auto next = [](const auto& list, std::size_t& place) {
    return list.at(place++).second.detach().to(torch::kFloat64);
  };
  for (const LayerSpec& layer : network.architecture().layers) {
    Stage stage;
    stage.layer = layer;
    if (hasWeights(stage) || layer.kind == Kind::BatchNorm) {
      stage.weight = next(network.parameters(), parameter);
      stage.bias = next(network.parameters(), parameter);
    }
    if (layer.kind == Kind::BatchNorm) {
      stage.mean = next(network.buffers(), buffer);
      stage.variance = next(network.buffers(), buffer);
    }
    stages.push_back(std::move(stage));
  }
  return stages;
}

Affine affineOf(const Stage& norm) {
  const Tensor scale = norm.weight / (norm.variance + kBatchNormEpsilon).sqrt();
  return {scale, norm.bias - norm.mean * scale};
}

void foldIntoLayerBefore(Stage& before, const Affine& affine) {
  std::vector<std::int64_t> perOutput(static_cast<std::size_t>(before.weight.dim()), 1);
  perOutput.front() = -1;
  before.weight = before.weight * affine.scale.view(perOutput);
  before.bias = before.bias * affine.scale + affine.shift;
}

void foldIntoLayerAfter(Stage& after, const Affine& affine) {
  // [O, channels, what belongs to one channel]: a convolution's window, or the pixels that a flatten laid in a row.
  const Tensor byChannel = after.weight.view({after.weight.size(0), affine.scale.size(0), -1});
  after.bias = after.bias + (byChannel * affine.shift.view({1, -1, 1})).sum({1, 2});
  after.weight = (byChannel * affine.scale.view({1, -1, 1})).view(after.weight.sizes());
}

/// The layer after number `norm` that can take its affine map over, if one can.
std::optional<std::size_t> takerAfter(const std::vector<Stage>& stages, std::size_t norm, const Affine& affine,
                                      std::size_t lastLinear) {
  for (std::size_t i = norm + 1; i < stages.size(); ++i) {
    const LayerSpec& layer = stages[i].layer;
    switch (layer.kind) {
      case Kind::MaxPool:  // the largest stays the largest under a positive scale only
        if (affine.scale.le(0).any().item<bool>()) return std::nullopt;
        break;
      case Kind::Dropout:
      case Kind::Flatten:
      case Kind::GlobalAveragePool:
        break;
      case Kind::Convolution:  // padding puts zeros after the BatchNorm, which no weights can tell from pixels
        return layer.padding == 0 ? std::optional(i) : std::nullopt;
      case Kind::Linear:
        return i != lastLinear ? std::optional(i) : std::nullopt;
      case Kind::Relu:
      case Kind::BatchNorm:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

std::vector<Stage> fused(std::vector<Stage> stages) {
  std::size_t lastLinear = stages.size() - 1;
  while (stages[lastLinear].layer.kind != Kind::Linear) --lastLinear;
  std::vector<Stage> kept;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].layer.kind == Kind::BatchNorm) {
      const Affine affine = affineOf(stages[i]);
      if (i > 0 && hasWeights(stages[i - 1])) {
        foldIntoLayerBefore(kept.back(), affine);
        continue;
      }
      if (const auto taker = takerAfter(stages, i, affine, lastLinear)) {
        foldIntoLayerAfter(stages[*taker], affine);
        continue;
      }
    }
    kept.push_back(std::move(stages[i]));
  }
  return kept;
}

/// By the names that `network`, which has these layers, gives them.
std::map<std::string, Tensor> named(const std::vector<Stage>& stages, const Network& network) {
  std::map<std::string, Tensor> tensors;
  std::size_t parameter = 0;
  std::size_t buffer = 0;
  const auto put = [&tensors](const auto& list, std::size_t& place, const Tensor& value) {
    const auto& [name, target] = list.at(place++);
    tensors[name] = value.to(target.scalar_type());
  };
  for (const Stage& stage : stages) {
    if (!stage.weight.defined()) continue;
    put(network.parameters(), parameter, stage.weight);
    put(network.parameters(), parameter, stage.bias);
    if (!stage.mean.defined()) continue;
    put(network.buffers(), buffer, stage.mean);
    put(network.buffers(), buffer, stage.variance);
  }
  return tensors;
}

}  // namespace

Network fusedForInference(const Network& network) {
  const std::vector<Stage> stages = fused(stagesOf(network));
  Architecture architecture = network.architecture();
  architecture.layers.clear();
  for (const Stage& stage : stages) architecture.layers.push_back(stage.layer);
  Network result(architecture, network.inputShape(), network.classCount(), 0);
  result.to(network.parameters().front().second.scalar_type());
  result.load(named(stages, result), network.architecture().name);
  result.setRequiresGrad(false);
  result.to(network.device());
  if (network.device().is_cpu()) result.toChannelsLast();
  return result;
}

FusedClassifier::FusedClassifier(Network network, std::vector<double> mean, std::vector<double> scale)
    : NetworkClassifier(std::move(network), mean, scale),
      m_fused(fusedForInference(NetworkClassifier::network()), mean, scale) {}

std::shared_ptr<const NetworkClassifier> classifierOf(Network network, const std::vector<double>& mean,
                                                      const std::vector<double>& scale) {
  if (network.device().is_cpu()) return std::make_shared<FusedClassifier>(std::move(network), mean, scale);
  return std::make_shared<NetworkClassifier>(std::move(network), mean, scale);
}

}  // namespace whorl
