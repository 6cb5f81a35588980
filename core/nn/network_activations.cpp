// SPDX-License-Identifier: GPL-3.0-or-later
// What a detector sees of a network beside its logits: every layer, and passes with dropout on.
#include <algorithm>
#include <cstdint>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>

#include "core/base/error.h"
#include "core/nn/network.h"

namespace whorl {

using Kind = LayerSpec::Kind;
using torch::Tensor;

// One layer in eval mode, its input left as it was.
Tensor Network::outputAt(std::size_t index, const Tensor& x) const {
  const Mode mode;
  Pass pass;
  pass.x = x;
  pass.mode = &mode;
  apply(index, pass);
  return pass.x;
}

Tensor Network::logitsOf(const Tensor& features) const {
  const std::vector<LayerSpec>& layers = m_architecture.layers;
  std::size_t last = layers.size() - 1;
  while (layers[last].kind != Kind::Linear) --last;
  Tensor activation = features;
  for (std::size_t i = last; i < layers.size(); ++i) activation = outputAt(i, activation);
  return activation;
}

void Network::visitActivations(const Tensor& x, const ActivationVisitor& visit) const {
  checkInput(x, Mode{});
  Tensor activation = x;
  visit(0, activation);
  for (std::size_t i = 0; i < m_architecture.layers.size(); ++i) {
    activation = outputAt(i, activation);
    visit(i + 1, activation);
  }
  visit(activationCount() - 1, activation.softmax(1));
}

std::vector<std::pair<std::string, Tensor>> Network::parametersFrom(std::size_t layer) const {
  for (std::size_t i = layer; i < m_slots.size(); ++i) {
    if (m_slots[i].parameter >= 0) return {m_parameters.begin() + m_slots[i].parameter, m_parameters.end()};
  }
  return {};
}

bool Network::hasDropout() const {
  return std::any_of(m_architecture.layers.begin(), m_architecture.layers.end(),
                     [](const LayerSpec& layer) { return layer.kind == Kind::Dropout && layer.probability > 0; });
}

Tensor Network::dropoutPasses(const Tensor& x, std::int64_t passes, std::uint64_t seed) const {
  checkInput(x, Mode{});
  if (!hasDropout()) throw Error(ErrorKind::Usage, "the network has no dropout layer", m_architecture.name);
  const std::vector<LayerSpec>& layers = m_architecture.layers;
  std::size_t first = 0;
  Tensor shared = x;
  for (; layers[first].kind != Kind::Dropout; ++first) shared = outputAt(first, shared);
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  std::vector<Tensor> logits;
  for (std::int64_t pass = 0; pass < passes; ++pass) {
    Tensor activation = shared;
    for (std::size_t i = first; i < layers.size(); ++i) {
      if (layers[i].kind != Kind::Dropout) {
        activation = outputAt(i, activation);
        continue;
      }
      const double kept = 1.0 - layers[i].probability;
      std::vector<std::int64_t> sizes = activation.sizes().vec();
      sizes[0] = 1;
      const Tensor mask = at::empty(sizes, torch::kFloat32).bernoulli_(kept, generator).div_(kept);
      activation = activation * mask.to(activation.device(), activation.scalar_type());
    }
    logits.push_back(activation);
  }
  return at::stack(logits);
}

}  // namespace whorl
