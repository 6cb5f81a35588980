// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/detect/statistic.h"

namespace whorl {

/// Local intrinsic dimensionality (Ma et al. 2018): one number for each activation of the network, the image and the
/// softmax included. Distances are to the clean images of the same minibatch, of which the nearest is left out (the
/// image itself, or mostly the clean twin), as published; or to training images kept by the fit (parameter
/// `reference`). Parameters neighbours, minibatch, reference.
StatisticEntry localDimensionStatistic();

/// −k / Σ_i ln(r_i / r_k) of ascending distances [B,k] ≥ 0 → [B] float64. Distances are at least 1e-9; where all k are
/// at that floor the estimate is 0, where they are equal above it 1e6 (in truth infinite).
torch::Tensor localDimensions(const torch::Tensor& distances);

}  // namespace whorl
