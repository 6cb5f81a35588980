// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <torch/types.h>

namespace whorl {

/// ‖a_i − b_j‖² of rows a [A,…] and b [B,…] (flattened): [A,B] float64. By matrix products in double, block by block of
/// the columns around b's mean; pairs so close that these lose digits are computed again from their differences, so
/// that a row is at distance 0 from itself. Memory: the result and some 10 MB, whatever the rows' length.
torch::Tensor squaredDistances(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace whorl
