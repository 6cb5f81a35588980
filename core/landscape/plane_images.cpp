// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/plane_images.h"

#include <algorithm>

namespace whorl {

Image PlaneImages::at(double x, double y) const {
  Image image = middle;
  const double coordinates[] = {x, y};
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    const auto coordinate = static_cast<float>(coordinates[axis]);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] += coordinate * axes[axis][i];
  }
  return clip ? clipped(std::move(image)) : image;
}

Image clipped(Image image) {
  for (float& pixel : image.pixels) pixel = std::clamp(pixel, 0.0F, 1.0F);
  return image;
}

}  // namespace whorl
