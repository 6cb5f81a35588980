// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/image_file.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/file_ending.h"
#include "core/image/animation.h"
#include "core/image/convert.h"
#include "core/image/decoded_file.h"
#include "core/image/image_header.h"
#include "core/image/png_chunks.h"
#include "core/image/quiet.h"

namespace whorl {

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{256} << 20;
constexpr std::int64_t kMaxPixels = 100'000'000;

void checkSize(const ImageHeader& header, const std::string& name) {
  // Either side alone first, so that the product can't overflow.
  if (header.width > kMaxPixels || header.height > kMaxPixels || header.width * header.height > kMaxPixels) {
    throw Error(ErrorKind::BadInput,
                "the " + header.format + " image says that it has " + std::to_string(header.width) + " x " +
                    std::to_string(header.height) + " pixels, more than the 100 megapixels that are read",
                name, "scale it down first");
  }
}

cv::Mat decode(std::string_view bytes, ImageHeader& header, const std::string& name) {
  if (header.format == "GIF") {
    int frames = 1;
    cv::Mat mat = decodeGif(bytes, name, frames);
    header.animated = frames > 1;
    return mat;
  }
  if (header.format == "WebP" && header.animated) return decodeAnimatedWebp(bytes, name);
  const std::string chunks = header.format == "PNG" ? pixelChunks(bytes, name) : std::string();
  if (header.format == "PNG") bytes = chunks;
  const cv::Mat input(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
  const QuietErrorStream quiet;
  // Unchanged: keeps alpha and 16 bits; it also leaves EXIF's orientation to us.
  return cv::imdecode(input, cv::IMREAD_UNCHANGED);
}

std::vector<int> encodingOptions(const std::string& ending, const std::filesystem::path& path) {
  if (ending == ".jpg" || ending == ".jpeg") return {cv::IMWRITE_JPEG_QUALITY, 95};
  if (ending == ".webp") return {cv::IMWRITE_WEBP_QUALITY, 101};  // above 100: lossless
  if (ending == ".png" || ending == ".bmp" || ending == ".tif" || ending == ".tiff") return {};
  throw Error(ErrorKind::Usage, "images can't be written as \"" + ending + "\"", path.string(),
              "use .png, .jpg, .webp, .bmp or .tif");
}

}  // namespace

DecodedFile decodeFile(const void* data, std::size_t size, const std::string& name) {
  if (size > kMaxFileBytes) throw Error(ErrorKind::BadInput, "the image file is larger than 256 MiB", name);
  const std::string_view bytes(static_cast<const char*>(data), size);
  ImageHeader header = readImageHeader(bytes, name);
  checkSize(header, name);
  if (header.truncated) {
    throw Error(ErrorKind::BadInput, "the " + header.format + " file is cut off", name, "get the file again");
  }
  cv::Mat mat = decode(bytes, header, name);
  if (mat.empty()) {
    throw Error(ErrorKind::BadInput, "the " + header.format + " file is damaged or of an unusual kind", name,
                "open it in an image editor and save it as PNG");
  }
  if (mat.channels() == 2) mat.release();
  if (mat.depth() == CV_32F || mat.depth() == CV_64F) {
    throw Error(ErrorKind::BadInput, "the image holds floating-point numbers of an unknown range", name,
                "save it with 8 or 16 bits a channel");
  }
  const ImageFileInfo info = {header.format, mat.depth() == CV_16U ? 16 : 8, mat.channels() == 4, header.animated};
  return {upright(mat, header.orientation), info};
}

LoadedImage decodeImage(const void* data, std::size_t size, const std::string& name) {
  return withOpenCv(ErrorKind::BadInput, name, [&] {
    const DecodedFile file = decodeFile(data, size, name);
    return LoadedImage{fromMat(file.mat, name), file.info};
  });
}

LoadedImage readImage(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    throw Error(ErrorKind::BadInput, "this is a folder, not an image", path.string());
  }
  const std::string bytes = readFile(path, kMaxFileBytes);
  return decodeImage(bytes.data(), bytes.size(), path.string());
}

namespace {

std::vector<std::uint8_t> encode(const Image& image, const std::string& ending, const std::string& where) {
  const std::vector<int> options = encodingOptions(ending, where);
  std::vector<std::uint8_t> bytes;
  withOpenCv(ErrorKind::Failed, where, [&] {
    if (!cv::imencode(ending, toMat8(image), bytes, options)) {
      throw Error(ErrorKind::Failed, "the image could not be encoded", where, "try .png");
    }
  });
  return bytes;
}

}  // namespace

std::string encodePng(const Image& image) {
  const std::vector<std::uint8_t> bytes = encode(image, ".png", "a PNG");
  return {bytes.begin(), bytes.end()};
}

void checkImageFile(const std::filesystem::path& path) {
  encodingOptions(lowerEnding(path), path);
  const AtomicFile probe(path);
}

void writeImage(const Image& image, const std::filesystem::path& path) {
  const std::vector<std::uint8_t> bytes = encode(image, lowerEnding(path), path.string());
  AtomicFile file(path);
  file.write(bytes.data(), bytes.size());
  file.commit();
}

}  // namespace whorl
