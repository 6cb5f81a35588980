// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/image_header.h"

#include <array>
#include <optional>

#include "core/base/error.h"

namespace whorl {

namespace {

/// Bounds-checked reads of big- and little-endian numbers; reading past the end is Error(BadInput).
class Bytes {
 public:
  Bytes(std::string_view bytes, const std::string& where) : m_bytes(bytes), m_where(where) {}

  std::size_t size() const { return m_bytes.size(); }
  bool has(std::size_t offset, std::size_t count) const {
    return offset <= m_bytes.size() && count <= m_bytes.size() - offset;
  }
  std::uint64_t number(std::size_t offset, std::size_t count, bool bigEndian) const {
    if (!has(offset, count)) fail("the file is cut off inside its header");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const auto byte = static_cast<std::uint8_t>(m_bytes[offset + (bigEndian ? i : count - 1 - i)]);
      value = value << 8 | byte;
    }
    return value;
  }
  std::uint8_t u8(std::size_t offset) const { return static_cast<std::uint8_t>(number(offset, 1, true)); }
  std::uint32_t big(std::size_t offset, std::size_t count = 4) const {
    return static_cast<std::uint32_t>(number(offset, count, true));
  }
  std::uint32_t little(std::size_t offset, std::size_t count = 4) const {
    return static_cast<std::uint32_t>(number(offset, count, false));
  }
  bool at(std::size_t offset, std::string_view text) const {
    return has(offset, text.size()) && m_bytes.substr(offset, text.size()) == text;
  }
  std::string_view slice(std::size_t offset, std::size_t count) const {
    return has(offset, count) ? m_bytes.substr(offset, count) : std::string_view();
  }
  [[noreturn]] void fail(const std::string& message) const { throw Error(ErrorKind::BadInput, message, m_where); }

 private:
  std::string_view m_bytes;
  const std::string& m_where;
};

constexpr int kOrientationTag = 274;

/// Orientation from a TIFF structure (EXIF 2.3, 4.6.4); 1 where it is absent or damaged: it is a wish, not the image.
int exifOrientation(std::string_view tiff) {
  const std::string nowhere;
  const Bytes bytes(tiff, nowhere);
  if (!bytes.at(0, "II") && !bytes.at(0, "MM")) return 1;
  const bool bigEndian = bytes.at(0, "MM");
  try {
    const std::size_t directory = bytes.number(4, 4, bigEndian);
    const auto count = bytes.number(directory, 2, bigEndian);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t entry = directory + 2 + 12 * i;
      if (bytes.number(entry, 2, bigEndian) == kOrientationTag) {
        const auto value = bytes.number(entry + 8, 2, bigEndian);
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
      }
    }
  } catch (const Error&) {
    return 1;
  }
  return 1;
}

void readPng(const Bytes& bytes, ImageHeader& header) {
  if (!bytes.at(12, "IHDR")) bytes.fail("the PNG file doesn't begin with its header");
  header.width = bytes.big(16);
  header.height = bytes.big(20);
  header.bitDepth = bytes.u8(24);
  header.truncated = true;
  for (std::size_t at = 8; bytes.has(at, 12);) {
    const std::size_t length = bytes.big(at);
    if (!bytes.has(at, 12) || length > bytes.size() - at - 12) return;
    if (bytes.at(at + 4, "acTL")) header.animated = true;
    if (bytes.at(at + 4, "eXIf")) header.orientation = exifOrientation(bytes.slice(at + 8, length));
    if (bytes.at(at + 4, "IEND")) {
      header.truncated = false;
      return;
    }
    at += 12 + length;
  }
}

bool isStartOfFrame(int marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

/// Walks JPEG's segments (ITU-T T.81, annex B) to the end-of-image marker.
void readJpeg(const Bytes& bytes, ImageHeader& header) {
  header.truncated = true;
  bool inScan = false;
  for (std::size_t at = 2; bytes.has(at, 2);) {
    if (bytes.u8(at) != 0xFF) {
      if (!inScan && header.width == 0) bytes.fail("the JPEG file's header is damaged");
      ++at;
      continue;
    }
    const int marker = bytes.u8(at + 1);
    if (marker == 0xFF) {
      ++at;  // fill byte
      continue;
    }
    if (marker == 0x00 || marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) {
      at += 2;
      continue;
    }
    if (marker == 0xD9) {
      header.truncated = !inScan;
      break;
    }
    if (!bytes.has(at + 2, 2)) break;
    const std::size_t length = bytes.big(at + 2, 2);
    if (length < 2) bytes.fail("the JPEG file's header is damaged");
    if (isStartOfFrame(marker) && header.width == 0) {
      header.bitDepth = bytes.u8(at + 4);
      header.height = bytes.big(at + 5, 2);
      header.width = bytes.big(at + 7, 2);
    } else if (marker == 0xE1 && bytes.at(at + 4, std::string_view("Exif\0\0", 6)) && length > 8) {
      header.orientation = exifOrientation(bytes.slice(at + 10, length - 8));
    } else if (marker == 0xDA) {
      inScan = true;
    }
    at += 2 + length;
  }
  if (header.width == 0 && header.height == 0) bytes.fail("the JPEG file ends before its size is told");
}

void readWebp(const Bytes& bytes, ImageHeader& header) {
  header.truncated = std::uint64_t{bytes.little(4)} + 8 > bytes.size();
  if (bytes.at(12, "VP8X")) {
    header.animated = (bytes.u8(20) & 0x02) != 0;
    header.width = std::int64_t{bytes.little(24, 3)} + 1;
    header.height = std::int64_t{bytes.little(27, 3)} + 1;
    for (std::size_t at = 12; bytes.has(at, 8);) {
      const std::size_t length = bytes.little(at + 4);
      if (bytes.at(at, "EXIF")) {
        auto exif = bytes.slice(at + 8, length);
        if (exif.starts_with(std::string_view("Exif\0\0", 6))) exif.remove_prefix(6);
        header.orientation = exifOrientation(exif);
      }
      at += 8 + length + (length & 1);
    }
  } else if (bytes.at(12, "VP8L")) {
    const std::uint32_t bits = bytes.little(21);
    header.width = (bits & 0x3FFF) + 1;
    header.height = (bits >> 14 & 0x3FFF) + 1;
  } else if (bytes.at(12, "VP8 ")) {
    header.width = bytes.little(26, 2) & 0x3FFF;
    header.height = bytes.little(28, 2) & 0x3FFF;
  } else {
    bytes.fail("the WebP file doesn't begin with an image");
  }
}

void readBmp(const Bytes& bytes, ImageHeader& header) {
  const std::uint32_t size = bytes.little(14);
  if (size == 12) {
    header.width = bytes.little(18, 2);
    header.height = bytes.little(20, 2);
  } else {
    header.width = static_cast<std::int32_t>(bytes.little(18));
    const std::int64_t height = static_cast<std::int32_t>(bytes.little(22));
    header.height = height < 0 ? -height : height;  // negative: rows from top to bottom
    constexpr std::int64_t kLargest = std::int64_t{1} << 31;
    const std::uint32_t compression = bytes.little(30);
    if (compression == 0 && header.width > 0 && header.width < kLargest) {
      const std::int64_t row = (header.width * bytes.little(28, 2) + 31) / 32 * 4;
      const auto left = static_cast<std::int64_t>(bytes.size()) - std::int64_t{bytes.little(10)};
      header.truncated = row > 0 && left / row < header.height;
    }
  }
}

/// The first directory of a TIFF or BigTIFF file.
void readTiff(const Bytes& bytes, ImageHeader& header) {
  const bool bigEndian = bytes.at(0, "MM");
  const bool bigTiff = bytes.number(2, 2, bigEndian) == 43;
  const std::size_t word = bigTiff ? 8 : 4;
  const std::size_t directory = bytes.number(bigTiff ? 8 : 4, word, bigEndian);
  const auto count = bytes.number(directory, bigTiff ? 8 : 2, bigEndian);
  if (count > 65535) bytes.fail("the TIFF file's directory is damaged");
  const std::size_t entrySize = bigTiff ? 20 : 12;
  const std::size_t first = directory + (bigTiff ? 8 : 2);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t entry = first + i * entrySize;
    const auto tag = bytes.number(entry, 2, bigEndian);
    const auto type = bytes.number(entry + 2, 2, bigEndian);
    const auto value = bytes.number(entry + (bigTiff ? 12 : 8), type == 3 ? 2 : 4, bigEndian);
    if (tag == 256) header.width = static_cast<std::int64_t>(value);
    if (tag == 257) header.height = static_cast<std::int64_t>(value);
    const auto values = bytes.number(entry + 4, word, bigEndian);
    if (tag == 258) {
      // More than two (four) numbers don't fit into the entry, which then holds the place of the first.
      const bool inside = values <= (bigTiff ? 4u : 2u);
      header.bitDepth = static_cast<int>(
          inside ? value : bytes.number(bytes.number(entry + (bigTiff ? 12 : 8), word, bigEndian), 2, bigEndian));
    }
  }
  const std::size_t next = first + count * entrySize;
  header.animated = bytes.has(next, word) && bytes.number(next, word, bigEndian) != 0;
}

/// The ASCII header of PBM, PGM and PPM (P1 to P6), with comments.
void readPnm(const Bytes& bytes, ImageHeader& header) {
  const int kind = bytes.u8(1) - '0';
  const int wanted = kind == 1 || kind == 4 ? 2 : 3;
  std::array<std::int64_t, 3> numbers{0, 0, 255};
  std::size_t at = 2;
  for (int i = 0; i < wanted; ++i) {
    while (true) {
      const char c = static_cast<char>(bytes.u8(at));
      if (c == '#') {
        while (bytes.u8(at) != '\n') ++at;
      } else if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
        break;
      }
      ++at;
    }
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; bytes.has(at, 1) && bytes.u8(at) >= '0' && bytes.u8(at) <= '9' && digits < 10; ++at, ++digits) {
      value = value * 10 + (bytes.u8(at) - '0');
    }
    if (digits == 0 || digits == 10) bytes.fail("the PNM file's header is damaged");
    numbers[static_cast<std::size_t>(i)] = value;
  }
  header.width = numbers[0];
  header.height = numbers[1];
  header.bitDepth = numbers[2] > 255 ? 16 : 8;
  if (kind >= 4) {
    const std::int64_t samples = header.width * (kind == 6 ? 3 : 1);
    const std::int64_t row = kind == 4 ? (header.width + 7) / 8 : samples * header.bitDepth / 8;
    const auto left = static_cast<std::int64_t>(bytes.size() - at) - 1;
    header.truncated = row > 0 && left / row < header.height;
  }
}

void readGif(const Bytes& bytes, ImageHeader& header) {
  header.width = bytes.little(6, 2);
  header.height = bytes.little(8, 2);
}

struct Format {
  const char* name;
  bool (*matches)(const Bytes&);
  void (*read)(const Bytes&, ImageHeader&);
};

const std::array<Format, 7> kFormats{{
    {"PNG", [](const Bytes& b) { return b.at(0, "\x89PNG\r\n\x1a\n"); }, readPng},
    {"JPEG", [](const Bytes& b) { return b.at(0, "\xFF\xD8\xFF"); }, readJpeg},
    {"WebP", [](const Bytes& b) { return b.at(0, "RIFF") && b.at(8, "WEBP"); }, readWebp},
    {"BMP", [](const Bytes& b) { return b.at(0, "BM"); }, readBmp},
    {"TIFF",
     [](const Bytes& b) {
       using namespace std::string_view_literals;
       return b.at(0, "II*\0"sv) || b.at(0, "MM\0*"sv) || b.at(0, "II+\0"sv) || b.at(0, "MM\0+"sv);
     },
     readTiff},
    {"PNM",
     [](const Bytes& b) {
       return b.at(0, "P") && b.has(0, 3) && b.u8(1) >= '1' && b.u8(1) <= '6' && (b.u8(2) <= ' ' || b.u8(2) == '#');
     },
     readPnm},
    {"GIF", [](const Bytes& b) { return b.at(0, "GIF87a") || b.at(0, "GIF89a"); }, readGif},
}};

}  // namespace

ImageHeader readImageHeader(std::string_view data, const std::string& where) {
  const Bytes bytes(data, where);
  if (data.empty()) bytes.fail("the file is empty");
  for (const Format& format : kFormats) {
    if (!format.matches(bytes)) continue;
    ImageHeader header;
    header.format = format.name;
    format.read(bytes, header);
    if (header.width < 1 || header.height < 1) {
      bytes.fail("the " + header.format + " header says " + std::to_string(header.width) + " x " +
                 std::to_string(header.height) + " pixels");
    }
    return header;
  }
  throw Error(ErrorKind::BadInput, "this is no image of a known format", where,
              "known are PNG, JPEG, WebP, BMP, TIFF, PNM and GIF");
}

}  // namespace whorl
