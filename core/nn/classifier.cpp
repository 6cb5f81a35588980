// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/classifier.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ops/tensor.h>

#include "core/base/error.h"

namespace whorl {
namespace {

// [1,C,1,1] on the network's device, or nothing where every value is `neutral`: normalisation costs a pass over memory.
torch::Tensor perChannel(std::vector<double> values, double neutral, const Network& network, const char* what) {
  const auto channels = static_cast<std::size_t>(network.inputShape().channels);
  if (values.empty()) {
    values.assign(channels, neutral);
  }
  const bool finite = std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
  if (values.size() != channels || !finite) {
    throw Error(
        ErrorKind::BadInput,
        std::string(what) + " needs one finite number for each of the " + std::to_string(channels) + " channels",
        "normalisation");
  }
  if (std::all_of(values.begin(), values.end(), [neutral](double value) { return value == neutral; })) {
    return {};
  }
  const torch::Tensor& weights = network.parameters().front().second;
  return at::tensor(values, torch::kFloat64)
      .to(weights.options().requires_grad(false))
      .view({1, static_cast<std::int64_t>(channels), 1, 1});
}

}  // namespace

NetworkClassifier::NetworkClassifier(Network network, std::vector<double> mean, std::vector<double> scale)
    : m_network(std::move(network)) {
  m_network = m_network.clone();  // the caller's weights keep asking for gradients
  m_network.setRequiresGrad(false);
  if (std::any_of(scale.begin(), scale.end(), [](double value) { return !(value > 0); })) {
    throw Error(ErrorKind::BadInput, "scale must be greater than 0", "normalisation");
  }
  m_mean = perChannel(std::move(mean), 0.0, m_network, "mean");
  m_scale = perChannel(std::move(scale), 1.0, m_network, "scale");
}

torch::Tensor NetworkClassifier::logits(const torch::Tensor& images) const {
  if (m_computeType == torch::kFloat32) return m_network.forward(normalised(images));
  Network::Mode mode;
  mode.computeType = m_computeType;
  return m_network.forward(normalised(images), mode);
}

std::shared_ptr<const Classifier> NetworkClassifier::inBfloat16() const {
  auto copy = std::make_shared<NetworkClassifier>(*this);
  copy->m_computeType = torch::kBFloat16;
  return copy;
}

torch::Dtype NetworkClassifier::dtype() const { return m_network.parameters().front().second.scalar_type(); }

torch::Tensor NetworkClassifier::features(const torch::Tensor& images) const {
  return m_network.features(normalised(images));
}

void NetworkClassifier::visitActivations(const torch::Tensor& images, const Network::ActivationVisitor& visit) const {
  m_network.visitActivations(normalised(images), visit);
}

std::vector<torch::Tensor> NetworkClassifier::layerOutputs(const torch::Tensor& images) const {
  std::vector<torch::Tensor> outputs;
  visitActivations(images, [&](std::size_t, const torch::Tensor& activation) { outputs.push_back(activation); });
  return outputs;
}

torch::Tensor NetworkClassifier::dropoutPasses(const torch::Tensor& images, std::int64_t passes,
                                               std::uint64_t seed) const {
  return m_network.dropoutPasses(normalised(images), passes, seed);
}

torch::Tensor NetworkClassifier::normalised(const torch::Tensor& images) const {
  torch::Tensor x = images;
  if (m_mean.defined()) {
    x = x - m_mean;
  }
  if (m_scale.defined()) {
    x = x / m_scale;
  }
  return x;
}

}  // namespace whorl
