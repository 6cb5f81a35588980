// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

namespace whorl {

/// The contents of a .safetensors file: tensors by name and the string → string `__metadata__`.
struct TensorFile {
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

/// What the header says of a tensor.
struct TensorInfo {
  torch::Dtype dtype = torch::kFloat32;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  ///< offsets in the data section, bytes
  std::uint64_t end = 0;
};

/// The header of a .safetensors file.
struct TensorFileHeader {
  std::map<std::string, TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
};

/// Reads a file through a memory map. Strict: header at most 100 MB and inside the file, valid JSON without duplicate
/// keys, known dtypes, sizes = shape × width without overflow, offsets aligned to the dtype's width, no gap, no
/// overlap, nothing left over. The tensors are copies in host memory (so a later change of the file can't hurt).
/// Error(BadInput) with file and reason.
TensorFile readSafetensors(const std::filesystem::path& path);

/// The header alone, checked as strictly against the file's size; the data is not read.
TensorFileHeader readSafetensorsHeader(const std::filesystem::path& path);

/// The same of a whole file's bytes, for a reader that must know that they don't change; `path` is for messages.
TensorFileHeader parseSafetensorsHeader(std::string_view bytes, const std::filesystem::path& path);

/// Writes atomically; the header is padded to 8 bytes and wider dtypes come first, so that each tensor is aligned;
/// within a width the order is that of the names. Tensors may be of any layout and on any device. Error(BadInput) for a
/// dtype that the format does not know and for names that are not UTF-8; Error(Failed) if the disk refuses.
void writeSafetensors(const TensorFile& file, const std::filesystem::path& path);

}  // namespace whorl
