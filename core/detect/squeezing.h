// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/detect/statistic.h"

namespace whorl {

/// Feature squeezing (Xu, Evans, Qi 2018): the largest L1 distance between the softmax of an image and of its squeezed
/// versions. Parameter squeezers: names separated by commas, bits1 … bits8, median2 … median5, and nlmW-P-S (non-local
/// means with a search window of W pixels, patches of P and strength S in 255ths); "published" is bits1,median2 for
/// grey and bits5,median2,nlm13-3-2 for colour images. Error(Usage) for other names.
StatisticEntry squeezingStatistic();

/// Pixels rounded to 2^bits levels.
torch::Tensor reduceBits(const torch::Tensor& images, int bits);
/// The median of size × size pixels, edges mirrored; of an even number the larger middle one, the window reaching up
/// and left, as SciPy's median_filter has it. images [B,C,H,W].
torch::Tensor medianFilter(const torch::Tensor& images, int size);
/// Non-local means (Buades et al. 2005): each pixel the mean of those in a window × window square, weighted by
/// exp(−max(0, mean squared difference of patches) / strength²), all channels together (OpenCV's, which was published,
/// separates lightness and colour). Odd window and patch; `strength` in [0,1].
torch::Tensor nonLocalMeans(const torch::Tensor& images, int window, int patch, double strength);

}  // namespace whorl
