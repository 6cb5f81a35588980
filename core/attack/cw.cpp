// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/cw.h"

#include <utility>

#include "core/attack/cw_search.h"
#include "core/attack/shared_parameters.h"
#include "core/base/error.h"

namespace whorl {
namespace {

Parameters schedule(bool targeted, std::int64_t searchSteps, std::int64_t steps, double learningRate, double constant,
                    const char* search) {
  return {{"targeted", targeted},
          {"search_steps", searchSteps},
          {"steps", steps},
          {"learning_rate", learningRate},
          {"initial_const", constant},
          {"confidence", 0.0},
          {"abort_early", true},
          {"search", std::string(search)},
          {"line_search", std::int64_t{std::string(search) == "warm" ? 5 : 0}}};
}

/// Bisections of the detector's weight come after the first run, which searches for the constants.
AttackPreset adaptive(std::string name, std::int64_t steps, std::int64_t searchSteps, std::int64_t bisections,
                      double weight, std::string summary) {
  Parameters parameters = schedule(true, searchSteps, steps, 0.01, 1e-3, "published");
  parameters.set("detector_class", std::string("label"));
  parameters.set("detector_measure", std::string("squared_error"));
  parameters.set("detector_weight", weight);
  parameters.set("detector_weight_search", bisections == 0 ? std::int64_t{0} : bisections + 1);
  parameters.set("detector_weight_low", 0.01);
  parameters.set("detector_weight_high", 1e4);
  return {std::move(name), std::move(parameters), std::move(summary), ThreatModel::AdaptiveWhiteBox};
}

AttackDeclaration declaration() {
  ParameterSpec constant = ParameterSpec::real("initial_const", 1e-3, 1e-10, 1e9, "",
                                               "Weight of the margin against the squared distance at the first search "
                                               "step (c)");
  constant.logarithmic = true;
  return {
      {"cw",
       "Carlini-Wagner",
       "Adam on the squared L2 distance plus c times the margin, in a space where every point is an image; c is "
       "searched for image by image.",
       "Carlini and Wagner 2017, \"Towards Evaluating the Robustness of Neural Networks\", section VI.A",
       {parameter::confidence(), parameter::learningRate(0.01), parameter::steps(1000),
        ParameterSpec::integer("search_steps", 9, 1, 100, "", "Search steps for c, each of so many steps at most"),
        constant,
        ParameterSpec::boolean("abort_early", true,
                               "An image's search step ends when a tenth of its steps lowered the loss by less than "
                               "0.01 %"),
        ParameterSpec::choice("search", "warm", {"warm", "published"},
                              "published: every search step begins at the clean image, and c is bisected. warm: it "
                              "goes on from the nearest image found, c is first guessed where the boundary is crossed, "
                              "and a search step ends when the distance no longer shrinks: the same optimum for a "
                              "fraction of the gradients. Adaptive attacks always search as published"),
        parameter::lineSearch(5), parameter::targeted()}},
      {"l2"},
      {{"mnist", schedule(true, 9, 1000, 0.01, 1e-3, "published"),
        "Towards a random class, as the published NeuralFP evaluation ran it"},
       {"cifar10", schedule(true, 9, 1000, 0.01, 1e-3, "published"),
        "Towards a random class, as the published NeuralFP evaluation ran it"},
       {"peers-6x200", schedule(false, 6, 200, 0.05, 0.1, "warm"), "The budget at which attack libraries are compared"},
       {"peers-6x200-published", schedule(false, 6, 200, 0.05, 0.1, "published"), "The same, searched as published"},
       {"peers-9x1000", schedule(false, 9, 1000, 0.01, 1e-3, "warm"), "The paper's budget"},
       {"peers-9x1000-published", schedule(false, 9, 1000, 0.01, 1e-3, "published"),
        "The paper's budget, searched as published"},
       adaptive("adaptive-published", 1000, 9, 5, 0.1, "Adaptive-CW-L2 as published: 9 search steps, then 5 for gamma"),
       adaptive("adaptive-gamma2-1", 1000, 9, 0, 1, "Adaptive-CW-L2 as published, gamma2 = 1: a search for c alone"),
       adaptive("adaptive-20000-20-10", 20000, 20, 10, 0.1, "Adaptive-CW-L2, 20,000 steps, bisections (20,10)"),
       adaptive("adaptive-20000-15-9", 20000, 15, 9, 0.1, "Adaptive-CW-L2, 20,000 steps, bisections (15,9)")}};
}

}  // namespace

CarliniWagner::CarliniWagner() : Attack(declaration()) {}

AttackOutcome CarliniWagner::perform(const Classifier& classifier, const AttackRequest& request,
                                     const Parameters& parameters, const JobContext& context) const {
  if (request.detector && request.detector.rule != DetectorTerm::Rule::Sum && parameters.real("confidence") > 0) {
    throw Error(ErrorKind::Usage,
                "where the detector's gradient comes once the network is fooled, no confidence is kept", spec().name,
                "set confidence = 0, or detector_gradient = sum");
  }
  return runCarliniWagner(classifier, request, parameters, context);
}

}  // namespace whorl
