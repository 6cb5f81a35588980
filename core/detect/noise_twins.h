// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

namespace whorl {

// Noisy twins of clean images, so that a detector learns to tell attacks from noise, not change from no change. Host
// tensors [n,C,H,W] float32 in [0,1]; an image's noise is drawn from (seed, its index) alone. `indices`: places of the
// images in their data set; empty: those in the batch. Error(BadInput) for shapes that differ.

struct GaussianTwins {
  torch::Tensor images;
  double sigma = 0;  ///< standard deviation of the noise
};

/// Gaussian noise, clipped to [0,1], of the σ at which the mean L2 change after clipping is that of the attack (found
/// by bisection; published settings were tables of σ). Error(BadInput) if the attack changes more than any noise can.
GaussianTwins gaussianTwins(const torch::Tensor& clean, const torch::Tensor& adversarial, std::uint64_t seed,
                            const std::vector<std::int64_t>& indices = {});

/// Gaussian noise of a given σ > 0, clipped to [0,1]: the published settings.
torch::Tensor gaussianTwins(const torch::Tensor& clean, double sigma, std::uint64_t seed,
                            const std::vector<std::int64_t>& indices = {});

/// For attacks that change few pixels (JSMA): of each image as many numbers as the attack changed, chosen at random
/// among those that aren't 1 already, are set to 1; all of them where there are fewer.
torch::Tensor saturatedTwins(const torch::Tensor& clean, const torch::Tensor& adversarial, std::uint64_t seed,
                             const std::vector<std::int64_t>& indices = {});

}  // namespace whorl
