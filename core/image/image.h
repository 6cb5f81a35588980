// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace whorl {

/// Size of a network's input, or of an image: channels (1 grey, 3 RGB), then rows, then columns.
struct ImageShape {
  int channels = 0;
  int height = 0;
  int width = 0;

  std::int64_t size() const { return std::int64_t{channels} * height * width; }
  bool operator==(const ImageShape&) const = default;
};

/// "1x28x28"
std::string toText(const ImageShape& shape);

/// An image for display and for natural perturbations: float32 RGB or grey in [0,1], planes one after the other (CHW).
struct Image {
  ImageShape shape;
  std::vector<float> pixels;  ///< shape.size() values, index (c * height + y) * width + x

  float at(int c, int y, int x) const { return pixels[(std::size_t(c) * shape.height + y) * shape.width + x]; }
  bool operator==(const Image&) const = default;
};

}  // namespace whorl
