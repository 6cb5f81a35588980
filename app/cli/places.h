// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace CLI {
class App;
}

namespace whorl::cli {

/// Error(Usage) where a command that was parsed names a place by nothing (`--save "$UNSET"`), or would write over one
/// of its own inputs or over another of its outputs. Reads nothing but the file system's names.
void checkPlaces(const CLI::App& command);

}  // namespace whorl::cli
