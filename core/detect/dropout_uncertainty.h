// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/detect/statistic.h"

namespace whorl {

/// Bayesian uncertainty of Feinman et al. 2017: the variance of the softmax over passes with dropout on, averaged over
/// the classes. Masks are the same for all images (Network::dropoutPasses), so the number is a function of the image.
/// Parameter passes. Error(BadInput) for a network without dropout, and it says which architectures have it.
StatisticEntry dropoutUncertaintyStatistic();

/// Mean over the classes of the population variance over passes: probabilities [T,B,K] → [B].
torch::Tensor passVariance(const torch::Tensor& probabilities);

}  // namespace whorl
