// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include "core/service/recipe_types.h"

namespace whorl::ui {

/// Everything that is known of a cell, as rich text: its figures with their intervals, what is published and where, how
/// it was attacked, or why it has no figures.
QString cellDetails(const RecipeCell& cell);

}  // namespace whorl::ui
