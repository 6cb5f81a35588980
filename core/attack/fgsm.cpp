// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/fgsm.h"

#include "core/attack/iterative.h"

namespace whorl {

const OperationSpec& Fgsm::spec() const {
  static const OperationSpec spec = {
      "fgsm",
      "FGSM",
      "One step of epsilon along the sign of the loss's gradient.",
      "Goodfellow, Shlens, Szegedy 2015, \"Explaining and Harnessing Adversarial Examples\"",
      {parameter::epsilon(0.4, 1), parameter::loss(), parameter::targeted()}};
  return spec;
}

std::vector<std::string> Fgsm::norms() const { return {"linf"}; }

const std::vector<std::pair<std::string, Parameters>>& Fgsm::presets() const {
  static const std::vector<std::pair<std::string, Parameters>> presets = {
      {"mnist", {{"epsilon", 0.4}}},
      {"mnist-feinman", {{"epsilon", 0.3}}},
      {"cifar10", {{"epsilon", 0.05}}},
      {"miniimagenet20", {{"epsilon", 32.0 / 255}}},
  };
  return presets;
}

AttackOutcome Fgsm::run(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const {
  const Parameters p = resolve(spec().name, spec().parameters, parameters);
  IterativePlan plan;
  plan.epsilon = p.real("epsilon");
  plan.stepSize = plan.epsilon;
  plan.loss = p.text("loss");
  plan.targeted = p.boolean("targeted");
  return runIterative(spec().name, classifier, request, plan, *steepestAscent(plan.norm), context);
}

}  // namespace whorl
