// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/comparison_training.h"

#include <algorithm>
#include <string>

#include "core/base/error.h"
#include "core/base/parameters.h"

namespace whorl {
namespace {

/// A row that asks for more layers than there are is told before another row is trained.
void checkTrainedLayers(const Engine& engine, const TrainRequest& request, const std::string& place) {
  const std::int64_t wanted = request.parameters.integer("trained_layers");
  for (const ArchitectureInfo& each : engine.architectures()) {
    if (each.name != request.architecture || wanted <= each.layers) continue;
    throw Error(ErrorKind::BadInput,
                each.name + " has no last " + std::to_string(wanted) + " convolutions and fully connected layers",
                place, "trained_layers can be 1 to " + std::to_string(each.layers) + ", or 0 for all");
  }
}

}  // namespace

TrainRequest trainingOf(const Engine& engine, const Comparison& comparison, const ComparedModel& model) {
  TrainRequest request;
  request.dataset = comparison.data;
  request.architecture = model.architecture;
  request.objective = model.objective;
  request.limitTrain = comparison.limitTrain;
  Parameters preset;
  if (!model.preset.empty()) {
    const auto presets = engine.trainPresets();
    const auto found = std::find_if(presets.begin(), presets.end(),
                                    [&](const TrainPresetInfo& each) { return each.name == model.preset; });
    if (found == presets.end()) {
      throw Error(ErrorKind::BadInput, "there is no training preset \"" + model.preset + "\"",
                  comparison.at(model.line));
    }
    if (request.architecture.empty()) request.architecture = found->architecture;
    if (request.objective.empty()) request.objective = found->objective;
    preset = found->parameters;
  }
  const auto specs = engine.trainParameters(request.objective);
  for (const auto& [name, value] : preset.values()) {
    const bool declared = std::any_of(specs.begin(), specs.end(), [&](const auto& spec) { return spec.name == name; });
    if (declared) request.parameters.set(name, value);
  }
  for (const auto& [name, value] : model.parameters.values()) request.parameters.set(name, value);
  request.parameters = resolve(model.name, specs, request.parameters);
  checkTrainedLayers(engine, request, comparison.at(model.line));
  return request;
}

}  // namespace whorl
