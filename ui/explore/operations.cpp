// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/operations.h"

#include <algorithm>

namespace whorl::ui {
namespace {

Parameters fitted(const OperationSpec& spec, const Parameters& given) {
  Parameters fitting;
  for (const ParameterSpec& parameter : spec.parameters) {
    const auto value = given.values().find(parameter.name);
    if (value == given.values().end()) continue;
    try {
      fitting.set(parameter.name, checked(spec.name, parameter, value->second));
    } catch (const Error&) {
      // The default takes its place.
    }
  }
  return resolve(spec.name, spec.parameters, fitting);
}

}  // namespace

const Operation* findOperation(const Operations& operations, const std::string& name) {
  const auto found =
      std::find_if(operations.begin(), operations.end(), [&](const Operation& o) { return o.spec.name == name; });
  return found == operations.end() ? nullptr : &*found;
}

std::vector<StepRequest> defaultSteps(const Operations& operations, const ImageShape& input) {
  const Operation* operation = findOperation(operations, "bim");
  if (!operation) operation = findOperation(operations, "fgsm");
  if (!operation) return {};
  const double epsilon = input.channels == 1 ? 0.3 : 8.0 / 255;
  // All steps are run: an attack that stops at its first success looks the same for every larger ε, and the slider
  // dead.
  const Parameters wanted{
      {"epsilon", epsilon}, {"step_size", epsilon / 5}, {"steps", std::int64_t{10}}, {"stop", std::string("last")}};
  return {{operation->spec.name, fitted(operation->spec, wanted), true}};
}

std::vector<StepRequest> usableSteps(const Operations& operations, const std::vector<StepRequest>& steps) {
  std::vector<StepRequest> usable;
  for (const StepRequest& step : steps) {
    const Operation* operation = findOperation(operations, step.operation);
    if (operation) usable.push_back({step.operation, fitted(operation->spec, step.parameters), step.enabled});
  }
  return usable;
}

}  // namespace whorl::ui
