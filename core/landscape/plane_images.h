// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// Plain types: front ends see them, too.

#include <vector>

#include "core/image/image.h"

namespace whorl {

/// The images of a line or a plane: what one looks like needs no network. As Plane (plane.h), without torch.
struct PlaneImages {
  Image middle;
  std::vector<std::vector<float>> axes;  ///< one or two, middle.pixels.size() each: what a coordinate of 1 adds
  bool clip = false;                     ///< points are brought into the pixel box [0,1]

  /// The image at a point; pixels may lie outside [0,1] unless `clip`.
  Image at(double x, double y) const;
};

/// With all pixels brought into [0,1]: what can be shown, saved or attacked.
Image clipped(Image image);

}  // namespace whorl
