// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace whorl {

/// SHA-256 (FIPS 180-4). Our own, because the minimal engine links nothing but LibTorch (docs/dependencies.md).
class Sha256 {
 public:
  Sha256();
  void update(const void* data, std::size_t size);
  /// 64 lower-case hexadecimal digits; ends the computation.
  std::string hex();

 private:
  void block(const std::uint8_t* bytes);

  std::array<std::uint32_t, 8> m_state;
  std::array<std::uint8_t, 64> m_buffer{};
  std::size_t m_buffered = 0;
  std::uint64_t m_total = 0;
};

std::string sha256Hex(const void* data, std::size_t size);
/// Reads the file in pieces. Error(BadInput) if it can't be read.
std::string sha256File(const std::filesystem::path& path);

}  // namespace whorl
