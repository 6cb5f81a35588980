// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace whorl {

/// What the first bytes of an image file say, read before any decoder sees it.
struct ImageHeader {
  std::string format;  ///< "PNG", "JPEG", "WebP", "BMP", "TIFF", "PNM" or "GIF"
  std::int64_t width = 0;
  std::int64_t height = 0;
  int bitDepth = 8;
  bool animated = false;   ///< more than one frame or page
  int orientation = 1;     ///< EXIF, 1 to 8; 1 where the decoder applies it by itself (TIFF)
  bool truncated = false;  ///< the file ends before its format says that it may
};

/// Told by content, never by name. Error(BadInput) with `where` for an empty file, an unknown format, or a header that
/// is cut off or says nonsense. Never reads outside `bytes`, never allocates by what the file claims.
ImageHeader readImageHeader(std::string_view bytes, const std::string& where);

}  // namespace whorl
