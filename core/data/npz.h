// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace whorl {

/// One array of an .npz file; the bytes are little-endian, in C order, and must outlive the call.
struct NpyArray {
  std::string name;
  std::string type;  ///< NumPy's: "<f4", "<i8", "|b1"
  std::vector<std::int64_t> shape;
  const void* data = nullptr;
  std::size_t bytes = 0;
};

/// Writes what numpy.load reads: a zip file of .npy files (format 1.0), not compressed. Atomically. Error(Failed).
void writeNpz(const std::vector<NpyArray>& arrays, const std::filesystem::path& path);

}  // namespace whorl
