// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

namespace whorl {

/// Natural perturbations as a noise: each image draws one of them, and how strong it is.
class NaturalNoise {
 public:
  struct Request {
    std::vector<std::string> names;  ///< of perturbations, or "gaussian"
    double sigma = 0;                ///< of "gaussian"
    std::int64_t severity = 5;       ///< the largest that is drawn, from 1 on; 0: none, declared defaults instead
    std::string parameters;          ///< "quality=10:90,place=random"
  };

  virtual ~NaturalNoise() = default;
  /// Images [B,C,H,W] float32 in [0,1] on the host → perturbed ones.
  virtual torch::Tensor apply(const torch::Tensor& images, std::uint64_t seed) const = 0;
};

/// Error(Usage) for what no perturbation has; in a build without image processing, for all.
std::unique_ptr<NaturalNoise> makeNaturalNoise(const NaturalNoise::Request& request);

}  // namespace whorl
