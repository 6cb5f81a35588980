// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/mifgsm.h"

#include "core/attack/iterative.h"
#include "core/attack/shared_parameters.h"

namespace whorl {
namespace {

AttackDeclaration declaration() {
  return {{"mifgsm",
           "MI-FGSM",
           "Sign steps along a running mean of past gradients, from the clean image, kept within epsilon.",
           "Dong, Liao, Pang, Su, Zhu, Hu, Li 2018, \"Boosting Adversarial Attacks with Momentum\", algorithm 1",
           {parameter::epsilon(0.3, 1), parameter::stepSize(0, "epsilon / steps"), parameter::steps(10),
            parameter::momentum(1), parameter::stop("best"), parameter::loss(), parameter::targeted()}},
          {"linf"},
          {{"mnist", {{"epsilon", 0.3}}}, {"cifar10", {{"epsilon", 8.0 / 255}}}}};
}

}  // namespace

MomentumFgsm::MomentumFgsm() : Attack(declaration()) {}

AttackOutcome MomentumFgsm::perform(const Classifier& classifier, const AttackRequest& request,
                                    const Parameters& parameters, const JobContext& context) const {
  IterativePlan plan;
  plan.epsilon = parameters.real("epsilon");
  plan.steps = parameters.integer("steps");
  plan.stepSize = parameters.real("step_size");
  if (plan.stepSize == 0) plan.stepSize = plan.epsilon / static_cast<double>(plan.steps);
  plan.stop = parseStop(parameters.text("stop"));
  plan.loss = parameters.text("loss");
  const auto rule = withMomentum(parameters.real("momentum"), steepestAscent(plan.norm));
  return runIterative(classifier, request, plan, *rule, context);
}

}  // namespace whorl
