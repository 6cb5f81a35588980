// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "core/image/image.h"

namespace whorl {

/// What a file said before it was converted.
struct ImageFileInfo {
  std::string format;     ///< "PNG", "JPEG", …
  int bitDepth = 8;       ///< 8 or 16
  bool hadAlpha = false;  ///< alpha was composed over white
  bool animated = false;  ///< only the first frame was read
};

struct LoadedImage {
  Image image;  ///< grey (1 channel) or RGB (3 channels), upright (EXIF orientation applied)
  ImageFileInfo info;
};

/// Reads PNG, JPEG, WebP, BMP, TIFF, PNM and the first frame of GIF, told by its first bytes, not by its name.
/// Refuses files over 256 MiB and images over 100 megapixels before decoding. Error(BadInput) with the file's name.
LoadedImage readImage(const std::filesystem::path& path);
/// The same from memory; `name` is for messages.
LoadedImage decodeImage(const void* data, std::size_t size, const std::string& name);

/// Writes PNG, JPEG, WebP, BMP or TIFF by the name's ending, 8 bits a channel (rounded to nearest), atomically.
void writeImage(const Image& image, const std::filesystem::path& path);
/// The errors that writeImage() would end in because of the name or the place. Writes nothing.
void checkImageFile(const std::filesystem::path& path);
/// The bytes of a PNG file of it, 8 bits a channel.
std::string encodePng(const Image& image);

/// How an image of any size becomes a network's input.
enum class FitMode {
  Fit,      ///< whole image, aspect kept, the rest filled with the border's mean colour
  Crop,     ///< centre crop to the input's aspect, then resize
  Stretch,  ///< resize both sides, aspect lost
};

/// Grey ↔ colour (ITU-R BT.601 weights) and resize (area when shrinking, bilinear when growing). An image that already
/// has the shape comes back unchanged.
Image fitImage(const Image& image, const ImageShape& shape, FitMode mode);

/// A file's image as a network's input, and its shape before.
struct FittedFile {
  Image image;
  ImageShape shape;
};

/// decodeImage() and fitImage() in one. Of a large image only some rows at a time are floating-point numbers, which are
/// four times to twelve times what was decoded; the values are those of both up to rounding in float32, and of an image
/// of less than a megapixel to the bit.
FittedFile decodeFitted(const void* data, std::size_t size, const std::string& name, const ImageShape& shape,
                        FitMode mode);

}  // namespace whorl
