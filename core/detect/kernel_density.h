// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/detect/statistic.h"

namespace whorl {

/// Minus the log density of an image's last hidden layer among the training images of the class that it is predicted as
/// (Feinman et al. 2017). Parameter bandwidth; 0: the one that makes the training images likeliest
/// (likeliestBandwidth).
StatisticEntry kernelDensityStatistic();

/// log[(1/n) Σ_i exp(−‖f − f_i‖² / 2b²)] − (d/2) log(2πb²) of points [B,d] among samples [n,d]: [B] float64.
torch::Tensor logDensity(const torch::Tensor& points, const torch::Tensor& samples, double bandwidth);

/// The bandwidth under which each sample is on average likeliest among the others of its class (leave-one-out). The gap
/// between a class's density and the others', which has also been proposed, grows without bound as b → 0 and chooses
/// nothing. samples [n,d], labels [n]. Error(BadInput) where no class has two samples that differ.
double likeliestBandwidth(const torch::Tensor& samples, const torch::Tensor& labels, std::int64_t classes);

}  // namespace whorl
