// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/base/parameters.h"

namespace whorl {

/// Reads "quality=10,chroma=4:4:4", as it follows an operation's name and a colon: the named values alone. Error(Usage)
/// that names `owner` for a text that isn't of that form, and as parseParameter() does for its values.
Parameters parseSettings(const std::string& owner, const std::vector<ParameterSpec>& specs, const std::string& text);

}  // namespace whorl
