// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <vector>

#include "core/service/recipe_types.h"

namespace whorl::ui {

/// The recipe's claims and whether they hold, as rich text: those that don't hold first, then open ones.
QString checksText(const std::vector<CheckedClaim>& checks);

/// What the tab says: "Checks", and how many don't hold.
QString checksTitle(const std::vector<CheckedClaim>& checks);

}  // namespace whorl::ui
