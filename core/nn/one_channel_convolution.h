// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include <torch/types.h>

namespace whorl {

/// conv2d of stride 1 for images with one channel, with a faster way back to them: one matrix product and col2im, where
/// oneDNN's backward pass for a single channel costs three times as much (docs/performance.md). Values are conv2d's
/// own; gradients differ by rounding. x [B,1,H,W]; weight [O,1,k,k] and bias [O] get no gradient.
torch::Tensor oneChannelConvolution(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                                    std::int64_t padding);

}  // namespace whorl
