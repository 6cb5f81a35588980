// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/convert.h"

#include <mutex>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace whorl {

namespace {

/// Channel of an interleaved BGR(A) pixel that holds our plane `c`.
int sourceChannel(int c, int channels) { return channels >= 3 ? 2 - c : c; }

template <class T>
void copyPlanes(const cv::Mat& mat, float maximum, Image& image) {
  const int channels = mat.channels();
  const bool alpha = channels == 4;
  const auto [planes, height, width] = image.shape;
  for (int c = 0; c < planes; ++c) {
    const int source = sourceChannel(c, channels);
    float* out = image.pixels.data() + std::size_t(c) * height * width;
    for (int y = 0; y < height; ++y) {
      const T* row = mat.ptr<T>(y);
      for (int x = 0; x < width; ++x, row += channels) {
        float value = static_cast<float>(row[source]) / maximum;
        if (alpha) {
          const float opacity = static_cast<float>(row[3]) / maximum;
          value = value * opacity + (1 - opacity);
        }
        *out++ = value;
      }
    }
  }
}

}  // namespace

void prepareOpenCv() {
  static std::once_flag once;
  std::call_once(once, [] {
    cv::setNumThreads(0);  // our images are small, and the scheduler owns the threads
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);  // errors arrive as Error
  });
}

void checkImage(const Image& image) {
  const auto [channels, height, width] = image.shape;
  if ((channels != 1 && channels != 3) || height < 1 || width < 1 ||
      static_cast<std::int64_t>(image.pixels.size()) != image.shape.size()) {
    throw Error(ErrorKind::Internal, "an image of shape " + toText(image.shape) + " with " +
                                         std::to_string(image.pixels.size()) + " values");
  }
}

Image fromMat(const cv::Mat& mat, const std::string& where) {
  if (mat.empty()) throw Error(ErrorKind::BadInput, "the image has no pixels", where);
  const int channels = mat.channels();
  if (channels != 1 && channels != 3 && channels != 4) {
    throw Error(ErrorKind::BadInput, "images of " + std::to_string(channels) + " channels are not supported", where,
                "save it as grey or RGB");
  }
  Image image{{channels == 1 ? 1 : 3, mat.rows, mat.cols}, {}};
  image.pixels.resize(static_cast<std::size_t>(image.shape.size()));
  switch (mat.depth()) {
    case CV_8U:
      copyPlanes<std::uint8_t>(mat, 255.0f, image);
      break;
    case CV_16U:
      copyPlanes<std::uint16_t>(mat, 65535.0f, image);
      break;
    case CV_32F:
      copyPlanes<float>(mat, 1.0f, image);
      break;
    default:
      throw Error(ErrorKind::BadInput, "only 8 and 16 bits a channel are supported", where,
                  "save it with 8 or 16 bits a channel");
  }
  return image;
}

cv::Mat toMat(const Image& image) {
  checkImage(image);
  const auto [channels, height, width] = image.shape;
  cv::Mat mat(height, width, CV_32FC(channels));
  for (int c = 0; c < channels; ++c) {
    const int target = sourceChannel(c, channels);
    const float* in = image.pixels.data() + std::size_t(c) * height * width;
    for (int y = 0; y < height; ++y) {
      float* row = mat.ptr<float>(y) + target;
      for (int x = 0; x < width; ++x) row[std::size_t(x) * channels] = *in++;
    }
  }
  return mat;
}

cv::Mat toMat8(const Image& image) {
  cv::Mat bytes;
  toMat(image).convertTo(bytes, CV_8U, 255);  // convertTo rounds to nearest and saturates
  return bytes;
}

cv::Mat upright(const cv::Mat& mat, int orientation) {
  if (orientation < 2 || orientation > 8) return mat;
  cv::Mat result;
  if (orientation >= 5) {
    cv::transpose(mat, result);
  } else {
    result = mat.clone();
  }
  constexpr int kNone = 2;
  // 1 mirrors left and right, 0 top and bottom, -1 both; 5 is the transpose alone.
  const int flips[] = {kNone, kNone, 1, -1, 0, kNone, 1, -1, 0};
  if (flips[orientation] != kNone) cv::flip(result, result, flips[orientation]);
  return result;
}

}  // namespace whorl
