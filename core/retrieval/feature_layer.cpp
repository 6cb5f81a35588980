// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/retrieval/feature_layer.h"

#include <algorithm>
#include <map>

#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/zeros.h>

#include "core/base/error.h"
#include "core/nn/fused_classifier.h"

namespace whorl {
namespace {

using torch::Tensor;

constexpr const char* kLogits = "logits";
constexpr const char* kProbabilities = "probabilities";

const char* kindName(LayerSpec::Kind kind) {
  switch (kind) {
    case LayerSpec::Kind::Convolution:
      return "conv";
    case LayerSpec::Kind::BatchNorm:
      return "bn";
    case LayerSpec::Kind::Relu:
      return "relu";
    case LayerSpec::Kind::MaxPool:
      return "pool";
    case LayerSpec::Kind::Dropout:
      return "dropout";
    case LayerSpec::Kind::GlobalAveragePool:
      return "average";
    case LayerSpec::Kind::Flatten:
      return "flatten";
    case LayerSpec::Kind::Linear:
      return "fc";
  }
  return "layer";
}

/// "conv1", "relu1", …: one a layer, in order.
std::vector<std::string> namesOf(const Architecture& architecture) {
  std::map<LayerSpec::Kind, int> counts;
  std::vector<std::string> names;
  for (const LayerSpec& layer : architecture.layers) {
    names.push_back(kindName(layer.kind) + std::to_string(++counts[layer.kind]));
  }
  return names;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// A copy that takes less of the CPU's time: fused where nobody asks for one of its layers by number.
std::shared_ptr<const NetworkClassifier> faster(const NetworkClassifier& network, const Model& model, bool byNumber) {
  Network copy = byNumber ? network.network().clone() : fusedForInference(network.network());
  copy.toChannelsLast();
  return std::make_shared<NetworkClassifier>(std::move(copy), model.mean, model.scale);
}

}  // namespace

std::vector<std::string> featureLayers(const Model& model) {
  if (model.architecture == kTorchScript) return {kLogits, kProbabilities};
  std::vector<std::string> names{kFeatures, kLogits, kProbabilities};
  const auto layers = namesOf(findArchitecture(model.architecture));
  names.insert(names.end(), layers.begin(), layers.end());
  return names;
}

FeatureLayer::FeatureLayer(std::shared_ptr<const Model> model, const std::string& layer, bool normalise)
    : m_model(std::move(model)),
      m_network(std::dynamic_pointer_cast<const NetworkClassifier>(m_model->classifier)),
      m_name(layer),
      m_normalise(normalise) {
  const auto known = featureLayers(*m_model);
  if (std::find(known.begin(), known.end(), layer) == known.end()) {
    const bool hidden = !m_network && layer == kFeatures;
    throw Error(ErrorKind::Usage,
                hidden ? "the layers of an imported module can't be seen" : "there is no layer \"" + layer + "\"",
                m_model->name, "one of " + listed(known));
  }
  if (m_network && layer != kFeatures && layer != kLogits && layer != kProbabilities) {
    const auto names = namesOf(m_network->network().architecture());
    m_number = static_cast<std::size_t>(std::find(names.begin(), names.end(), layer) - names.begin()) + 1;
  }
  if (m_network && m_network->device().is_cpu()) m_network = faster(*m_network, *m_model, m_number > 0);
  const ImageShape& shape = m_model->classifier->inputShape();
  m_dimension = activation(at::zeros({1, shape.channels, shape.height, shape.width})).size(1);
}

Tensor FeatureLayer::activation(const Tensor& images) const {
  const torch::NoGradGuard noGradients;
  const Classifier& classifier = *m_model->classifier;
  const Tensor input = images.to(classifier.device(), classifier.dtype());
  Tensor found;
  if (m_number > 0) {
    m_network->visitActivations(input, [&](std::size_t number, const Tensor& activation) {
      if (number == m_number) found = activation;
    });
  } else if (m_name == kFeatures) {
    found = m_network->features(input);
  } else {
    found = m_network ? m_network->logits(input) : classifier.logits(input);
    if (m_name == kProbabilities) found = found.softmax(1);
  }
  return found.flatten(1).to(torch::kCPU, torch::kFloat32).contiguous();
}

Tensor FeatureLayer::rows(const Tensor& images) const {
  Tensor rows = activation(images);
  if (!at::isfinite(rows).all().item<bool>()) {
    throw Error(ErrorKind::BadInput, "the model gives NaN or infinite features for an image", m_model->path.string(),
                "its weights are too large, or the file is damaged");
  }
  if (!m_normalise) return rows;
  const Tensor lengths = at::linalg_vector_norm(rows, 2, {1}, /*keepdim=*/true);
  return rows / lengths.masked_fill(lengths == 0, 1.0);
}

}  // namespace whorl
