// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <torch/types.h>

namespace whorl {

/// The contents of a .safetensors file: tensors by name and the string → string `__metadata__`.
struct TensorFile {
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads a file through a memory map. Strict: header at most 100 MB and inside the file, valid JSON without duplicate
/// keys, known dtypes, sizes = shape × width without overflow, offsets in order, no gap, no overlap, nothing left over.
/// The tensors are copies in host memory (so a later change of the file can't hurt). Error(BadInput) with file and reason.
TensorFile readSafetensors(const std::filesystem::path& path);

/// Writes atomically; tensors in the order of their names, each aligned to 8 bytes by the header's padding.
void writeSafetensors(const TensorFile& file, const std::filesystem::path& path);

}  // namespace whorl
