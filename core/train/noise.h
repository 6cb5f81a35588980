// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/parameters.h"

namespace whorl {

class NaturalNoise;

/// Parameters of the noise that objectives make copies with: noise, noise_sigma, noise_severity, noise_parameters.
const std::vector<ParameterSpec>& noiseParameters();

/// What makes x' of x in training. Immutable; any thread.
class Noise {
 public:
  /// `parameters` are resolved. Error(Usage) for names and values that no perturbation has.
  explicit Noise(const Parameters& parameters);
  ~Noise();

  /// Images [B,C,H,W] in [0,1] → copies of the same shape on the same device. Gaussian noise is not clipped, natural
  /// perturbations stay in [0,1]. An image's noise depends on `seed` and its place in the batch.
  torch::Tensor apply(const torch::Tensor& images, std::uint64_t seed) const;

 private:
  double m_sigma;
  std::unique_ptr<NaturalNoise> m_natural;  ///< null for Gaussian noise alone
};

}  // namespace whorl
