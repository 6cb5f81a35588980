// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/pgd.h"

#include <utility>

#include "core/attack/iterative.h"
#include "core/attack/shared_parameters.h"
#include "core/base/error.h"

namespace whorl {
namespace {

Parameters values(const char* norm, double epsilon, double stepSize, std::int64_t steps, std::int64_t restarts = 1) {
  return {{"norm", std::string(norm)},
          {"epsilon", epsilon},
          {"step_size", stepSize},
          {"steps", steps},
          {"restarts", restarts}};
}

/// The published objective: the cross-entropy and the fingerprint loss of the original class.
AttackPreset published(std::string name, Parameters parameters, std::int64_t search, std::string summary) {
  parameters.set("detector_class", std::string("label"));
  parameters.set("detector_measure", std::string("squared_error"));
  parameters.set("detector_weight", 0.1);
  parameters.set("detector_weight_search", search);
  parameters.set("detector_weight_low", 0.01);
  parameters.set("detector_weight_high", 100.0);
  return {std::move(name), std::move(parameters), std::move(summary), ThreatModel::AdaptiveWhiteBox};
}

/// docs/attacks.md, "The corrected adaptive attack".
AttackPreset corrected(std::string name, Parameters parameters, const char* rule, std::string summary) {
  parameters.set("loss", std::string("margin"));
  parameters.set("momentum", 0.9);
  parameters.set("step_schedule", std::string("cosine"));
  parameters.set("start_law", std::string("growing"));
  parameters.set("detector_class", std::string("target"));
  parameters.set("target_candidates", std::int64_t{3});
  parameters.set("detector_gradient", std::string(rule));
  if (std::string(rule) == "sum") {
    parameters.set("detector_weight", 1.0);
    parameters.set("detector_weight_search", std::int64_t{6});
    parameters.set("detector_weight_low", 0.01);
    parameters.set("detector_weight_high", 1000.0);
    parameters.set("detector_weight_scale", std::string("log"));
  }
  return {std::move(name), std::move(parameters), std::move(summary), ThreatModel::AdaptiveWhiteBox};
}

/// The weight must begin where the detector's gradient, of a distance of about 1, outweighs that of logits of tens:
/// else the attack never sees the detector, and nothing that it finds is accepted.
AttackPreset longRun(std::string name, double epsilon) {
  AttackPreset preset = published(std::move(name), values("linf", epsilon, 0, 30000), 0,
                                  "The slides' attack of 30,000 steps with a falling detector weight; how it falls is "
                                  "not published: here from 10,000 to .1, from the image towards its likeliest wrong "
                                  "class");
  preset.parameters.set("detector_class", std::string("target"));
  preset.parameters.set("target_candidates", std::int64_t{1});
  preset.parameters.set("detector_measure", std::string("distance"));
  preset.parameters.set("loss", std::string("margin"));
  preset.parameters.set("random_start", false);
  preset.parameters.set("detector_weight", 1e4);
  preset.parameters.set("detector_weight_decay", 1e-5);
  return preset;
}

AttackDeclaration declaration() {
  OperationSpec spec = {
      "pgd",
      "PGD",
      "Projected gradient steps from random points of the ball around the image; the best of all restarts.",
      "Madry, Makelov, Schmidt, Tsipras, Vladu 2018, \"Towards Deep Learning Models Resistant to Adversarial Attacks\"",
      {ParameterSpec::choice("norm", "linf", {"linf", "l2", "l1"}, "How distance is measured"),
       parameter::epsilon(0.3, 1000), parameter::stepSize(0, "2.5 epsilon / steps"), parameter::stepSchedule(),
       parameter::steps(40), parameter::restarts(), parameter::randomStart(true), parameter::startLaw(),
       parameter::momentum(0), parameter::stop("best"), parameter::loss(), parameter::targeted()}};
  return {
      std::move(spec),
      {"linf", "l2", "l1"},
      {{"mnist", values("linf", 0.3, 0.01, 40)},
       {"mnist-code", values("linf", 0.2, 0.01, 20), "Settings in the published NeuralFP configuration"},
       {"mnist-l2", values("l2", 2, 0, 40)},
       {"mnist-l1", values("l1", 12, 0, 100)},
       {"cifar10", values("linf", 8.0 / 255, 0, 20)},
       {"cifar10-l2", values("l2", 0.5, 0, 40)},
       published("adaptive-l2-10", values("l2", 10, 0.5, 100, 5), 6, "Adaptive-PGD as in the slides, l2 within 10"),
       published("adaptive-linf-0.25", values("linf", 0.25, 0.005, 1000), 0,
                 "Adaptive-PGD as in the slides, linf within .25"),
       published("adaptive-linf-1", values("linf", 1, 0.01, 150, 5), 0, "Adaptive-PGD as in the slides, linf within 1"),
       published("adaptive-code", values("linf", 0.3, 0.02, 20, 2), 1, "Adaptive-PGD as the published code ran it"),
       longRun("adaptive-30k-0.25", 0.25),
       longRun("adaptive-30k-1", 1),
       corrected("adaptive-corrected", values("linf", 0.4, 0, 100, 5), "sum",
                 "Each image's likeliest three wrong classes in turn, and for each the weight that passes"),
       corrected("adaptive-selective", values("linf", 0.4, 0, 100, 5), "selective",
                 "First fool the network, then the detector, without weights"),
       corrected("adaptive-orthogonal", values("linf", 0.4, 0, 100, 5), "orthogonal",
                 "Likewise, and the detector's gradient without its part along the network's")}};
}

}  // namespace

Pgd::Pgd() : Attack(declaration()) {}

AttackOutcome Pgd::perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                           const JobContext& context) const {
  IterativePlan plan;
  plan.norm = parseNorm(parameters.text("norm"));
  plan.epsilon = parameters.real("epsilon");
  if (plan.norm == Norm::Linf && plan.epsilon > 1) {
    throw Error(ErrorKind::Usage, "epsilon must be 0 to 1 for norm linf, not " + toText(plan.epsilon), spec().name);
  }
  plan.steps = parameters.integer("steps");
  plan.stepSize = parameters.real("step_size");
  if (plan.stepSize == 0) plan.stepSize = 2.5 * plan.epsilon / static_cast<double>(plan.steps);
  plan.schedule = parseStepSchedule(parameters.text("step_schedule"));
  plan.restarts = parameters.integer("restarts");
  plan.randomStart = parameters.boolean("random_start");
  plan.startLaw = parseStartLaw(parameters.text("start_law"));
  if (plan.restarts > 1 && !plan.randomStart) {
    throw Error(ErrorKind::Usage, "restarts without random_start repeat the same steps", spec().name,
                "set random_start, or restarts = 1");
  }
  plan.stop = parseStop(parameters.text("stop"));
  plan.loss = parameters.text("loss");
  auto rule = steepestAscent(plan.norm);
  if (const double decay = parameters.real("momentum"); decay > 0) rule = withMomentum(decay, std::move(rule));
  return runIterative(classifier, request, plan, *rule, context);
}

}  // namespace whorl
