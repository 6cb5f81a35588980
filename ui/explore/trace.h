// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

/// The iterates of an attack that is over, shared by all who show them: images are many, and never copied on the GUI
/// thread. Null: there are none.
using Trace = std::shared_ptr<const std::vector<AttackTracePoint>>;

}  // namespace whorl::ui
