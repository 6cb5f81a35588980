// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/base/job.h"
#include "core/nn/network.h"

namespace whorl {

/// What a bend learns from.
struct BendTraining {
  /// Images [B,C,H,W] in [0,1] and labels [B] int64 by their places, on the networks' device and of their type.
  std::function<std::pair<torch::Tensor, torch::Tensor>(std::span<const std::int64_t> places)> images;
  std::int64_t count = 0;    ///< of images, at least 2
  std::vector<double> mean;  ///< the model's normalisation
  std::vector<double> scale;
  std::int64_t steps = 200;
  std::int64_t batchSize = 128;
  double learningRate = 0.01;
  std::uint64_t seed = 0;
};

/// Where a bend was trained to, and the mean cross-entropy of its last tenth of steps.
struct TrainedBend {
  Network control;
  double loss = 0;
};

/// The middle control point of a quadratic Bézier curve between two networks along which the cross-entropy is low
/// (Garipov et al. 2018): from the middle of both, by Adam on the loss at a uniformly drawn point of the curve and a
/// batch, in training mode. Its running statistics are the means of both ends' and belong to no training: measure them
/// anew. The same seed gives the same bend. Reports steps; cancelling takes effect between two.
/// Error(Usage) for fewer than two images and for numbers out of range, Error(BadInput) where the two differ in
/// architecture, Error(Failed) where the loss is no number.
TrainedBend trainBend(const Network& from, const Network& to, const BendTraining& training, const JobContext& context);

}  // namespace whorl
