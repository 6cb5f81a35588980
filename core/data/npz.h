// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <vector>

#include "core/data/npy.h"

namespace whorl {

/// Writes what numpy.load reads: a zip file of .npy files (format 1.0), not compressed. Atomically. Error(Failed).
void writeNpz(const std::vector<NpyArray>& arrays, const std::filesystem::path& path);

}  // namespace whorl
