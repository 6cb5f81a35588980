// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <numeric>
#include <set>

#include <ATen/ops/add.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/sub.h>

#include "core/attack/attack.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/train/stability.h"
#include "core/train/training_loss.h"

namespace whorl {
namespace {

// ---- Fingerprints ----

class FingerprintPart : public LossPart {
 public:
  FingerprintPart(const Parameters& parameters, const Fingerprints& fingerprints)
      : m_fingerprints(fingerprints),
        m_perStep(parameters.integer("fingerprints_per_step")),
        m_weight(parameters.real("fingerprint_weight")) {}

  std::string termName() const override { return "fingerprint"; }
  bool needsClean() const override { return true; }
  std::int64_t copies() const override {
    const std::int64_t all = m_fingerprints.count();
    return m_perStep == 0 ? all : std::min(m_perStep, all);
  }

  void fill(torch::Tensor target, const torch::Tensor& clean, const TrainingNetwork& network,
            const TrainingBatch& batch) const override {
    // (x + dx - mean) / scale = normalised x + dx / scale.
    const std::int64_t size = clean.size(0);
    std::int64_t first = 0;
    for (const std::int64_t i : subset(batch)) {
      torch::Tensor part = target.narrow(0, first, size);
      at::add_out(part, clean, m_fingerprints.dx.narrow(0, i, 1).div(network.scale));
      first += size;
    }
  }

  torch::Tensor term(const LossAnswers& answers, const TrainingBatch& batch) const override {
    const std::vector<std::int64_t> chosen = subset(batch);
    torch::Tensor dy = m_fingerprints.dy;
    if (chosen.size() < static_cast<std::size_t>(m_fingerprints.count())) {
      std::vector<torch::Tensor> rows;
      rows.reserve(chosen.size());
      for (const std::int64_t i : chosen) rows.push_back(m_fingerprints.dy.select(0, i));
      dy = at::stack(rows);
    }
    // N/K makes the subset's sum an unbiased estimate of the sum over all.
    const double factor = m_weight * static_cast<double>(m_fingerprints.count()) / static_cast<double>(chosen.size());
    return fingerprintErrors(answers.clean, answers.shifted, dy, batch.labels).sum().mul(factor);
  }

 private:
  std::vector<std::int64_t> subset(const TrainingBatch& batch) const {
    return fingerprintSubset(m_perStep, m_fingerprints.count(), batch.seed);
  }

  Fingerprints m_fingerprints;
  std::int64_t m_perStep;
  double m_weight;
};

// ---- Adversarial training ----

/// The network in training as an attack sees it: in eval mode, with the running statistics, so that the images of a
/// batch don't influence one another's adversary and the statistics are those of the training forward alone.
class LiveClassifier : public Classifier {
 public:
  explicit LiveClassifier(const TrainingNetwork& network) : m_live(network) {}

  torch::Tensor logits(const torch::Tensor& images) const override {
    Network::Mode mode;
    mode.computeType = m_live.mode.computeType;
    return m_live.network.forward((images - m_live.mean) / m_live.scale, mode);
  }
  ImageShape inputShape() const override { return m_live.network.inputShape(); }
  int classCount() const override { return m_live.network.classCount(); }
  bool differentiable() const override { return true; }
  torch::Device device() const override { return m_live.network.device(); }
  torch::Dtype dtype() const override { return m_live.mean.scalar_type(); }

 private:
  const TrainingNetwork& m_live;
};

class AdversarialPart : public LossPart {
 public:
  explicit AdversarialPart(const Parameters& parameters)
      : m_attack(findAttack("pgd")), m_weight(parameters.real("adversarial_weight")) {
    Parameters given;
    for (const char* name : {"epsilon", "step_size", "steps", "random_start"}) {
      given.set(name, parameters.values().at(name));
    }
    given.set("norm", std::string("linf"));
    // All steps are run: training wants the worst image, not the first that is bad enough.
    given.set("stop", std::string("last"));
    m_parameters = resolve("pgd", m_attack.spec().parameters, given);
  }

  std::string termName() const override { return "adversarial"; }
  bool needsClean() const override { return false; }
  std::int64_t copies() const override { return 1; }

  void fill(torch::Tensor target, const torch::Tensor&, const TrainingNetwork& network,
            const TrainingBatch& batch) const override {
    AttackRequest request;
    request.images = batch.images;
    request.labels = batch.labels;
    request.indices.resize(static_cast<std::size_t>(batch.images.size(0)));
    std::iota(request.indices.begin(), request.indices.end(), std::int64_t{0});
    request.seed = mixSeed(batch.seed, "adversarial");
    const AttackOutcome outcome = m_attack.run(LiveClassifier(network), request, m_parameters, JobContext());
    target.copy_((outcome.adversarial - network.mean).div_(network.scale));
  }

  torch::Tensor term(const LossAnswers& answers, const TrainingBatch& batch) const override {
    return at::cross_entropy_loss(answers.shifted.squeeze(0), batch.labels).mul(m_weight);
  }

 private:
  const Attack& m_attack;
  Parameters m_parameters;
  double m_weight;
};

// ---- The table ----

const OperationSpec& plainSpec() {
  static const OperationSpec spec = {"plain", "Plain", "Cross-entropy of the clean images.", "", {}};
  return spec;
}

const OperationSpec& fingerprintSpec() {
  static const OperationSpec spec = [] {
    OperationSpec made = {
        "fingerprint",
        "Neural Fingerprinting",
        "Cross-entropy, and secret input directions whose effect on the normalised logits is trained.",
        "Dathathri, Zheng, Yin, Murray, Yue 2018, section 3",
        {ParameterSpec::real("fingerprint_weight", 1, 0, 1000, "", "Factor on the fingerprint term"),
         ParameterSpec::integer("fingerprints_per_step", 0, 0, 1000, "",
                                "Random fingerprints per step, 0 for all; the term is scaled to match")}};
    for (const ParameterSpec& parameter : fingerprintParameters()) made.parameters.push_back(parameter);
    return made;
  }();
  return spec;
}

const OperationSpec& adversarialSpec() {
  static const OperationSpec spec = {
      "adversarial",
      "Adversarial",
      "Cross-entropy of PGD adversaries (linf) of the network as it is, found in eval mode.",
      "Madry, Makelov, Schmidt, Tsipras, Vladu 2018",
      {ParameterSpec::real("adversarial_weight", 1, 0, 1000, "", "Factor on the adversarial term"),
       ParameterSpec::real("epsilon", 0.3, 0, 1, "[0,1]", "Largest change of a pixel"),
       ParameterSpec::real("step_size", 0.01, 1e-6, 1, "[0,1]", "Change of a pixel in one step of the attack"),
       ParameterSpec::integer("steps", 40, 1, 1000, "", "Steps of the attack"),
       ParameterSpec::boolean("random_start", true, "Start from a random point of the ball")}};
  return spec;
}

std::vector<const ObjectiveEntry*> parseObjective(const std::string& objective) {
  std::vector<const ObjectiveEntry*> entries;
  std::size_t start = 0;
  while (true) {
    const std::size_t end = std::min(objective.find('+', start), objective.size());
    const std::string name = objective.substr(start, end - start);
    const auto& table = trainingObjectives();
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const ObjectiveEntry& entry) { return entry.spec->name == name; });
    if (found == table.end()) {
      std::string known;
      for (const ObjectiveEntry& entry : table) known += (known.empty() ? "" : ", ") + entry.spec->name;
      throw Error(ErrorKind::Usage, "there is no training objective \"" + name + "\"", "train",
                  "use one of " + known + ", or a sum such as plain+adversarial");
    }
    if (std::find(entries.begin(), entries.end(), &*found) != entries.end()) {
      throw Error(ErrorKind::Usage, "the objective \"" + name + "\" is there twice", "train",
                  "name it once in " + objective);
    }
    entries.push_back(&*found);
    if (end == objective.size()) return entries;
    start = end + 1;
  }
}

/// The clean cross-entropy (at most once) and any parts, in one forward.
class SumLoss : public TrainingLoss {
 public:
  SumLoss(bool crossEntropy, std::vector<std::unique_ptr<LossPart>> parts)
      : m_crossEntropy(crossEntropy), m_clean(crossEntropy), m_logits(crossEntropy), m_parts(std::move(parts)) {
    for (const auto& part : m_parts) {
      m_copies += part->copies();
      m_clean = m_clean || part->needsClean();
      m_features = m_features || part->needsFeatures();
      m_logits = m_logits || part->needsLogits();
    }
    m_copies += m_clean ? 1 : 0;
  }

  Value evaluate(const TrainingNetwork& network, const TrainingBatch& batch) const override {
    const std::int64_t size = batch.images.size(0);
    const torch::Tensor input = assembled(network, batch);
    torch::Tensor features;
    if (m_features) {
      features = network.network.features(input, network.mode);
      features = features.view({m_copies, size, features.size(1)});
    }
    const torch::Tensor logits = logitsOf(network, input, features).view({m_copies, size, -1});

    Value value;
    value.copies = m_copies * size;
    value.logits = logits.select(0, 0).detach();
    LossAnswers answers;
    if (m_clean) answers.clean = logits.select(0, 0);
    if (m_clean && m_features) answers.cleanFeatures = features.select(0, 0);
    if (m_crossEntropy) value.terms.push_back({"cross_entropy", at::cross_entropy_loss(answers.clean, batch.labels)});
    std::int64_t first = m_clean ? 1 : 0;
    for (const auto& part : m_parts) {
      answers.shifted = logits.narrow(0, first, part->copies());
      if (m_features) answers.shiftedFeatures = features.narrow(0, first, part->copies());
      value.terms.push_back({part->termName(), part->term(answers, batch)});
      first += part->copies();
    }
    if (!m_logits) value.terms.push_back({"probe", at::cross_entropy_loss(logits.select(0, 0), batch.labels)});
    return value;
  }

 private:
  /// Logits of all. Where no term is made of them, the last layer alone learns to classify (a linear probe): the
  /// features don't follow it, and the accuracy says what they are good for.
  torch::Tensor logitsOf(const TrainingNetwork& network, const torch::Tensor& input,
                         const torch::Tensor& features) const {
    if (!m_features) return network.network.forward(input, network.mode);
    const torch::Tensor flat = features.flatten(0, 1);
    return network.network.logitsOf(m_logits ? flat : flat.detach());
  }

  /// The normalised batch and all copies in one tensor.
  torch::Tensor assembled(const TrainingNetwork& network, const TrainingBatch& batch) const {
    const torch::Tensor normalised = (batch.images - network.mean).div_(network.scale);
    if (m_parts.empty()) return normalised;
    const std::int64_t size = batch.images.size(0);
    std::vector<std::int64_t> shape = normalised.sizes().vec();
    shape[0] = m_copies * size;
    const torch::Tensor all = at::empty(shape, normalised.options());
    std::int64_t first = 0;
    if (m_clean) {
      all.narrow(0, 0, size).copy_(normalised);
      first = size;
    }
    for (const auto& part : m_parts) {
      const std::int64_t count = part->copies() * size;
      part->fill(all.narrow(0, first, count), normalised, network, batch);
      first += count;
    }
    return all;
  }

  bool m_crossEntropy;
  bool m_clean;
  bool m_features = false;
  bool m_logits;
  std::int64_t m_copies = 0;
  std::vector<std::unique_ptr<LossPart>> m_parts;
};

}  // namespace

std::vector<std::int64_t> fingerprintSubset(std::int64_t count, std::int64_t total, std::uint64_t stepSeed) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(total));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  if (count == 0 || count >= total) return all;
  Random random(mixSeed(stepSeed, "fingerprint subset"));
  random.shuffle(all);
  all.resize(static_cast<std::size_t>(count));
  std::sort(all.begin(), all.end());
  return all;
}

const std::vector<ObjectiveEntry>& trainingObjectives() {
  static const std::vector<ObjectiveEntry> table = {
      {&plainSpec(), false, true, [](const Parameters&, const Fingerprints*) { return std::unique_ptr<LossPart>(); }},
      {&fingerprintSpec(), true, true,
       [](const Parameters& parameters, const Fingerprints* fingerprints) -> std::unique_ptr<LossPart> {
         if (!fingerprints) throw Error(ErrorKind::Internal, "a fingerprint objective without fingerprints", "train");
         return std::make_unique<FingerprintPart>(parameters, *fingerprints);
       }},
      {&adversarialSpec(), false, false,
       [](const Parameters& parameters, const Fingerprints*) -> std::unique_ptr<LossPart> {
         return std::make_unique<AdversarialPart>(parameters);
       }},
      stabilityEntry(),
      noisyEntry(),
      tripletEntry(),
  };
  return table;
}

std::vector<ParameterSpec> objectiveParameters(const std::string& objective) {
  std::vector<ParameterSpec> parameters;
  std::set<std::string> seen;
  for (const ObjectiveEntry* entry : parseObjective(objective)) {
    for (const ParameterSpec& parameter : entry->spec->parameters) {
      if (seen.insert(parameter.name).second) parameters.push_back(parameter);
    }
  }
  return parameters;
}

bool objectiveNeedsFingerprints(const std::string& objective) {
  const auto entries = parseObjective(objective);
  return std::any_of(entries.begin(), entries.end(), [](const auto* entry) { return entry->needsFingerprints; });
}

std::unique_ptr<TrainingLoss> makeTrainingLoss(const std::string& objective, const Parameters& parameters,
                                               const Fingerprints* fingerprints) {
  bool crossEntropy = false;
  std::vector<std::unique_ptr<LossPart>> parts;
  for (const ObjectiveEntry* entry : parseObjective(objective)) {
    crossEntropy = crossEntropy || entry->addsCleanCrossEntropy;
    if (auto part = entry->make(parameters, fingerprints)) parts.push_back(std::move(part));
  }
  return std::make_unique<SumLoss>(crossEntropy, std::move(parts));
}

}  // namespace whorl
