// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string_view>

namespace whorl::log {

enum class Level { Debug, Info, Warning, Error };

/// Messages below `level` are dropped. Any thread.
void setLevel(Level level);
/// Also write to a rotating file (1 MiB, 3 kept). Called once at start-up; a folder that can't be written is a warning.
void setFile(const std::filesystem::path& path);

void debug(std::string_view message);
void info(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);

}  // namespace whorl::log
