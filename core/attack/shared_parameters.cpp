// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/shared_parameters.h"

#include <utility>

#include "core/attack/objective.h"

namespace whorl::parameter {

ParameterSpec epsilon(double defaultValue, double maximum) {
  return ParameterSpec::real("epsilon", defaultValue, 0, maximum, "[0,1]", "Largest distance from the clean image");
}

ParameterSpec stepSize(double defaultValue, std::string whenZero) {
  return ParameterSpec::real("step_size", defaultValue, 0, 1000, "[0,1]",
                             "Length of a step in the attack's norm; 0 means " + std::move(whenZero));
}

ParameterSpec steps(std::int64_t defaultValue) {
  return ParameterSpec::integer("steps", defaultValue, 1, 100000, "", "Number of gradient steps");
}

ParameterSpec restarts() {
  return ParameterSpec::integer("restarts", 1, 1, 1000, "", "Random starting points for each image");
}

ParameterSpec randomStart(bool defaultValue) {
  return ParameterSpec::boolean("random_start", defaultValue,
                                "Start at a random point of the ball instead of the clean image");
}

ParameterSpec startLaw() {
  return ParameterSpec::choice("start_law", "ball", {"ball", "radius", "growing"},
                               "A random start is even over the ball, at an even distance (nearer, for l2 and l1), or "
                               "even over balls that grow with the restarts from the image itself");
}

ParameterSpec loss() {
  return ParameterSpec::choice("loss", "cross_entropy", attackLosses(),
                               "What is ascended; the gradients of margin and dlr don't vanish on confident networks");
}

ParameterSpec targeted(bool defaultValue) {
  return ParameterSpec::boolean("targeted", defaultValue, "Towards a target class instead of away from the true one");
}

ParameterSpec stop(const std::string& defaultValue) {
  return ParameterSpec::choice("stop", defaultValue, {"first_success", "last", "best"},
                               "Which step is handed back: the first that fools, the last, or the best one");
}

ParameterSpec stepSchedule() {
  return ParameterSpec::choice("step_schedule", "constant", {"constant", "cosine", "halving"},
                               "How the step's length changes over the run");
}

ParameterSpec momentum(double defaultValue) {
  return ParameterSpec::real("momentum", defaultValue, 0, 1, "",
                             "Decay of the running mean of past gradients (each divided by its L1 norm); 0 for none");
}

ParameterSpec learningRate(double defaultValue) {
  ParameterSpec spec = ParameterSpec::real("learning_rate", defaultValue, 1e-6, 10, "", "Adam's step length");
  spec.logarithmic = true;
  return spec;
}

ParameterSpec confidence() {
  return ParameterSpec::real("confidence", 0, 0, 1000, "logits", "How far the wrong class's logit must lead (kappa)");
}

ParameterSpec lineSearch(std::int64_t defaultValue) {
  return ParameterSpec::integer("line_search", defaultValue, 0, 50, "",
                                "At the end, bisections of the way from the clean image to the nearest one found, a "
                                "forward each; 0 for none, as published");
}

}  // namespace whorl::parameter
