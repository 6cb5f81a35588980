// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

namespace whorl {

/// What a coordinate of 1 means along a direction.
enum class PlaneScale {
  Linf,  ///< the pixel that changes most changes by 1
  L2,    ///< the image moves by an L2 distance of 1: distances in the picture are L2 distances
};
/// "linf", "l2". Error(Usage) for other names.
PlaneScale parsePlaneScale(const std::string& name);
std::string planeScaleName(PlaneScale scale);

/// A line or a plane of images through one image. Immutable; any thread.
class Plane {
 public:
  /// Where an image lies, seen from a plane.
  struct Place {
    double x = 0;  ///< coordinates of the nearest point of the plane (clipping left aside)
    double y = 0;
    double distance = 0;  ///< L2, from that point
  };

  /// image [1,C,H,W] and one or two directions of as many numbers each. They are made orthogonal in double (Gram and
  /// Schmidt, the first one keeps its direction), then scaled. `clip`: points are brought into the pixel box [0,1].
  /// Error(Usage) for a number of directions that is neither, and for two that are nearly the same; Error(BadInput) for
  /// a direction that is 0, holds NaN or infinity, or has another size.
  Plane(const torch::Tensor& image, const std::vector<torch::Tensor>& directions, PlaneScale scale, bool clip);

  int dimensions() const { return static_cast<int>(m_axes.size(0)); }
  const torch::Tensor& image() const { return m_image; }
  /// [C·H·W] float64: what a coordinate of 1 adds to the image.
  torch::Tensor axis(int number) const { return m_axes[number]; }
  bool clips() const { return m_clip; }

  /// coordinates [B,2] float64 on the host, (x, y) a row → images [B,C,H,W] of the image's type and device. The middle
  /// (0, 0) is exactly the image.
  torch::Tensor at(const torch::Tensor& coordinates) const;

  /// Of images [B,C,H,W].
  std::vector<Place> locate(const torch::Tensor& images) const;

 private:
  torch::Tensor m_image;
  torch::Tensor m_axes;  ///< [dimensions, C·H·W] float64, orthogonal
  bool m_clip;
};

}  // namespace whorl
