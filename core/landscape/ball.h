// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/job.h"
#include "core/landscape/sample.h"
#include "core/landscape/surface.h"
#include "core/landscape/values.h"

namespace whorl {

/// How far a point is from a ball's middle.
enum class BallNorm { L2, Linf };
/// "l2", "linf". Error(Usage) for other names.
BallNorm parseBallNorm(const std::string& name);

/// Random rays from an image: uniformly over all directions (l2: normal numbers, l2-scaled; linf: uniform noise whose
/// largest number is 1). A ray depends on the seed and its number alone. Immutable; any thread.
class Ball {
 public:
  /// image [1,C,H,W]; `clip`: points are brought into the pixel box [0,1]. Error(Usage) for fewer rays than one, or
  /// more than kMostRays.
  static constexpr std::int64_t kMostRays = 100'000;
  Ball(const torch::Tensor& image, std::int64_t rays, BallNorm norm, std::uint64_t seed, bool clip);

  std::int64_t rays() const { return m_rays; }
  /// [1,C,H,W]: what a radius of 1 adds along a ray.
  torch::Tensor ray(std::int64_t number) const;
  /// Images [R,C,H,W] along one ray, at `radii`. At radius 0 it is exactly the image.
  torch::Tensor at(std::int64_t ray, const std::vector<double>& radii) const;

 private:
  torch::Tensor m_image;
  std::int64_t m_rays;
  BallNorm m_norm;
  std::uint64_t m_seed;
  bool m_clip;
};

/// How values are distributed over a ball's rays at each of `resolution` radii from 0 to `range`: a line with x = the
/// radius and, for each of the values' layers NAME, the layers NAME_mean, _min, _q05, _q25, _median, _q75, _q95 and
/// _max (quantiles by linear interpolation between ranks); of "predicted" only predicted_same, the share of rays on
/// which the class is that of the middle. `onLevel` gets a line after 16, 64, 256, … rays, the last after all.
/// Reports points done; cancelling takes effect between two batches. Error(Usage) as Grid for range and resolution.
Surface sampleBall(const Ball& ball, double range, int resolution, const PointValues& values, const SamplingPlan& plan,
                   const JobContext& context, const std::function<void(const Surface&)>& onLevel = {});

}  // namespace whorl
