// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace whorl {

/// One array as NumPy has it; the bytes are little-endian, in C order, and must outlive the call.
struct NpyArray {
  std::string name;  ///< in an .npz file; a .npy file has none
  std::string type;  ///< NumPy's: "<f4", "<i8", "|b1"
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
  std::size_t bytes = 0;
};

/// What precedes the bytes of an array in a .npy file of format 1.0.
std::string npyHeader(const NpyArray& array);

/// Writes what numpy.load reads, atomically. Error(Failed).
void writeNpy(const NpyArray& array, const std::filesystem::path& path);

}  // namespace whorl
