// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json.hpp>

#include "core/experiment/workbench.h"

namespace whorl {

/// As the run store keeps it. Error(BadInput) for scores that aren't finite: neither JSON nor a ROC has a place for
/// them.
nlohmann::json toJson(const ScoredSet& set);
/// Error(BadInput) for a document that isn't one, or whose lists differ in length.
ScoredSet scoredSetFromJson(const nlohmann::json& document);

}  // namespace whorl
