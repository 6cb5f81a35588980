// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "core/nn/safetensors.h"

namespace whorl {

/// Error(Usage) unless the name ends in .safetensors or .npz and the folder can be written: asked before hours of work.
void checkResultFile(const std::filesystem::path& path);

/// Writes tensors as .safetensors (with the metadata) or as .npz (what numpy.load reads; without), by the name's
/// ending.
void writeResultFile(const TensorFile& file, const std::filesystem::path& path);

}  // namespace whorl
