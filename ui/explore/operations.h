// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

/// What a step can be.
struct Operation {
  OperationSpec spec;
  bool attack = false;
  std::string threatModel = {};  ///< attacks: what they need at least
  std::vector<AttackPresetInfo> presets = {};
  std::vector<ParameterSpec> adaptiveParameters = {};  ///< those that an adaptive attacker has besides
  std::string family = {};                             ///< natural changes: how menus group them
};

inline constexpr const char* kBlackBox = "black-box";
inline constexpr const char* kGreyBox = "grey-box";
inline constexpr const char* kAdaptive = "adaptive-white-box";

/// The parameters of a step under a threat model.
std::vector<ParameterSpec> stepParameters(const Operation& operation, const std::string& threatModel);
/// The step with all parameters that it has under its threat model: values that fit are kept, the others take their
/// defaults.
StepRequest completed(const Operation& operation, const StepRequest& step);
/// The step that an operation begins with: an attack as its preset for that data set says, where it has one, and under
/// the weakest threat model that is enough for it.
StepRequest firstRequest(const Operation& operation, const std::string& dataset);
/// The step with a preset's values, defaults elsewhere. A preset for adaptive attackers makes it one.
StepRequest withPreset(const Operation& operation, const StepRequest& step, const AttackPresetInfo& preset);

/// Attacks and natural perturbations in the engine's order.
using Operations = std::vector<Operation>;

/// Null for an unknown name.
const Operation* findOperation(const Operations& operations, const std::string& name);

/// The step that a fresh window starts with: BIM where there is one, as strong as is usual for such images
/// (0.3 for grey ones, 8/255 for colour).
std::vector<StepRequest> defaultSteps(const Operations& operations, const ImageShape& input);

/// Steps of a file or of an older version, with what no longer exists left out and values that no longer fit replaced.
std::vector<StepRequest> usableSteps(const Operations& operations, const std::vector<StepRequest>& steps);

}  // namespace whorl::ui
