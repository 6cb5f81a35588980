// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/png_chunks.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/error.h"

namespace whorl {

namespace {

constexpr std::size_t kSignature = 8;
constexpr std::size_t kFrame = 12;  // length, type and checksum around a chunk's data
constexpr std::array<std::string_view, 5> kKept{"IHDR", "PLTE", "tRNS", "IDAT", "IEND"};

/// CRC-32 of the PNG specification, annex D: polynomial 0xEDB88320, reflected.
constexpr std::array<std::uint32_t, 256> crcTable() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xEDB88320U ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}

std::uint32_t crc32(std::string_view bytes) {
  static constexpr auto kTable = crcTable();
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char byte : bytes) crc = kTable[(crc ^ static_cast<std::uint8_t>(byte)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

std::uint32_t bigEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

}  // namespace

std::string pixelChunks(std::string_view png, const std::string& where) {
  std::string kept(png.substr(0, kSignature));
  for (std::size_t at = kSignature; at + kFrame <= png.size();) {
    const std::size_t length = bigEndian(png.substr(at));
    if (length > png.size() - at - kFrame) break;
    const std::string_view type = png.substr(at + 4, 4);
    if (std::find(kKept.begin(), kKept.end(), type) != kKept.end()) {
      if (crc32(png.substr(at + 4, 4 + length)) != bigEndian(png.substr(at + 8 + length))) {
        throw Error(ErrorKind::BadInput,
                    "the PNG file is damaged: the checksum of its part " + std::string(type) + " is wrong", where,
                    "get the file again");
      }
      kept += png.substr(at, kFrame + length);
    }
    if (type == "IEND") break;
    at += kFrame + length;
  }
  return kept;
}

}  // namespace whorl
