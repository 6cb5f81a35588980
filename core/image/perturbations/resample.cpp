// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/perturbations/resample.h"

#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>

#include "core/image/convert.h"

namespace whorl {

namespace {

/// Where a zoomed axis is read.
struct Tap {
  int first = 0;
  int second = 0;
  float share = 0;  ///< of the second
};

std::vector<Tap> zoomTaps(int length, double factor) {
  const int cut = std::clamp(static_cast<int>(std::ceil(length / factor)), 1, length);
  const int start = (length - cut) / 2;
  const int grown = std::max(length, static_cast<int>(std::nearbyint(cut * factor)));
  const int trim = (grown - length) / 2;
  std::vector<Tap> taps(static_cast<std::size_t>(length));
  for (int i = 0; i < length; ++i) {
    const double at = grown > 1 ? double(i + trim) * (cut - 1) / (grown - 1) : 0;
    const int first = std::min(static_cast<int>(at), cut - 1);
    taps[static_cast<std::size_t>(i)] = {start + first, start + std::min(first + 1, cut - 1),
                                         static_cast<float>(at - first)};
  }
  return taps;
}

}  // namespace

void addZoomed(const Image& image, double factor, Image& sum) {
  const auto [channels, height, width] = image.shape;
  const std::vector<Tap> rows = zoomTaps(height, factor);
  const std::vector<Tap> columns = zoomTaps(width, factor);
  for (int c = 0; c < channels; ++c) {
    const float* in = image.pixels.data() + std::size_t(c) * height * width;
    float* out = sum.pixels.data() + std::size_t(c) * height * width;
    for (const Tap& row : rows) {
      const float* upper = in + std::size_t(row.first) * width;
      const float* lower = in + std::size_t(row.second) * width;
      for (const Tap& column : columns) {
        const float above = upper[column.first] + column.share * (upper[column.second] - upper[column.first]);
        const float below = lower[column.first] + column.share * (lower[column.second] - lower[column.first]);
        *out++ += above + row.share * (below - above);
      }
    }
  }
}

Image gaussianBlurred(const Image& image, double sigma, double truncate, int border) {
  const int radius = static_cast<int>(std::lround(truncate * sigma));
  if (radius < 1) return image;
  cv::Mat blurred;
  cv::GaussianBlur(toMat(image), blurred, cv::Size(2 * radius + 1, 2 * radius + 1), sigma, sigma, border);
  return fromMat(blurred, "blur");
}

Image motionBlurred(const Image& image, double radius, double sigma, double angle) {
  const int taps = 2 * static_cast<int>(std::ceil(radius)) + 1;
  if (taps < 2 || sigma <= 0) return image;
  std::vector<double> weights(static_cast<std::size_t>(taps));
  double total = 0;
  for (int i = 0; i < taps; ++i) total += weights[static_cast<std::size_t>(i)] = std::exp(-i * i / (2 * sigma * sigma));
  const double radians = angle * std::numbers::pi / 180;
  const cv::Mat mat = toMat(image);
  cv::Mat padded;
  cv::copyMakeBorder(mat, padded, taps, taps, taps, taps, cv::BORDER_REPLICATE);
  cv::Mat sum = cv::Mat::zeros(mat.size(), mat.type());
  for (int i = 0; i < taps; ++i) {
    const double weight = weights[static_cast<std::size_t>(i)] / total;
    if (weight < 1e-7) break;  // a 40,000th of a grey level
    const int x = static_cast<int>(std::ceil(i * std::cos(radians) - 0.5));
    const int y = static_cast<int>(std::ceil(i * std::sin(radians) - 0.5));
    cv::scaleAdd(padded(cv::Rect(taps + x, taps + y, mat.cols, mat.rows)), weight, sum, sum);
  }
  return fromMat(sum, "motion blur");
}

}  // namespace whorl
