// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/animation.h"

#ifdef WHORL_HAS_GIF
#include <gif_lib.h>
#endif

#include <algorithm>
#include <cstring>
#include <memory>
#include <opencv2/imgcodecs.hpp>
#include <vector>

#include "core/base/error.h"

namespace whorl {

namespace {

[[noreturn]] void damaged(const std::string& what, const std::string& where) {
  throw Error(ErrorKind::BadInput, what, where);
}

/// A transparent canvas with `frame` at (left, top).
cv::Mat onCanvas(const cv::Mat& frame, int width, int height, int left, int top, const std::string& where) {
  if (left < 0 || top < 0 || frame.cols > width - left || frame.rows > height - top) {
    damaged("the animation's first frame lies outside its picture", where);
  }
  if (frame.cols == width && frame.rows == height) return frame;
  cv::Mat canvas(height, width, CV_8UC4, cv::Scalar(255, 255, 255, 0));
  cv::Mat place = canvas(cv::Rect(left, top, frame.cols, frame.rows));
  for (int y = 0; y < frame.rows; ++y) {
    for (int x = 0; x < frame.cols; ++x) {
      const std::uint8_t* in = frame.ptr(y) + std::size_t(x) * frame.channels();
      place.at<cv::Vec4b>(y, x) = {in[0], in[1], in[2], frame.channels() == 4 ? in[3] : std::uint8_t{255}};
    }
  }
  return canvas;
}

std::uint32_t little(std::string_view bytes, std::size_t at, int count) {
  std::uint32_t value = 0;
  for (int i = count; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)]);
  return value;
}

void appendLittle(std::string& out, std::uint32_t value, int count) {
  for (int i = 0; i < count; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

#ifdef WHORL_HAS_GIF

struct GifCloser {
  void operator()(GifFileType* file) const { DGifCloseFile(file, nullptr); }
};

int readGifBytes(GifFileType* file, GifByteType* out, int count) {
  auto& left = *static_cast<std::string_view*>(file->UserData);
  const auto taken = std::min(left.size(), static_cast<std::size_t>(count));
  std::memcpy(out, left.data(), taken);
  left.remove_prefix(taken);
  return static_cast<int>(taken);
}

/// Goes on to the next image descriptor; false at the trailer. Remembers the transparent colour on the way.
bool nextGifImage(GifFileType* file, int& transparent, const std::string& where) {
  while (true) {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    if (DGifGetRecordType(file, &record) == GIF_ERROR) damaged("the GIF file is damaged or cut off", where);
    if (record == IMAGE_DESC_RECORD_TYPE) return true;
    if (record == TERMINATE_RECORD_TYPE) return false;
    if (record != EXTENSION_RECORD_TYPE) continue;
    int code = 0;
    GifByteType* data = nullptr;
    if (DGifGetExtension(file, &code, &data) == GIF_ERROR) damaged("the GIF file is damaged or cut off", where);
    while (data) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE && data[0] == 4 && DGifExtensionToGCB(4, data + 1, &control) == GIF_OK) {
        transparent = control.TransparentColor;
      }
      if (DGifGetExtensionNext(file, &data) == GIF_ERROR) damaged("the GIF file is damaged or cut off", where);
    }
  }
}

/// Rows of the current image in picture order (GIF89a, appendix E: four interlace passes).
std::vector<int> gifRowOrder(int height, bool interlaced) {
  std::vector<int> rows;
  const int starts[] = {0, 4, 2, 1};
  const int steps[] = {8, 8, 4, 2};
  for (int pass = 0; pass < (interlaced ? 4 : 1); ++pass) {
    for (int y = interlaced ? starts[pass] : 0; y < height; y += interlaced ? steps[pass] : 1) rows.push_back(y);
  }
  return rows;
}

#endif

}  // namespace

#ifdef WHORL_HAS_GIF

cv::Mat decodeGif(std::string_view bytes, const std::string& where, int& frames) {
  frames = 1;
  std::string_view left = bytes;
  int code = 0;
  std::unique_ptr<GifFileType, GifCloser> file(DGifOpen(&left, readGifBytes, &code));
  if (!file) damaged("the GIF file's header is damaged", where);
  int transparent = NO_TRANSPARENT_COLOR;
  if (!nextGifImage(file.get(), transparent, where)) damaged("the GIF file holds no image", where);
  if (DGifGetImageDesc(file.get()) == GIF_ERROR) damaged("the GIF file is damaged or cut off", where);
  const GifImageDesc& image = file->Image;
  const ColorMapObject* colours = image.ColorMap ? image.ColorMap : file->SColorMap;
  if (!colours) damaged("the GIF file has no colour table", where);
  if (image.Width < 1 || image.Height < 1 || image.Left < 0 || image.Top < 0 ||
      image.Width > file->SWidth - image.Left || image.Height > file->SHeight - image.Top) {
    damaged("the animation's first frame lies outside its picture", where);
  }
  cv::Mat frame(image.Height, image.Width, CV_8UC4);
  std::vector<GifPixelType> line(static_cast<std::size_t>(image.Width));
  for (const int y : gifRowOrder(image.Height, image.Interlace)) {
    if (DGifGetLine(file.get(), line.data(), image.Width) == GIF_ERROR) damaged("the GIF file is cut off", where);
    for (int x = 0; x < image.Width; ++x) {
      const int index = line[static_cast<std::size_t>(x)];
      if (index >= colours->ColorCount) damaged("the GIF file names a colour that it doesn't define", where);
      const GifColorType& c = colours->Colors[index];
      frame.at<cv::Vec4b>(y, x) = {c.Blue, c.Green, c.Red, std::uint8_t(index == transparent ? 0 : 255)};
    }
  }
  const int width = file->SWidth;
  const int height = file->SHeight;
  const int left0 = image.Left;
  const int top0 = image.Top;
  if (nextGifImage(file.get(), transparent, where)) frames = 2;
  return onCanvas(frame, width, height, left0, top0, where);
}

#else

cv::Mat decodeGif(std::string_view, const std::string& where, int&) {
  throw Error(ErrorKind::BadInput, "this build can't read GIF (it was made without giflib)", where,
              "convert it to PNG, or build Whorl with giflib");
}

#endif

cv::Mat decodeAnimatedWebp(std::string_view bytes, const std::string& where) {
  constexpr std::size_t kFrameHeader = 16;  // WebP container specification, "ANMF" chunk
  std::size_t at = 12;
  while (at + 8 <= bytes.size() && bytes.substr(at, 4) != "ANMF") {
    const std::size_t length = little(bytes, at + 4, 4);
    at += 8 + length + (length & 1);
  }
  if (at + 8 + kFrameHeader > bytes.size()) damaged("the animated WebP file holds no frame", where);
  const std::size_t length = little(bytes, at + 4, 4);
  if (length < kFrameHeader || length > bytes.size() - at - 8) damaged("the WebP file is cut off", where);
  const std::string_view frame = bytes.substr(at + 8, length);

  std::string file = "WEBPVP8X";
  appendLittle(file, 10, 4);
  appendLittle(file, frame.substr(kFrameHeader).starts_with("ALPH") ? 0x10 : 0, 4);
  file += frame.substr(6, 6);  // width - 1 and height - 1, 24 bits each
  file += frame.substr(kFrameHeader);
  std::string whole = "RIFF";
  appendLittle(whole, static_cast<std::uint32_t>(file.size()), 4);
  whole += file;

  const cv::Mat input(1, static_cast<int>(whole.size()), CV_8U, whole.data());
  const cv::Mat decoded = cv::imdecode(input, cv::IMREAD_UNCHANGED);
  if (decoded.empty()) damaged("the WebP file's first frame is damaged", where);
  return onCanvas(decoded, static_cast<int>(little(bytes, 24, 3)) + 1, static_cast<int>(little(bytes, 27, 3)) + 1,
                  static_cast<int>(little(frame, 0, 3)) * 2, static_cast<int>(little(frame, 3, 3)) * 2, where);
}

}  // namespace whorl
