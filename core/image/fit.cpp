// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/image/convert.h"
#include "core/image/image_file.h"

namespace whorl {

namespace {

cv::Mat resized(const cv::Mat& mat, int width, int height) {
  if (mat.cols == width && mat.rows == height) return mat;
  // Area averages what a pixel covers, which is right where both sides shrink; bilinear otherwise.
  const bool shrinks = width <= mat.cols && height <= mat.rows;
  cv::Mat result;
  cv::resize(mat, result, {width, height}, 0, 0, shrinks ? cv::INTER_AREA : cv::INTER_LINEAR);
  return result;
}

cv::Scalar borderMean(const cv::Mat& mat) {
  cv::Mat mask(mat.size(), CV_8U, cv::Scalar(255));
  if (mat.cols > 2 && mat.rows > 2) mask(cv::Rect(1, 1, mat.cols - 2, mat.rows - 2)).setTo(0);
  return cv::mean(mat, mask);
}

cv::Mat fitted(const cv::Mat& mat, int width, int height) {
  const double scale = std::min(double(width) / mat.cols, double(height) / mat.rows);
  const int w = std::clamp(static_cast<int>(std::lround(mat.cols * scale)), 1, width);
  const int h = std::clamp(static_cast<int>(std::lround(mat.rows * scale)), 1, height);
  if (w == width && h == height) return resized(mat, width, height);
  cv::Mat result(height, width, mat.type(), borderMean(mat));
  resized(mat, w, h).copyTo(result(cv::Rect((width - w) / 2, (height - h) / 2, w, h)));
  return result;
}

cv::Mat cropped(const cv::Mat& mat, int width, int height) {
  const double scale = std::min(double(mat.cols) / width, double(mat.rows) / height);
  const int w = std::clamp(static_cast<int>(std::lround(width * scale)), 1, mat.cols);
  const int h = std::clamp(static_cast<int>(std::lround(height * scale)), 1, mat.rows);
  return resized(mat(cv::Rect((mat.cols - w) / 2, (mat.rows - h) / 2, w, h)), width, height);
}

}  // namespace

Image fitImage(const Image& image, const ImageShape& shape, FitMode mode) {
  if (image.shape == shape) return image;
  if ((shape.channels != 1 && shape.channels != 3) || shape.height < 1 || shape.width < 1) {
    throw Error(ErrorKind::Usage, "an image can't be fitted to " + toText(shape), {},
                "one or three channels and at least one pixel are needed");
  }
  return withOpenCv(ErrorKind::BadInput, "fitImage", [&] {
    cv::Mat mat = toMat(image);
    if (mat.channels() != shape.channels) {
      cv::cvtColor(mat, mat, shape.channels == 1 ? cv::COLOR_BGR2GRAY : cv::COLOR_GRAY2BGR);
    }
    switch (mode) {
      case FitMode::Fit:
        mat = fitted(mat, shape.width, shape.height);
        break;
      case FitMode::Crop:
        mat = cropped(mat, shape.width, shape.height);
        break;
      case FitMode::Stretch:
        mat = resized(mat, shape.width, shape.height);
        break;
    }
    Image result = fromMat(mat, "fitImage");
    for (float& value : result.pixels) value = std::clamp(value, 0.0f, 1.0f);
    return result;
  });
}

}  // namespace whorl
