// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/npy.h"

#include "core/base/atomic_file.h"

namespace whorl {

// NumPy's format 1.0: magic, version, header length, a Python dict as text padded so that the data starts at a multiple
// of 64 bytes (numpy/lib/format.py).
std::string npyHeader(const NpyArray& array) {
  std::string shape;
  for (const std::int64_t size : array.shape) shape += std::to_string(size) + ",";
  std::string text = "{'descr': '" + array.type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  constexpr std::size_t kPrefix = 10;
  text.append(63 - (kPrefix + text.size()) % 64, ' ');
  text += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

void writeNpy(const NpyArray& array, const std::filesystem::path& path) {
  AtomicFile file(path);
  file.write(npyHeader(array));
  file.write(array.data, array.bytes);
  file.commit();
}

}  // namespace whorl
