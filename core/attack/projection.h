// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <torch/types.h>

namespace whorl {

enum class Norm { Linf, L2, L1 };
/// "linf", "l2" or "l1"; Error(Usage) for others.
Norm parseNorm(const std::string& name);

/// How a random start is drawn: evenly over the ball, which in many dimensions is its surface (Madry et al. 2018), or
/// in an even direction with a distance drawn evenly from [0,ε], which stays nearer to the image; or evenly over balls
/// that grow from restart to restart, of which the first is the image itself: what a detector accepts is near to it.
enum class StartLaw { Ball, Radius, Growing };
/// "ball", "radius" or "growing"; Error(Usage) for others.
StartLaw parseStartLaw(const std::string& name);

/// Per-image L2 norm of [B,…]: [B].
torch::Tensor l2Norms(const torch::Tensor& images);

/// Shapes [B] like images of four dimensions, so that it multiplies them.
torch::Tensor perImage(const torch::Tensor& values);

/// The images that an attack may show: an ε-ball around each clean image, cut with the box [0,1].
class Ball {
 public:
  /// origin [B,C,H,W] inside the box.
  Ball(Norm norm, torch::Tensor origin, double epsilon);

  /// The nearest point of the ∞-ball in the box, and of the 1-ball in the box (Croce and Hein 2021, "Mind the Box",
  /// prop. 2.1); for L2 the radial projection, then the box (which only comes nearer). Rounding never leaves the ball
  /// by more than 1e-7.
  torch::Tensor project(const torch::Tensor& images) const;

  /// A random point of the ball, or of the one of `share` (0 to 1) times its radius (not yet cut with the box, as
  /// published), one seed an image: the same wherever it is in a batch.
  torch::Tensor randomPoint(const std::vector<std::uint64_t>& seeds, StartLaw law = StartLaw::Ball,
                            double share = 1) const;

  /// The balls of some of the images.
  Ball select(const torch::Tensor& rows) const;

 private:
  Ball() = default;

  Norm m_norm = Norm::Linf;
  double m_epsilon = 0;
  torch::Tensor m_origin;
  torch::Tensor m_lower;  ///< linf only
  torch::Tensor m_upper;
};

}  // namespace whorl
