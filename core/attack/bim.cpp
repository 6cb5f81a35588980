// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/bim.h"

#include "core/attack/iterative.h"

namespace whorl {
namespace {

Parameters preset(double epsilon, double stepSize, std::int64_t steps, const char* stop) {
  return {{"epsilon", epsilon}, {"step_size", stepSize}, {"steps", steps}, {"stop", std::string(stop)}};
}

}  // namespace

const OperationSpec& Bim::spec() const {
  static const OperationSpec spec = {
      "bim",
      "BIM",
      "Sign steps from the clean image, kept within epsilon. Stop first_success is BIM-a, last is BIM-b.",
      "Kurakin, Goodfellow, Bengio 2017, \"Adversarial Examples in the Physical World\"",
      {parameter::epsilon(0.4, 1), parameter::stepSize(0.01, "epsilon / steps"), parameter::steps(50),
       parameter::stop("best"), parameter::loss(), parameter::targeted()}};
  return spec;
}

std::vector<std::string> Bim::norms() const { return {"linf"}; }

const std::vector<std::pair<std::string, Parameters>>& Bim::presets() const {
  static const std::vector<std::pair<std::string, Parameters>> presets = {
      {"mnist-a", preset(0.4, 0.01, 50, "first_success")},     {"mnist-b", preset(0.4, 0.01, 50, "last")},
      {"cifar10-a", preset(0.05, 0.005, 50, "first_success")}, {"cifar10-b", preset(0.05, 0.005, 50, "last")},
      {"miniimagenet20-b", preset(32.0 / 255, 0, 10, "last")},
  };
  return presets;
}

AttackOutcome Bim::run(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                       const JobContext& context) const {
  const Parameters p = resolve(spec().name, spec().parameters, parameters);
  IterativePlan plan;
  plan.epsilon = p.real("epsilon");
  plan.steps = p.integer("steps");
  plan.stepSize = p.real("step_size") > 0 ? p.real("step_size") : plan.epsilon / static_cast<double>(plan.steps);
  plan.stop = parseStop(p.text("stop"));
  plan.loss = p.text("loss");
  plan.targeted = p.boolean("targeted");
  return runIterative(spec().name, classifier, request, plan, *steepestAscent(plan.norm), context);
}

}  // namespace whorl
