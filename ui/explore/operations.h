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
};

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
