// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace whorl {

/// A text that names this process and no other on this machine since its start: boot, process namespace, process number
/// and its start time.
std::string processIdentity();

enum class ProcessState { Alive, Dead, Unknown };

/// Whether the process of that identity lives. Unknown if it belongs to another boot's or container's count, or if the
/// text is none of ours.
ProcessState processState(const std::string& identity);

}  // namespace whorl
