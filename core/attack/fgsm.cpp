// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/fgsm.h"

#include <utility>

#include "core/attack/iterative.h"
#include "core/attack/shared_parameters.h"

namespace whorl {
namespace {

/// One step from a random point goes further than epsilon, or it would stop short of most of the ball's corners.
constexpr double kStepFromRandomStart = 1.25;

/// The published search: the weight starts at .1 between 0 and 10, and rises where the network was fooled.
AttackPreset adaptive(std::string name, double epsilon, std::int64_t search, std::string summary) {
  return {std::move(name),
          {{"epsilon", epsilon},
           {"detector_class", std::string("label")},
           {"detector_measure", std::string("squared_error")},
           {"detector_weight", 0.1},
           {"detector_weight_search", search},
           {"detector_weight_low", 0.0},
           {"detector_weight_high", 10.0}},
          std::move(summary),
          ThreatModel::AdaptiveWhiteBox};
}

AttackDeclaration declaration() {
  return {{"fgsm",
           "FGSM",
           "One step of epsilon along the sign of the loss's gradient, from the image or from a random point near it.",
           "Goodfellow, Shlens, Szegedy 2015, \"Explaining and Harnessing Adversarial Examples\"; random start: Wong, "
           "Rice, Kolter 2020, \"Fast is better than free\"",
           {parameter::epsilon(0.4, 1), parameter::randomStart(false),
            parameter::stepSize(0, "epsilon, or 1.25 epsilon from a random start"), parameter::loss(),
            parameter::targeted()}},
          {"linf"},
          {{"mnist", {{"epsilon", 0.4}}},
           {"mnist-feinman", {{"epsilon", 0.3}}},
           {"cifar10", {{"epsilon", 0.05}}},
           {"miniimagenet20", {{"epsilon", 32.0 / 255}}},
           adaptive("adaptive-mnist", 0.4, 18, "Adaptive-FGSM as published, 18 bisections"),
           adaptive("adaptive-mnist-head", 0.4, 2, "Adaptive-FGSM as the last published code ran it, 2 bisections"),
           adaptive("adaptive-cifar10", 0.05, 18, "Adaptive-FGSM as published, 18 bisections")}};
}

}  // namespace

Fgsm::Fgsm() : Attack(declaration()) {}

AttackOutcome Fgsm::perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                            const JobContext& context) const {
  IterativePlan plan;
  plan.epsilon = parameters.real("epsilon");
  plan.randomStart = parameters.boolean("random_start");
  plan.stepSize = parameters.real("step_size");
  if (plan.stepSize == 0) plan.stepSize = plan.epsilon * (plan.randomStart ? kStepFromRandomStart : 1);
  plan.loss = parameters.text("loss");
  return runIterative(classifier, request, plan, *steepestAscent(plan.norm), context);
}

}  // namespace whorl
