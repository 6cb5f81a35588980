// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/pgd.h"

#include "core/attack/iterative.h"
#include "core/base/error.h"

namespace whorl {
namespace {

Parameters preset(double epsilon, double stepSize, std::int64_t steps) {
  return {{"norm", std::string("linf")}, {"epsilon", epsilon}, {"step_size", stepSize}, {"steps", steps}};
}

}  // namespace

const OperationSpec& Pgd::spec() const {
  static const OperationSpec spec = {
      "pgd",
      "PGD",
      "Projected gradient steps from random points of the ball around the image; the best of all restarts.",
      "Madry, Makelov, Schmidt, Tsipras, Vladu 2018, \"Towards Deep Learning Models Resistant to Adversarial Attacks\"",
      {ParameterSpec::choice("norm", "linf", {"linf", "l2"}, "How distance is measured"), parameter::epsilon(0.3, 30),
       parameter::stepSize(0, "2.5 epsilon / steps"), parameter::steps(40),
       ParameterSpec::integer("restarts", 1, 1, 1000, "", "Random starting points for each image"),
       ParameterSpec::boolean("random_start", true, "Start at a random point of the ball instead of the clean image"),
       parameter::stop("best"), parameter::loss(), parameter::targeted()}};
  return spec;
}

std::vector<std::string> Pgd::norms() const { return {"linf", "l2"}; }

const std::vector<std::pair<std::string, Parameters>>& Pgd::presets() const {
  static const std::vector<std::pair<std::string, Parameters>> presets = {
      {"mnist", preset(0.3, 0.01, 40)},
      {"mnist-code", preset(0.2, 0.01, 20)},
      {"cifar10", preset(8.0 / 255, 0, 20)},
  };
  return presets;
}

AttackOutcome Pgd::run(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                       const JobContext& context) const {
  const Parameters p = resolve(spec().name, spec().parameters, parameters);
  IterativePlan plan;
  plan.norm = parseNorm(p.text("norm"));
  plan.epsilon = p.real("epsilon");
  if (plan.norm == Norm::Linf && plan.epsilon > 1) {
    throw Error(ErrorKind::Usage, "epsilon must be 0 to 1 for norm linf, not " + toText(plan.epsilon), spec().name);
  }
  plan.steps = p.integer("steps");
  plan.stepSize = p.real("step_size") > 0 ? p.real("step_size") : 2.5 * plan.epsilon / static_cast<double>(plan.steps);
  plan.restarts = p.integer("restarts");
  plan.randomStart = p.boolean("random_start");
  if (plan.restarts > 1 && !plan.randomStart) {
    throw Error(ErrorKind::Usage, "restarts without random_start repeat the same steps", spec().name,
                "set random_start, or restarts = 1");
  }
  plan.stop = parseStop(p.text("stop"));
  plan.loss = p.text("loss");
  plan.targeted = p.boolean("targeted");
  return runIterative(spec().name, classifier, request, plan, *steepestAscent(plan.norm), context);
}

}  // namespace whorl
