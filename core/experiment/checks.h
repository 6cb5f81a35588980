// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/experiment/plan.h"
#include "core/experiment/recipe_result.h"

namespace whorl {

/// Verdicts on the plan's claims, in its order. A claim about a constant holds if the figure itself keeps to it; one
/// about another cell if the figure keeps to that cell's within the other's 95 % interval (lower bound of at_least,
/// upper bound of at_most). Cells without the figure leave the verdict open. `result` is of this plan.
std::vector<CheckedClaim> checkClaims(const Plan& plan, const RecipeResult& result);

}  // namespace whorl
