// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/attack_setup.h"

#include <algorithm>

#include "core/attack/adaptive.h"
#include "core/base/error.h"
#include "core/base/random.h"
#include "core/fingerprint/fingerprint.h"

namespace whorl {
namespace {

constexpr std::int64_t kLastClass = 9999;
constexpr std::int64_t kDrawnTarget = -1;
constexpr std::int64_t kNextClass = -2;

bool declares(const std::vector<ParameterSpec>& specs, const std::string& name) {
  return std::any_of(specs.begin(), specs.end(), [&](const ParameterSpec& spec) { return spec.name == name; });
}

/// Splits what was given between the attack and its adaptive form.
void takeParameters(AttackSetup& setup, const Parameters& given) {
  const bool adaptive = setup.threatModel == ThreatModel::AdaptiveWhiteBox;
  const std::string& name = setup.attack->spec().name;
  Parameters own;
  Parameters detectors;
  for (const auto& [parameter, value] : given.values()) {
    (declares(adaptiveParameters(), parameter) ? detectors : own).set(parameter, value);
  }
  if (!adaptive && !detectors.values().empty()) {
    throw Error(ErrorKind::Usage, "this parameter is for adaptive attacks",
                name + ": " + detectors.values().begin()->first,
                "ask for the threat model " + threatModelName(ThreatModel::AdaptiveWhiteBox));
  }
  setup.parameters = resolve(name, attackSpec(*setup.attack).parameters, own);
  if (adaptive) setup.adaptive = resolve(name, adaptiveParameters(), detectors);
}

std::shared_ptr<const DifferentiableScore> detectorScore(const Model& model, const Parameters& adaptive) {
  if (!model.fingerprintDx || !model.fingerprintDy) {
    throw Error(ErrorKind::Usage, "an adaptive attack needs a detector, and the model has no fingerprints", model.name,
                "use --threat-model grey-box, or a fingerprinted model");
  }
  const Fingerprints fingerprints{*model.fingerprintDx, *model.fingerprintDy};
  const auto measure = adaptive.text("detector_measure") == "squared_error" ? FingerprintScore::Measure::SquaredError
                                                                            : FingerprintScore::Measure::Distance;
  return std::make_shared<FingerprintScore>(fingerprints.to(model.classifier->device(), model.classifier->dtype()),
                                            FingerprintScore::Acceptance::AnyClass, measure);
}

}  // namespace

std::int64_t AttackSetup::targetFor(std::int64_t label, std::int64_t index, int classes, std::uint64_t seed) const {
  if (target >= 0) return target;
  if (target == kNextClass) return (label + 1) % classes;
  Random random(mixSeed(mixSeed(seed, "target"), static_cast<std::uint64_t>(index)));
  const auto draw = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(classes - 1)));
  return draw < label ? draw : draw + 1;
}

OperationSpec attackSpec(const Attack& attack) {
  OperationSpec spec = attack.spec();
  const auto targeted = std::find_if(spec.parameters.begin(), spec.parameters.end(),
                                     [](const ParameterSpec& parameter) { return parameter.name == "targeted"; });
  if (targeted != spec.parameters.end()) {
    spec.parameters.insert(targeted + 1, ParameterSpec::integer("target", kDrawnTarget, kNextClass, kLastClass, "",
                                                                "Class to reach if targeted; -1 draws a wrong one for "
                                                                "each image, -2 takes the next class"));
  }
  return spec;
}

AttackOutcome runAttack(const AttackSetup& setup, const Classifier& classifier, const AttackRequest& request,
                        const JobContext& context) {
  Parameters parameters = setup.parameters;
  parameters.remove("target");
  if (setup.detectorScore) {
    return runAdaptive(*setup.attack, classifier, request, parameters, setup.adaptive, context);
  }
  return setup.attack->run(classifier, request, parameters, context);
}

AttackSetup declaredAttack(const std::string& attack, const Parameters& given, const std::string& threatModel) {
  AttackSetup setup;
  setup.attack = &findAttack(attack);
  setup.threatModel = parseThreatModel(threatModel);
  takeParameters(setup, given);
  setup.targeted = setup.parameters.has("targeted") && setup.parameters.boolean("targeted");
  if (!setup.targeted && setup.parameters.has("target") && setup.parameters.integer("target") != kDrawnTarget) {
    throw Error(ErrorKind::Usage, "a target class is given, but the attack is not targeted", attack + ": target",
                "set targeted");
  }
  if (setup.targeted && setup.parameters.has("target")) setup.target = setup.parameters.integer("target");
  return setup;
}

AttackSetup prepareAttack(const std::string& attack, const Parameters& given, const std::string& threatModel,
                          const Model& model) {
  AttackSetup setup = declaredAttack(attack, given, threatModel);
  if (!model.classifier->differentiable() && setup.attack->threatModel() != ThreatModel::BlackBox) {
    throw Error(ErrorKind::BadInput, "the model gives no gradients, which " + attack + " needs", model.name,
                "use a black-box attack");
  }
  if (setup.threatModel == ThreatModel::AdaptiveWhiteBox) setup.detectorScore = detectorScore(model, setup.adaptive);
  if (setup.targeted) {
    if (setup.target >= model.classifier->classCount()) {
      throw Error(ErrorKind::Usage,
                  "there is no class " + std::to_string(setup.target) + " among " +
                      std::to_string(model.classifier->classCount()),
                  attack + ": target", "classes count from 0; -1 draws one");
    }
  }
  return setup;
}

AttackRequest attackRequest(const AttackSetup& setup, const Model& model, torch::Tensor images, torch::Tensor labels,
                            std::vector<std::int64_t> indices, std::uint64_t seed) {
  AttackRequest request;
  request.images = std::move(images);
  request.labels = std::move(labels);
  request.indices = std::move(indices);
  request.seed = seed;
  request.threatModel = setup.threatModel;
  request.detector.score = setup.detectorScore;
  if (setup.targeted) {
    const auto classes = request.labels.to(torch::kCPU).contiguous();
    auto targets = torch::empty_like(classes);
    const auto* label = classes.const_data_ptr<std::int64_t>();
    auto* target = targets.mutable_data_ptr<std::int64_t>();
    for (std::size_t i = 0; i < request.indices.size(); ++i) {
      target[i] = setup.targetFor(label[i], request.indices[i], model.classifier->classCount(), seed);
    }
    request.targets = targets.to(request.labels.device());
  }
  return request;
}

}  // namespace whorl
