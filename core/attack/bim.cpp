// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/bim.h"

#include <utility>

#include "core/attack/iterative.h"
#include "core/attack/shared_parameters.h"

namespace whorl {
namespace {

Parameters values(double epsilon, double stepSize, std::int64_t steps, const char* stop) {
  return {{"epsilon", epsilon}, {"step_size", stepSize}, {"steps", steps}, {"stop", std::string(stop)}};
}

/// The published search restarts from where the last one ended, not from the image.
AttackPreset adaptive(std::string name, double epsilon, double stepSize, std::int64_t search, std::string summary) {
  Parameters parameters = values(epsilon, stepSize, 50, "last");
  parameters.set("detector_class", std::string("label"));
  parameters.set("detector_measure", std::string("squared_error"));
  parameters.set("detector_weight", 0.1);
  parameters.set("detector_weight_search", search);
  parameters.set("detector_weight_low", 0.0);
  parameters.set("detector_weight_high", 10.0);
  parameters.set("detector_warm_start", true);
  return {std::move(name), std::move(parameters), std::move(summary), ThreatModel::AdaptiveWhiteBox};
}

AttackDeclaration declaration() {
  return {{"bim",
           "BIM",
           "Sign steps from the clean image, kept within epsilon. Stop first_success is BIM-a, last is BIM-b.",
           "Kurakin, Goodfellow, Bengio 2017, \"Adversarial Examples in the Physical World\"",
           {parameter::epsilon(0.4, 1), parameter::stepSize(0.01, "epsilon / steps"), parameter::steps(50),
            parameter::stop("best"), parameter::loss(), parameter::targeted()}},
          {"linf"},
          {{"mnist-a", values(0.4, 0.01, 50, "first_success")},
           {"mnist-b", values(0.4, 0.01, 50, "last")},
           {"cifar10-a", values(0.05, 0.005, 50, "first_success")},
           {"cifar10-b", values(0.05, 0.005, 50, "last")},
           {"miniimagenet20-b", values(32.0 / 255, 0, 10, "last")},
           adaptive("adaptive-mnist-b", 0.4, 0.01, 2, "Adaptive-BIM-b as the last published code ran it, 2 bisections"),
           adaptive("adaptive-mnist-b-9", 0.4, 0.01, 9, "Adaptive-BIM-b as published earlier, 9 bisections"),
           adaptive("adaptive-cifar10-b", 0.05, 0.005, 2, "Adaptive-BIM-b as published, 2 bisections")}};
}

}  // namespace

Bim::Bim() : Attack(declaration()) {}

AttackOutcome Bim::perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                           const JobContext& context) const {
  IterativePlan plan;
  plan.epsilon = parameters.real("epsilon");
  plan.steps = parameters.integer("steps");
  plan.stepSize = parameters.real("step_size");
  if (plan.stepSize == 0) plan.stepSize = plan.epsilon / static_cast<double>(plan.steps);
  plan.stop = parseStop(parameters.text("stop"));
  plan.loss = parameters.text("loss");
  return runIterative(classifier, request, plan, *steepestAscent(plan.norm), context);
}

}  // namespace whorl
