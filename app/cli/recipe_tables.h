// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/service/recipe_types.h"

namespace whorl::cli {

/// A line a cell: whether it is there, and how long it may take; last the sum.
std::string planTable(const RecipeResult& result);

/// A line a cell with the AUC over all and over successful attacks, each with its interval, the published figure and
/// the difference of the latter from it, the success rate, and how many fooled network and detector at 5 % false
/// positives.
std::string resultTables(const RecipeResult& result);

}  // namespace whorl::cli
