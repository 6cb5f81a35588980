// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/train/training_loss.h"

namespace whorl {

/// "stability": L0(x) + α D(f(x), f(x')), x' a noisy copy that is drawn anew at each step.
ObjectiveEntry stabilityEntry();
/// "noisy": the cross-entropy of noisy copies, which is data augmentation: what stability is compared with.
ObjectiveEntry noisyEntry();
/// "triplet": an embedding in which noisy copies lie closer to their image than other images do.
ObjectiveEntry tripletEntry();

/// D of each image, [B]: "squared_l2" and "l2" between rows [B,F]; "cross_entropy" -Σ P log P' and "kl" Σ P log (P/P')
/// between the softmaxes P of `clean` and P' of `shifted`. Error(Internal) for other names.
torch::Tensor stabilityDistance(const std::string& divergence, const torch::Tensor& clean,
                                const torch::Tensor& shifted);

/// Hinge of each triplet, [B]: max(0, margin + |q - p| - |q - n|) between rows [B,F] (Euclidean distances).
torch::Tensor tripletHinge(const torch::Tensor& query, const torch::Tensor& positive, const torch::Tensor& negative,
                           double margin);

/// Which image of a batch is each one's negative: none is its own, all are used once. Of one image: itself.
std::vector<std::int64_t> tripletNegatives(std::int64_t count, std::uint64_t stepSeed);

}  // namespace whorl
