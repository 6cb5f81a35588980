// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/stability.h"

#include <numeric>

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sub.h>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/train/noise.h"

namespace whorl {
namespace {

using torch::Tensor;

/// Under the square root of a distance: its gradient at 0 is not a number.
constexpr double kTiny = 1e-12;

Tensor unitRows(const Tensor& x) { return x / x.square().sum(-1, true).add(kTiny).sqrt(); }

Tensor distance(const Tensor& a, const Tensor& b) { return (a - b).square().sum(-1).add(kTiny).sqrt(); }

std::vector<ParameterSpec> withNoise(std::vector<ParameterSpec> parameters) {
  for (const ParameterSpec& parameter : noiseParameters()) parameters.push_back(parameter);
  return parameters;
}

/// A part that wants one noisy copy of the batch. Parts of one sum see the same copies: the seed is the step's.
class NoisyCopyPart : public LossPart {
 public:
  explicit NoisyCopyPart(const Parameters& parameters) : m_noise(parameters) {}
  std::int64_t copies() const override { return 1; }
  void fill(Tensor target, const Tensor&, const TrainingNetwork& network, const TrainingBatch& batch) const override {
    const Tensor noisy = m_noise.apply(batch.images, mixSeed(batch.seed, "noise"));
    target.copy_((noisy - network.mean).div_(network.scale));
  }

 private:
  Noise m_noise;
};

// ---- Stability ----

class StabilityPart : public NoisyCopyPart {
 public:
  explicit StabilityPart(const Parameters& parameters)
      : NoisyCopyPart(parameters),
        m_weight(parameters.real("stability_weight")),
        m_divergence(parameters.text("stability_divergence")),
        m_of(parameters.text("stability_of")),
        m_stopGradient(parameters.boolean("stop_gradient")) {
    const bool probabilities = m_divergence == "cross_entropy" || m_divergence == "kl";
    if (probabilities && m_of != "logits") {
      throw Error(ErrorKind::Usage, m_divergence + " compares probabilities, not " + m_of, "stability_of",
                  "use logits, or stability_divergence=squared_l2");
    }
  }

  std::string termName() const override { return "stability"; }
  bool needsClean() const override { return true; }
  bool needsFeatures() const override { return m_of != "logits"; }
  bool needsLogits() const override { return m_of == "logits"; }

  Tensor term(const LossAnswers& answers, const TrainingBatch&) const override {
    Tensor clean = needsFeatures() ? answers.cleanFeatures : answers.clean;
    Tensor shifted = (needsFeatures() ? answers.shiftedFeatures : answers.shifted).squeeze(0);
    if (m_of == "unit_features") {
      clean = unitRows(clean);
      shifted = unitRows(shifted);
    }
    if (m_stopGradient) clean = clean.detach();
    return stabilityDistance(m_divergence, clean, shifted).mean().mul(m_weight);
  }

 private:
  double m_weight;
  std::string m_divergence;
  std::string m_of;
  bool m_stopGradient;
};

const OperationSpec& stabilitySpec() {
  static const OperationSpec spec = {
      "stability", "Stability",
      "Cross-entropy of the clean images, and how far the answer to a noisy copy is from the answer to the image.",
      "Zheng, Song, Leung, Goodfellow 2016",
      withNoise(
          {ParameterSpec::real("stability_weight", 1, 0, 1000, "",
                               "α, factor on the stability term; published for squared_l2: about 0.01"),
           ParameterSpec::choice("stability_divergence", "cross_entropy", {"cross_entropy", "kl", "squared_l2", "l2"},
                                 "D, between the answers' probabilities (the first two) or values"),
           ParameterSpec::choice("stability_of", "logits", {"logits", "features", "unit_features"},
                                 "What squared_l2 and l2 compare: logits, the last hidden layer, or that "
                                 "brought to length 1"),
           ParameterSpec::boolean("stop_gradient", false,
                                  "The answer to the clean image is a target: no gradient flows through it")})};
  return spec;
}

// ---- Noisy copies ----

class NoisyPart : public NoisyCopyPart {
 public:
  explicit NoisyPart(const Parameters& parameters)
      : NoisyCopyPart(parameters), m_weight(parameters.real("noisy_weight")) {}
  std::string termName() const override { return "noisy"; }
  bool needsClean() const override { return false; }
  Tensor term(const LossAnswers& answers, const TrainingBatch& batch) const override {
    return at::cross_entropy_loss(answers.shifted.squeeze(0), batch.labels).mul(m_weight);
  }

 private:
  double m_weight;
};

const OperationSpec& noisySpec() {
  static const OperationSpec spec = {
      "noisy", "Noisy", "Cross-entropy of noisy copies of the images: data augmentation.", "",
      withNoise({ParameterSpec::real("noisy_weight", 1, 0, 1000, "", "Factor on the term of the noisy copies")})};
  return spec;
}

// ---- Triplets ----

class TripletPart : public NoisyCopyPart {
 public:
  explicit TripletPart(const Parameters& parameters)
      : NoisyCopyPart(parameters),
        m_weight(parameters.real("triplet_weight")),
        m_margin(parameters.real("triplet_margin")) {}
  std::string termName() const override { return "triplet"; }
  bool needsClean() const override { return true; }
  bool needsFeatures() const override { return true; }
  bool needsLogits() const override { return false; }

  Tensor term(const LossAnswers& answers, const TrainingBatch& batch) const override {
    const Tensor query = unitRows(answers.cleanFeatures);
    const Tensor positive = unitRows(answers.shiftedFeatures.squeeze(0));
    const Tensor order = torch::tensor(tripletNegatives(query.size(0), batch.seed), torch::kInt64);
    const Tensor negative = query.index_select(0, order.to(query.device()));
    return tripletHinge(query, positive, negative, m_margin).mean().mul(m_weight);
  }

 private:
  double m_weight;
  double m_margin;
};

const OperationSpec& tripletSpec() {
  static const OperationSpec spec = {
      "triplet", "Triplet",
      "An embedding: the last hidden layer, brought to length 1, of a noisy copy lies closer to its image's than "
      "another image's does. The last layer learns to classify beside it.",
      "Wang et al. 2014; Zheng, Song, Leung, Goodfellow 2016, section 3.3",
      withNoise({ParameterSpec::real("triplet_weight", 1, 0, 1000, "", "Factor on the triplet term"),
                 ParameterSpec::real("triplet_margin", 0.1, 0, 2, "",
                                     "g: how much closer, in distance on the unit sphere")})};
  return spec;
}

}  // namespace

torch::Tensor stabilityDistance(const std::string& divergence, const Tensor& clean, const Tensor& shifted) {
  if (divergence == "squared_l2") return (clean - shifted).square().sum(-1);
  if (divergence == "l2") return distance(clean, shifted);
  const Tensor logP = at::log_softmax(clean, -1);
  const Tensor logQ = at::log_softmax(shifted, -1);
  if (divergence == "cross_entropy") return (logP.exp() * logQ).sum(-1).neg();
  if (divergence == "kl") return (logP.exp() * (logP - logQ)).sum(-1);
  throw Error(ErrorKind::Internal, "no divergence is called \"" + divergence + "\"", "stability");
}

torch::Tensor tripletHinge(const Tensor& query, const Tensor& positive, const Tensor& negative, double margin) {
  return at::relu(distance(query, positive) - distance(query, negative) + margin);
}

std::vector<std::int64_t> tripletNegatives(std::int64_t count, std::uint64_t stepSeed) {
  // A random circle: each image's negative is the next one on it.
  std::vector<std::int64_t> circle(static_cast<std::size_t>(count));
  std::iota(circle.begin(), circle.end(), std::int64_t{0});
  Random random(mixSeed(stepSeed, "triplet"));
  random.shuffle(circle);
  std::vector<std::int64_t> negatives(circle.size());
  for (std::size_t i = 0; i < circle.size(); ++i) {
    negatives[static_cast<std::size_t>(circle[i])] = circle[(i + 1) % circle.size()];
  }
  return negatives;
}

ObjectiveEntry stabilityEntry() {
  return {&stabilitySpec(), false, true, [](const Parameters& parameters, const Fingerprints*) {
            // Weight 0 is plain training to the bit: the copies would change BatchNorm's statistics.
            std::unique_ptr<LossPart> part;
            if (parameters.real("stability_weight") > 0) part = std::make_unique<StabilityPart>(parameters);
            return part;
          }};
}

ObjectiveEntry noisyEntry() {
  return {&noisySpec(), false, false, [](const Parameters& parameters, const Fingerprints*) {
            return std::unique_ptr<LossPart>(std::make_unique<NoisyPart>(parameters));
          }};
}

ObjectiveEntry tripletEntry() {
  return {&tripletSpec(), false, false, [](const Parameters& parameters, const Fingerprints*) {
            return std::unique_ptr<LossPart>(std::make_unique<TripletPart>(parameters));
          }};
}

}  // namespace whorl
