// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/heat_map.h"

#include <algorithm>

#include "core/image/colour_map.h"

namespace whorl {
namespace {

constexpr int kWidth = 512;
constexpr int kBand = 32;

}  // namespace

Image heatMap(const Surface& surface, const std::string& layer) {
  const std::vector<double>& values = surface.layer(layer).values;
  const auto [least, largest] = std::minmax_element(values.begin(), values.end());
  const double low = *least;
  const double span = *largest - low;
  const int columns = static_cast<int>(surface.x.size());
  const int rows = static_cast<int>(surface.y.size());
  const int side = std::max(1, kWidth / columns);
  const int height = surface.isLine() ? kBand : side;
  Image image{{3, rows * height, columns * side}, {}};
  image.pixels.resize(static_cast<std::size_t>(image.shape.size()));
  const std::size_t plane = image.pixels.size() / 3;
  for (int py = 0; py < image.shape.height; ++py) {
    const int row = rows - 1 - py / height;
    for (int px = 0; px < image.shape.width; ++px) {
      const double value = values[static_cast<std::size_t>(row) * columns + px / side];
      const double share = span > 0 ? (value - low) / span : 0;
      const auto& colour = viridis()[static_cast<std::size_t>(std::clamp(share * 255 + 0.5, 0.0, 255.0))];
      const std::size_t at = static_cast<std::size_t>(py) * image.shape.width + px;
      for (std::size_t c = 0; c < 3; ++c) image.pixels[c * plane + at] = colour[c];
    }
  }
  return image;
}

}  // namespace whorl
