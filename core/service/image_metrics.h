// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/service/types.h"

namespace whorl {

/// Distances between two images of one shape (else Error(Internal)). SSIM after Wang et al. 2004 with a 7x7 uniform
/// window at every place where it fits, population covariances, K1 = 0.01, K2 = 0.03, range 1; smaller images use the
/// largest odd window that fits. PSNR is infinite for equal images.
ImageNorms imageNorms(const Image& a, const Image& b);

}  // namespace whorl
