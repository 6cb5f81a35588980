// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "core/image/convert.h"
#include "core/image/decoded_file.h"
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

/// The part of an image that becomes the input, and the size that it takes there.
struct Placement {
  cv::Rect taken;
  cv::Size size;
};

Placement placementOf(const cv::Size& image, int width, int height, FitMode mode) {
  if (mode == FitMode::Stretch) return {{{0, 0}, image}, {width, height}};
  const double x = double(width) / image.width;
  const double y = double(height) / image.height;
  if (mode == FitMode::Fit) {
    const int w = std::clamp(static_cast<int>(std::lround(image.width * std::min(x, y))), 1, width);
    const int h = std::clamp(static_cast<int>(std::lround(image.height * std::min(x, y))), 1, height);
    return {{{0, 0}, image}, {w, h}};
  }
  const double scale = std::min(double(image.width) / width, double(image.height) / height);
  const int w = std::clamp(static_cast<int>(std::lround(width * scale)), 1, image.width);
  const int h = std::clamp(static_cast<int>(std::lround(height * scale)), 1, image.height);
  return {{(image.width - w) / 2, (image.height - h) / 2, w, h}, {width, height}};
}

cv::Mat placed(const cv::Mat& small, int width, int height, const cv::Scalar& border) {
  if (small.cols == width && small.rows == height) return small;
  cv::Mat result(height, width, small.type(), border);
  small.copyTo(result(cv::Rect({(width - small.cols) / 2, (height - small.rows) / 2}, small.size())));
  return result;
}

/// The sums of a border's pixels, a strip at a time.
class BorderSum {
 public:
  void add(const cv::Mat& strip) {
    m_sum += cv::sum(strip);
    m_count += static_cast<double>(strip.total());
  }
  cv::Scalar mean() const { return m_sum / std::max(m_count, 1.0); }

 private:
  cv::Scalar m_sum;
  double m_count = 0;
};

cv::Mat asChannels(cv::Mat mat, int channels) {
  if (mat.channels() != channels) cv::cvtColor(mat, mat, channels == 1 ? cv::COLOR_BGR2GRAY : cv::COLOR_GRAY2BGR);
  return mat;
}

constexpr int kBandPixels = 1 << 20;

/// Area averages first along the rows, band by band, then along the columns: the order in which OpenCV takes them.
cv::Mat shrunk(const cv::Mat& mat, const ImageShape& shape, FitMode mode, const std::string& name) {
  const Placement placement = placementOf(mat.size(), shape.width, shape.height, mode);
  const cv::Mat taken = mat(placement.taken);
  const int rows = std::max(1, kBandPixels / taken.cols);
  cv::Mat narrow(taken.rows, placement.size.width, shape.channels == 1 ? CV_32FC1 : CV_32FC3);
  BorderSum border;
  for (int first = 0; first < taken.rows; first += rows) {
    const cv::Range band(first, std::min(first + rows, taken.rows));
    const cv::Mat values = asChannels(toMat(fromMat(taken.rowRange(band), name)), shape.channels);
    cv::resize(values, narrow.rowRange(band), {narrow.cols, values.rows}, 0, 0, cv::INTER_AREA);
    if (band.start == 0) border.add(values.row(0));
    if (band.end == taken.rows) border.add(values.row(values.rows - 1));
    // Corners count once.
    const cv::Range inner(band.start == 0 ? 1 : 0, values.rows - (band.end == taken.rows ? 1 : 0));
    if (inner.empty()) continue;
    border.add(values(inner, {0, 1}));
    border.add(values(inner, {values.cols - 1, values.cols}));
  }
  const cv::Mat small = resized(narrow, placement.size.width, placement.size.height);
  return placed(small, shape.width, shape.height, border.mean());
}

Image clamped(const cv::Mat& mat) {
  Image result = fromMat(mat, "fitImage");
  for (float& value : result.pixels) value = std::clamp(value, 0.0f, 1.0f);
  return result;
}

void checkInput(const ImageShape& shape) {
  if ((shape.channels == 1 || shape.channels == 3) && shape.height >= 1 && shape.width >= 1) return;
  throw Error(ErrorKind::Usage, "an image can't be fitted to " + toText(shape), {},
              "one or three channels and at least one pixel are needed");
}

}  // namespace

FittedFile decodeFitted(const void* data, std::size_t size, const std::string& name, const ImageShape& shape,
                        FitMode mode) {
  checkInput(shape);
  return withOpenCv(ErrorKind::BadInput, name, [&]() -> FittedFile {
    const cv::Mat mat = decodeFile(data, size, name).mat;
    const ImageShape before{mat.channels() == 1 ? 1 : 3, mat.rows, mat.cols};
    const cv::Rect taken = placementOf(mat.size(), shape.width, shape.height, mode).taken;
    const bool large = std::int64_t{taken.width} * taken.height > kBandPixels;
    const bool shrinks = taken.width > shape.width && taken.height > shape.height;
    if (large && shrinks) return {clamped(shrunk(mat, shape, mode, name)), before};
    return {fitImage(fromMat(mat, name), shape, mode), before};
  });
}

Image fitImage(const Image& image, const ImageShape& shape, FitMode mode) {
  if (image.shape == shape) return image;
  checkInput(shape);
  return withOpenCv(ErrorKind::BadInput, "fitImage", [&] {
    const cv::Mat mat = asChannels(toMat(image), shape.channels);
    const Placement placement = placementOf(mat.size(), shape.width, shape.height, mode);
    const cv::Mat small = resized(mat(placement.taken), placement.size.width, placement.size.height);
    const bool whole = placement.size == cv::Size(shape.width, shape.height);
    return clamped(whole ? small : placed(small, shape.width, shape.height, borderMean(mat)));
  });
}

}  // namespace whorl
