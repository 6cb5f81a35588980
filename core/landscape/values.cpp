// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/values.h"

#include <algorithm>

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include "core/attack/objective.h"
#include "core/base/error.h"

namespace whorl {
namespace {

torch::Tensor onHost(const torch::Tensor& values) { return values.detach().to(torch::kCPU, torch::kFloat64); }

torch::Tensor crossEntropy(const PointAnswers& answers) {
  return -answers.logits.log_softmax(1).gather(1, answers.labels.unsqueeze(1)).squeeze(1);
}

/// KL(f(x₀) ‖ f(x)): what stability training lowers (Zheng et al. 2016, section 3.3), up to the entropy of f(x₀).
torch::Tensor stability(const PointAnswers& answers) {
  const torch::Tensor centre = answers.centre.log_softmax(1);
  return (centre.exp() * (centre - answers.logits.log_softmax(1))).sum(1).clamp_min(0);
}

torch::Tensor leastDistance(const PointAnswers& answers) { return answers.distances.amin(1); }

std::vector<ValueEntry> makeTable() {
  std::vector<ValueEntry> table;
  const auto add = [&](const char* name, const char* title, const char* summary,
                       torch::Tensor (*of)(const PointAnswers&)) -> ValueEntry& {
    ValueEntry entry;
    entry.spec = {name, title, summary, "", {}};
    entry.of = of;
    table.push_back(std::move(entry));
    return table.back();
  };
  add("cross_entropy", "Cross-entropy", "-log of the probability of the image's class, in nats", crossEntropy);
  add("margin", "Margin", "Largest other logit minus that of the image's class: above 0 it is misclassified",
      [](const PointAnswers& answers) { return margins(answers.logits, answers.labels); });
  add("confidence", "Confidence", "Largest probability",
      [](const PointAnswers& answers) { return answers.logits.softmax(1).amax(1); });
  add("predicted", "Predicted class", "The class, counted from 0",
      [](const PointAnswers& answers) { return answers.logits.argmax(1).to(torch::kFloat64); });
  add("gradient_norm", "Gradient norm", "L2 norm of the cross-entropy's gradient with respect to the image",
      [](const PointAnswers& answers) { return answers.gradientNorm; })
      .gradients = true;
  add("stability_distance", "Stability distance",
      "Kullback-Leibler divergence of the probabilities from those at the landscape's middle, in nats", stability);
  add("fingerprint_distance", "Fingerprint distance", "Least distance of any class, which the threshold is for",
      leastDistance)
      .distances = true;
  ValueEntry& each = add("fingerprint_distances", "Fingerprint distance of each class", "One layer a class",
                         [](const PointAnswers& answers) { return answers.distances; });
  each.distances = true;
  each.perClass = true;
  ValueEntry& accepted =
      add("accepted", "Accept region", "1 where the fingerprint distance is below the threshold, else 0",
          [](const PointAnswers& answers) { return (leastDistance(answers) < answers.threshold).to(torch::kFloat64); });
  accepted.distances = true;
  accepted.threshold = true;
  add("detector_score", "Detector's score", "Of the detector that was named: higher is more adversarial",
      [](const PointAnswers& answers) { return answers.detectorScore; })
      .detector = true;
  return table;
}

void requireFor(const ValueEntry& entry, const ValueSources& sources) {
  const auto lacks = [&](const std::string& what, const std::string& hint) {
    return Error(ErrorKind::Usage, "this value needs " + what, "values: " + entry.spec.name, hint);
  };
  if (entry.distances && !sources.fingerprints) {
    throw lacks("fingerprints, and the model has none", "choose a fingerprinted model, or another value");
  }
  if (entry.threshold && !sources.threshold) {
    throw lacks("a threshold, and the model has none", "give one");
  }
  if (entry.detector && !sources.detector) throw lacks("a detector", "name one");
  if (entry.gradients && !sources.classifier->differentiable()) {
    throw Error(ErrorKind::BadInput, "the model gives no gradients", "values: " + entry.spec.name,
                "choose another value");
  }
}

void requireFinite(const torch::Tensor& numbers) {
  if (!numbers.defined() || numbers.isfinite().all().item<bool>()) return;
  throw Error(ErrorKind::BadInput, "the model gives NaN or infinite numbers for a point", "landscape",
              "choose a smaller range; if it happens at the image itself, the model is damaged");
}

}  // namespace

const std::vector<ValueEntry>& landscapeValues() {
  static const std::vector<ValueEntry> table = makeTable();
  return table;
}

const ValueEntry& findValue(const std::string& name) {
  std::string known;
  for (const ValueEntry& entry : landscapeValues()) {
    if (entry.spec.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.spec.name;
  }
  throw Error(ErrorKind::Usage, name.empty() ? "no value was named" : "there is no value \"" + name + "\"", "values",
              "one of " + known);
}

PointValues::PointValues(ValueSources sources, const std::vector<std::string>& names) : m_sources(std::move(sources)) {
  const torch::NoGradGuard noGradients;
  const std::int64_t classes = m_sources.classifier->classCount();
  if (m_sources.label < 0 || m_sources.label >= classes) {
    throw Error(ErrorKind::Usage, "the model has no class " + std::to_string(m_sources.label), "label",
                "classes count from 0 to " + std::to_string(classes - 1));
  }
  if (names.empty()) findValue("");
  bool centre = false;
  for (const std::string& name : names) {
    const ValueEntry& entry = findValue(name);
    if (std::find(m_wanted.begin(), m_wanted.end(), &entry) != m_wanted.end()) {
      throw Error(ErrorKind::Usage, "\"" + name + "\" is asked for twice", "values");
    }
    requireFor(entry, m_sources);
    m_wanted.push_back(&entry);
    m_distances |= entry.distances;
    m_gradients |= entry.gradients;
    m_detector |= entry.detector;
    centre |= entry.of == stability;
    for (std::int64_t k = 0; k < (entry.perClass ? classes : 1); ++k) {
      m_layers.push_back(entry.perClass ? name + "_" + std::to_string(k) : name);
    }
  }
  if (centre) {
    m_centre = onHost(m_sources.classifier->logits(m_sources.image));
    requireFinite(m_centre);
  }
}

std::int64_t PointValues::copies() const {
  return 1 + (m_distances ? m_sources.fingerprints->fingerprints().count() : 0);
}

PointAnswers PointValues::answers(const torch::Tensor& images) const {
  const Classifier& classifier = *m_sources.classifier;
  const std::int64_t batch = images.size(0);
  PointAnswers answers;
  answers.labels = at::full({batch}, m_sources.label, torch::kInt64);
  answers.centre = m_centre;
  answers.threshold = m_sources.threshold.value_or(0);
  if (m_gradients) {
    const AttackAims aims{answers.labels.to(images.device()), {}, {}};
    const LossGradient found = lossGradient(makeObjective("cross_entropy"), classifier, images, aims);
    answers.logits = found.logits;
    answers.gradientNorm = onHost(found.gradient.flatten(1).norm(2, 1));
    if (m_distances) {
      // The copies alone: with the image among them the way back would go through all of them.
      const Fingerprints& secret = m_sources.fingerprints->fingerprints();
      const torch::Tensor offsets = secret.dx.to(images.device(), images.scalar_type()).unsqueeze(1);
      const torch::Tensor shifted = classifier.logits((images.unsqueeze(0) + offsets).flatten(0, 1));
      answers.distances = onHost(fingerprintDistances(answers.logits, shifted.view({secret.count(), batch, -1}),
                                                      secret.dy.to(images.device())));
    }
  } else if (m_distances) {
    const FingerprintOutput output = m_sources.fingerprints->evaluate(classifier, images);
    answers.logits = output.logits;
    answers.distances = onHost(output.distances);
  } else {
    answers.logits = classifier.logits(images);
  }
  answers.logits = onHost(answers.logits);
  if (m_detector) answers.detectorScore = onHost(m_sources.detector->scores(images));
  for (const torch::Tensor& numbers :
       {answers.logits, answers.distances, answers.gradientNorm, answers.detectorScore}) {
    requireFinite(numbers);
  }
  return answers;
}

torch::Tensor PointValues::evaluate(const torch::Tensor& images) const {
  const torch::NoGradGuard noGradients;
  const PointAnswers found = answers(images);
  std::vector<torch::Tensor> rows;
  for (const ValueEntry* entry : m_wanted) {
    const torch::Tensor values = entry->of(found);
    rows.push_back(entry->perClass ? values.t() : values.unsqueeze(0));
  }
  return at::cat(rows).contiguous();
}

}  // namespace whorl
