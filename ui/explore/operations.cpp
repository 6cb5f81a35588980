// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/operations.h"

#include <algorithm>

namespace whorl::ui {
namespace {

Parameters fitted(const std::string& name, const std::vector<ParameterSpec>& specs, const Parameters& given) {
  Parameters fitting;
  for (const ParameterSpec& parameter : specs) {
    const auto value = given.values().find(parameter.name);
    if (value == given.values().end()) continue;
    try {
      fitting.set(parameter.name, checked(name, parameter, value->second));
    } catch (const Error&) {
      // The default takes its place.
    }
  }
  return resolve(name, specs, fitting);
}

}  // namespace

std::vector<ParameterSpec> stepParameters(const Operation& operation, const std::string& threatModel) {
  std::vector<ParameterSpec> specs = operation.spec.parameters;
  if (threatModel == kAdaptive) {
    specs.insert(specs.end(), operation.adaptiveParameters.begin(), operation.adaptiveParameters.end());
  }
  return specs;
}

StepRequest completed(const Operation& operation, const StepRequest& step) {
  StepRequest whole = step;
  whole.parameters = fitted(step.operation, stepParameters(operation, step.threatModel), step.parameters);
  return whole;
}

StepRequest withPreset(const Operation& operation, const StepRequest& step, const AttackPresetInfo& preset) {
  StepRequest changed = step;
  if (preset.threatModel == kAdaptive) changed.threatModel = kAdaptive;
  changed.parameters = preset.parameters;
  return completed(operation, changed);
}

StepRequest firstRequest(const Operation& operation, const std::string& dataset) {
  StepRequest step{operation.spec.name, {}};
  if (!operation.attack) return completed(operation, step);
  if (operation.threatModel == kBlackBox) step.threatModel = kBlackBox;
  const auto own = std::find_if(operation.presets.begin(), operation.presets.end(),
                                [&](const AttackPresetInfo& preset) { return preset.name == dataset; });
  return own == operation.presets.end() ? completed(operation, step) : withPreset(operation, step, *own);
}

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
  return {completed(*operation, {operation->spec.name, wanted})};
}

std::vector<StepRequest> usableSteps(const Operations& operations, const std::vector<StepRequest>& steps) {
  std::vector<StepRequest> usable;
  for (const StepRequest& step : steps) {
    const Operation* operation = findOperation(operations, step.operation);
    if (operation) usable.push_back(completed(*operation, step));
  }
  return usable;
}

}  // namespace whorl::ui
