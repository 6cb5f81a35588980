// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/detect/statistic.h"

namespace whorl {

// What logits alone say. All three are differentiable, and an image's score needs one forward.

/// −log of the largest probability (Hendrycks and Gimpel 2017): of the same order as 1 − max softmax, without ties
/// where the softmax is saturated.
StatisticEntry maxSoftmaxStatistic();
/// The energy −T log Σ_j exp(h_j / T) (Liu et al. 2020). Parameter energy_temperature.
StatisticEntry energyStatistic();
/// Minus the difference of the two largest logits.
StatisticEntry logitMarginStatistic();

}  // namespace whorl
