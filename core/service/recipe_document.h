// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json.hpp>

#include "core/experiment/plan.h"
#include "core/experiment/recipe_result.h"
#include "core/experiment/report.h"

namespace whorl {

/// What a run of a recipe came to (docs/json.md), without the head that all documents have.
nlohmann::json recipeDocument(const RecipeResult& result, const Plan& plan);

/// The same for the writers of reports. `head`: the document's head, for the provenance.
ReportData recipeReport(const RecipeResult& result, const Plan& plan, const std::string& recipe,
                        const nlohmann::json& head);

}  // namespace whorl
