// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace whorl {

/// ".png" of "A.PNG": what follows the last dot, with it, in small letters (ASCII); "" without one.
std::string lowerEnding(const std::filesystem::path& path);

}  // namespace whorl
