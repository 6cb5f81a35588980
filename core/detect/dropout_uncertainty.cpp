// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/dropout_uncertainty.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/nn/architecture.h"

namespace whorl {
namespace {

std::shared_ptr<const NetworkClassifier> networkWithDropout(const Model& model) {
  auto network = networkOf(model, "dropout uncertainty");
  if (network->network().hasDropout()) return network;
  std::string known;
  for (const Architecture& architecture : architectures()) {
    const bool has = std::any_of(architecture.layers.begin(), architecture.layers.end(),
                                 [](const LayerSpec& layer) { return layer.kind == LayerSpec::Kind::Dropout; });
    if (has) known += (known.empty() ? "" : ", ") + architecture.name;
  }
  throw Error(ErrorKind::BadInput, "the network has no dropout layer: its uncertainty is 0 for every image",
              model.name + " (" + network->network().architecture().name + ")",
              "train one of the architectures with dropout: " + known);
}

class DropoutUncertaintyStatistic : public Statistic {
 public:
  DropoutUncertaintyStatistic(const Model& model, const Parameters& parameters)
      : m_network(networkWithDropout(model)), m_passes(parameters.integer("passes")) {}

  torch::Tensor values(const torch::Tensor& images, const torch::Tensor&) const override {
    const torch::Tensor logits = m_network->dropoutPasses(images, m_passes, mixSeed(0, "dropout uncertainty"));
    return passVariance(logits.to(torch::kFloat64).softmax(2)).unsqueeze(1);
  }

 private:
  std::shared_ptr<const NetworkClassifier> m_network;
  std::int64_t m_passes;
};

}  // namespace

torch::Tensor passVariance(const torch::Tensor& probabilities) {
  return (probabilities - probabilities.mean(0, /*keepdim=*/true)).square().mean(0).mean(1);
}

StatisticEntry dropoutUncertaintyStatistic() {
  return {"bu",
          {ParameterSpec::integer("passes", 50, 2, 10000, "", "Forward passes with dropout on (published: 50)")},
          [](const Model& model, const Parameters& parameters) {
            return std::unique_ptr<Statistic>(std::make_unique<DropoutUncertaintyStatistic>(model, parameters));
          }};
}

}  // namespace whorl
