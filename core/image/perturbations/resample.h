// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include <opencv2/core.hpp>

#include "core/image/image.h"
#include "core/image/perturbations/families.h"

/// Resampling in full precision: OpenCV's own warps know 1/32 of a pixel, which is several grey levels at an edge.
namespace whorl {

/// The image read at (x, y) = `place(x, y)` for each of its pixels, bilinear; `border` is OpenCV's (cv::BorderTypes),
/// BORDER_CONSTANT is black.
template <class Place>
Image resampled(const Image& image, int border, Place place) {
  const int channels = image.shape.channels, height = image.shape.height, width = image.shape.width;
  const std::size_t plane = std::size_t(height) * width;
  Image result{image.shape, std::vector<float>(image.pixels.size())};
  const auto inside = [border](int at, int length) {
    return at >= 0 && at < length ? at : cv::borderInterpolate(at, length, border);
  };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      auto [sourceX, sourceY] = place(x, y);
      // Far outside nothing new comes, and beyond a horizon there is no place at all.
      sourceX = std::isnan(sourceX) ? 0 : std::clamp<double>(sourceX, -4.0 * width - 4, 5.0 * width + 4);
      sourceY = std::isnan(sourceY) ? 0 : std::clamp<double>(sourceY, -4.0 * height - 4, 5.0 * height + 4);
      const int left = static_cast<int>(std::floor(sourceX));
      const int top = static_cast<int>(std::floor(sourceY));
      const auto u = static_cast<float>(sourceX - left);
      const auto v = static_cast<float>(sourceY - top);
      const int columns[2] = {inside(left, width), inside(left + 1, width)};
      const int rows[2] = {inside(top, height), inside(top + 1, height)};
      for (int c = 0; c < channels; ++c) {
        const float* in = image.pixels.data() + c * plane;
        const auto at = [&](int row, int column) {
          return rows[row] < 0 || columns[column] < 0 ? 0.0f : in[std::size_t(rows[row]) * width + columns[column]];
        };
        const float upper = at(0, 0) + u * (at(0, 1) - at(0, 0));
        const float lower = at(1, 0) + u * (at(1, 1) - at(1, 0));
        result.pixels[c * plane + std::size_t(y) * width + x] = upper + v * (lower - upper);
      }
    }
  }
  return result;
}

/// Adds what a lens that zooms in by `factor` >= 1 sees, at the image's own size (bilinear). Each side of n pixels is
/// cut to ⌈n / factor⌉ in its middle, which is stretched to round(that · factor), corners on corners, and trimmed.
void addZoomed(const Image& image, double factor, Image& sum);

/// Blurs all channels by a normal kernel that ends at `truncate` standard deviations; no change for one too narrow to
/// have neighbours.
Image gaussianBlurred(const Image& image, double sigma, double truncate, int border);

/// What a camera in motion sees: each pixel is the mean over what lies behind it in a direction (degrees, clockwise
/// from the right), weighted by a half normal kernel of `2 · radius + 1` taps. As ImageMagick's motion blur.
Image motionBlurred(const Image& image, double radius, double sigma, double angle);

}  // namespace whorl
