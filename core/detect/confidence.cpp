// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/confidence.h"

#include <functional>
#include <limits>
#include <utility>

#include <ATen/ops/logsumexp.h>

namespace whorl {
namespace {

using torch::Tensor;

/// From logits [B,K] (float64) and the class [B] as which an image wants to pass.
using LogitScore = std::function<Tensor(const Tensor& logits, const Tensor& classes)>;

Tensor atClass(const Tensor& logits, const Tensor& classes) {
  return logits.gather(1, classes.unsqueeze(1)).squeeze(1);
}

class ConfidenceScore : public DifferentiableScore {
 public:
  explicit ConfidenceScore(LogitScore score) : m_score(std::move(score)) {}

  Value scored(const Classifier& classifier, const Tensor& images, const Tensor& classes) const override {
    const Tensor logits = classifier.logits(images);
    const Tensor precise = logits.to(torch::kFloat64);
    return {m_score(precise, classes.defined() ? classes : precise.argmax(1)), logits};
  }

 private:
  LogitScore m_score;
};

class ConfidenceStatistic : public Statistic {
 public:
  ConfidenceStatistic(std::shared_ptr<const Classifier> classifier, LogitScore score)
      : m_classifier(std::move(classifier)), m_score(std::make_shared<ConfidenceScore>(std::move(score))) {}

  Tensor values(const Tensor& images, const Tensor&) const override {
    return m_score->score(*m_classifier, images).unsqueeze(1);
  }

  std::shared_ptr<const DifferentiableScore> differentiableScore() const override {
    return m_classifier->differentiable() ? m_score : nullptr;
  }

 private:
  std::shared_ptr<const Classifier> m_classifier;
  std::shared_ptr<const ConfidenceScore> m_score;
};

std::unique_ptr<Statistic> make(const Model& model, LogitScore score) {
  return std::make_unique<ConfidenceStatistic>(model.classifier, std::move(score));
}

Tensor negativeLogProbability(const Tensor& logits, const Tensor& classes) {
  return at::logsumexp(logits, {1}) - atClass(logits, classes);
}

Tensor negativeMargin(const Tensor& logits, const Tensor& classes) {
  const Tensor others = logits.scatter(1, classes.unsqueeze(1), -std::numeric_limits<double>::infinity());
  return others.amax(1) - atClass(logits, classes);
}

}  // namespace

StatisticEntry maxSoftmaxStatistic() {
  return {"max-softmax", {}, [](const Model& model, const Parameters&) { return make(model, negativeLogProbability); }};
}

StatisticEntry energyStatistic() {
  return {"energy",
          {ParameterSpec::real("energy_temperature", 1, 1e-3, 1000, "", "T of the energy −T log Σ exp(h / T)")},
          [](const Model& model, const Parameters& parameters) {
            const double t = parameters.real("energy_temperature");
            return make(model,
                        [t](const Tensor& logits, const Tensor&) { return -t * at::logsumexp(logits / t, {1}); });
          }};
}

StatisticEntry logitMarginStatistic() {
  return {"logit-margin", {}, [](const Model& model, const Parameters&) { return make(model, negativeMargin); }};
}

}  // namespace whorl
