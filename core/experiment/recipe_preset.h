// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/experiment/toml_document.h"

namespace whorl {

/// What a preset does to a recipe's document before it is read: values are replaced, tables are merged, `skip = true`
/// takes an entry of a list out. `changes` may hold sample, model, attack, detector (tables by entry's name) and sweep
/// (lists of values by model). Error(BadInput) with FILE:LINE for anything else, and for entries that don't exist.
void applyPreset(TomlTable& root, const std::string& preset, const TomlTable& changes, const std::string& file);

}  // namespace whorl
