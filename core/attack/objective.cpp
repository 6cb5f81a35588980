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

/// −log softmax(h)_y, away from the label; its negative towards the target.
torch::Tensor crossEntropy(const torch::Tensor& logits, const AttackAims& aims) {
  const torch::Tensor value = precise(logits).log_softmax(1).gather(1, aims.classes().unsqueeze(1)).squeeze(1);
  return aims.targeted() ? value : -value;
}

torch::Tensor margin(const torch::Tensor& logits, const AttackAims& aims) {
  const torch::Tensor value = margins(precise(logits), aims.classes());
  return aims.targeted() ? -value : value;
}

/// The margin over a difference of the highest logits, so that scaling the logits changes nothing.
torch::Tensor differenceOfLogitsRatio(const torch::Tensor& logits, const AttackAims& aims) {
  const std::int64_t needed = aims.targeted() ? 4 : 3;
  if (logits.size(1) < needed) {
    throw Error(ErrorKind::Usage,
                std::string("the loss dlr needs ") + (aims.targeted() ? "4 classes if targeted" : "3 classes") +
                    ", the model has " + std::to_string(logits.size(1)),
                "loss", "use margin");
  }
  const torch::Tensor h = precise(logits);
  const torch::Tensor sorted = std::get<0>(h.sort(1, /*descending=*/true));
  const torch::Tensor first = sorted.select(1, 0);
  const torch::Tensor own = h.gather(1, aims.labels.unsqueeze(1)).squeeze(1);
  if (!aims.targeted()) return margins(h, aims.labels) / (first - sorted.select(1, 2) + 1e-12);
  const torch::Tensor wanted = h.gather(1, aims.targets.unsqueeze(1)).squeeze(1);
  return (wanted - own) / (first - (sorted.select(1, 2) + sorted.select(1, 3)) / 2 + 1e-12);
}

constexpr std::pair<const char*, AttackObjective::Loss> kLosses[] = {
    {"cross_entropy", &crossEntropy},
    {"margin", &margin},
    {"dlr", &differenceOfLogitsRatio},
};

/// The gradient of per-image values, which may keep the graph for another one. Undefined if they don't depend on x.
torch::Tensor gradientOf(const torch::Tensor& values, const torch::Tensor& x, bool keepGraph) {
  if (!values.requires_grad()) return {};
  // Ones, not a sum: every image has its own loss, and no image's loss reaches another's gradient.
  return torch::autograd::grad({values}, {x}, {at::ones_like(values)}, keepGraph, /*create_graph=*/false,
                               /*allow_unused=*/true)[0];
}

/// Without its component along `direction`, image by image.
torch::Tensor orthogonalTo(const torch::Tensor& gradient, const torch::Tensor& direction) {
  const torch::Tensor g = gradient.flatten(1).to(torch::kFloat64);
  const torch::Tensor d = direction.flatten(1).to(torch::kFloat64);
  const torch::Tensor along = (g * d).sum(1, true) / d.square().sum(1, true).clamp_min(1e-300);
  return (g - along * d).view(gradient.sizes()).to(gradient.scalar_type());
}

/// Where the classifier isn't fooled yet its loss, elsewhere away from the detector.
torch::Tensor selected(const torch::Tensor& base, const torch::Tensor& away, const torch::Tensor& logits,
                       const AttackAims& aims, DetectorTerm::Rule rule) {
  const torch::Tensor predictions = logits.argmax(1);
  const torch::Tensor fooled = aims.targeted() ? predictions == aims.targets : predictions != aims.labels;
  const torch::Tensor escape = rule == DetectorTerm::Rule::Orthogonal ? orthogonalTo(away, base) : away;
  return at::where(fooled.view({-1, 1, 1, 1}), escape, base);
}

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

AttackAims AttackAims::select(const torch::Tensor& rows) const {
  const auto at = [&](const torch::Tensor& values) { return values.defined() ? values.index_select(0, rows) : values; };
  return {at(labels), at(targets), at(weights)};
}

AttackObjective::AttackObjective(Loss loss, DetectorTerm detector) : m_loss(loss), m_detector(std::move(detector)) {
  if (!(std::isfinite(m_detector.weight) && m_detector.weight >= 0)) {
    throw Error(ErrorKind::Usage, "the detector's weight must be 0 or more, not " + toText(m_detector.weight),
                "detector_weight");
  }
}

AttackObjective::Value AttackObjective::evaluate(const Classifier& classifier, const torch::Tensor& images,
                                                 const AttackAims& aims) const {
  Value value;
  if (!m_detector) {
    value.logits = classifier.logits(images);
    value.base = m_loss(value.logits, aims);
    value.loss = value.base;
    return value;
  }
  torch::Tensor classes;
  if (m_detector.matched == DetectorTerm::Matched::Label) classes = aims.labels;
  if (m_detector.matched == DetectorTerm::Matched::Target) classes = aims.classes();
  const DifferentiableScore::Value scored = m_detector.score->scored(classifier, images, classes);
  value.logits = scored.logits;
  value.score = scored.score;
  value.base = m_loss(value.logits, aims);
  const torch::Tensor weights = aims.weights.to(value.score.scalar_type());
  const bool hinged = std::isfinite(m_detector.hinge);
  value.loss = value.base - weights * (hinged ? (value.score - m_detector.hinge).relu() : value.score);
  return value;
}

const std::vector<std::string>& attackLosses() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, loss] : kLosses) all.emplace_back(name);
    return all;
  }();
  return names;
}

AttackObjective makeObjective(const std::string& loss, DetectorTerm detector) {
  std::string known;
  for (const auto& [name, function] : kLosses) {
    if (loss == name) return {function, std::move(detector)};
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw Error(ErrorKind::Usage, "there is no attack loss \"" + loss + "\"", "loss", "known: " + known);
}

LossGradient lossGradient(const AttackObjective& objective, const Classifier& classifier, const torch::Tensor& images,
                          const AttackAims& aims) {
  const torch::AutoGradMode gradients(true);
  const torch::Tensor x = images.detach().requires_grad_(true);
  const AttackObjective::Value value = objective.evaluate(classifier, x, aims);
  const char* const hint = "use an attack that needs none, or a model with gradients";
  if (!value.loss.requires_grad()) {
    throw Error(ErrorKind::BadInput, "the model gives no gradient with respect to its input", "attack", hint);
  }
  const bool apart = objective.detector() && objective.detector().rule != DetectorTerm::Rule::Sum;
  torch::Tensor gradient = gradientOf(apart ? value.base : value.loss, x, /*keepGraph=*/apart);
  if (!gradient.defined()) {
    throw Error(ErrorKind::BadInput, "the attack's loss doesn't depend on the image", "attack", hint);
  }
  LossGradient result = {value.loss.detach(), value.logits.detach(),
                         value.score.defined() ? value.score.detach() : torch::Tensor(), gradient};
  if (apart) {
    const torch::Tensor away = gradientOf(-value.score, x, false);
    if (!away.defined()) {
      throw Error(ErrorKind::BadInput, "the detector's score doesn't depend on the image", "attack", hint);
    }
    const torch::NoGradGuard noGradients;
    result.gradient = selected(gradient, away, result.logits, aims, objective.detector().rule);
  }
  return result;
}

}  // namespace whorl
