// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace whorl {

/// What is added to a BatchNorm's variance, in Network and wherever its scale is taken over: PyTorch's default.
inline constexpr double kBatchNormEpsilon = 1e-5;

}  // namespace whorl
