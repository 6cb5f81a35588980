// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/objective.h"

#include <cmath>
#include <limits>
#include <utility>

#include <torch/csrc/autograd/autograd.h>

#include "core/base/error.h"

namespace whorl {
namespace {

constexpr std::pair<ThreatModel, const char*> kThreatModels[] = {
    {ThreatModel::BlackBox, "black-box"},
    {ThreatModel::GreyBox, "grey-box"},
    {ThreatModel::AdaptiveWhiteBox, "adaptive-white-box"},
};

torch::Tensor precise(const torch::Tensor& logits) {
  return logits.scalar_type() == torch::kFloat64 ? logits : logits.to(torch::kFloat32);
}

/// −log softmax(h)_y, away from `classes`; its negative towards them.
class CrossEntropy : public AttackObjective {
 public:
  explicit CrossEntropy(bool targeted) : m_targeted(targeted) {}
  Value evaluate(const Classifier& classifier, const torch::Tensor& images,
                 const torch::Tensor& classes) const override {
    const torch::Tensor logits = classifier.logits(images);
    const torch::Tensor logProbability = precise(logits).log_softmax(1).gather(1, classes.unsqueeze(1)).squeeze(1);
    return {m_targeted ? logProbability : -logProbability, logits};
  }

 private:
  bool m_targeted;
};

/// max_{j≠y} h_j − h_y, and its negative towards a target.
class Margin : public AttackObjective {
 public:
  explicit Margin(bool targeted) : m_targeted(targeted) {}
  Value evaluate(const Classifier& classifier, const torch::Tensor& images,
                 const torch::Tensor& classes) const override {
    const torch::Tensor logits = classifier.logits(images);
    const torch::Tensor margin = margins(precise(logits), classes);
    return {m_targeted ? -margin : margin, logits};
  }

 private:
  bool m_targeted;
};

class WithDetector : public AttackObjective {
 public:
  WithDetector(std::unique_ptr<AttackObjective> base, std::shared_ptr<const DifferentiableScore> score, double weight)
      : m_base(std::move(base)), m_score(std::move(score)), m_weight(weight) {}

  Value evaluate(const Classifier& classifier, const torch::Tensor& images,
                 const torch::Tensor& classes) const override {
    Value value = m_base->evaluate(classifier, images, classes);
    if (m_weight == 0) return value;
    value.loss = value.loss - m_weight * m_score->score(classifier, images);
    return value;
  }

  ThreatModel needs() const override { return ThreatModel::AdaptiveWhiteBox; }

 private:
  std::unique_ptr<AttackObjective> m_base;
  std::shared_ptr<const DifferentiableScore> m_score;
  double m_weight;
};

}  // namespace

std::string threatModelName(ThreatModel model) {
  for (const auto& [known, name] : kThreatModels) {
    if (known == model) return name;
  }
  throw Error(ErrorKind::Internal, "a threat model without a name");
}

ThreatModel parseThreatModel(const std::string& name) {
  std::string all;
  for (const auto& [model, known] : kThreatModels) {
    if (name == known) return model;
    all += (all.empty() ? "" : ", ") + std::string(known);
  }
  throw Error(ErrorKind::Usage, "there is no threat model \"" + name + "\"", "threat model", "known: " + all);
}

torch::Tensor margins(const torch::Tensor& logits, const torch::Tensor& classes) {
  const torch::Tensor column = classes.unsqueeze(1);
  const torch::Tensor others = logits.scatter(1, column, -std::numeric_limits<double>::infinity());
  return std::get<0>(others.max(1)) - logits.gather(1, column).squeeze(1);
}

std::unique_ptr<AttackObjective> makeObjective(const std::string& loss, bool targeted) {
  if (loss == "cross_entropy") return std::make_unique<CrossEntropy>(targeted);
  if (loss == "margin") return std::make_unique<Margin>(targeted);
  throw Error(ErrorKind::Usage, "there is no attack loss \"" + loss + "\"", "loss", "known: cross_entropy, margin");
}

std::unique_ptr<AttackObjective> withDetector(std::unique_ptr<AttackObjective> base,
                                              std::shared_ptr<const DifferentiableScore> score, double weight) {
  if (!base || !score) throw Error(ErrorKind::Internal, "an adaptive objective needs a loss and a detector's score");
  if (!std::isfinite(weight) || weight < 0) {
    throw Error(ErrorKind::Usage, "the detector's weight must be 0 or more, not " + toText(weight), "detector weight");
  }
  return std::make_unique<WithDetector>(std::move(base), std::move(score), weight);
}

LossGradient lossGradient(const AttackObjective& objective, const Classifier& classifier, const torch::Tensor& images,
                          const torch::Tensor& classes) {
  const torch::AutoGradMode gradients(true);
  const torch::Tensor x = images.detach().requires_grad_(true);
  const AttackObjective::Value value = objective.evaluate(classifier, x, classes);
  const char* const hint = "use an attack that needs none, or a model with gradients";
  if (!value.loss.requires_grad()) {
    throw Error(ErrorKind::BadInput, "the model gives no gradient with respect to its input", "attack", hint);
  }
  // Ones, not a sum: every image has its own loss, and no image's loss reaches another's gradient.
  const torch::Tensor gradient = torch::autograd::grad({value.loss}, {x}, {at::ones_like(value.loss)},
                                                       /*retain_graph=*/false, /*create_graph=*/false,
                                                       /*allow_unused=*/true)[0];
  if (!gradient.defined()) {
    throw Error(ErrorKind::BadInput, "the attack's loss doesn't depend on the image", "attack", hint);
  }
  return {value.loss.detach(), value.logits.detach(), gradient};
}

}  // namespace whorl
