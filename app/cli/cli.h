// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace whorl::cli {

/// The command line: parses, runs, prints; returns the exit code (0, or that of exitCode(ErrorKind)). Never throws.
int runCli(int argc, char** argv);

}  // namespace whorl::cli
