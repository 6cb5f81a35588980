// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <opencv2/core.hpp>

#include "core/base/random.h"

namespace whorl {

/// One picture of digit `digit` (0 to 9): CV_8UC1, 28x28, bright on dark. All that varies is drawn from `random`.
cv::Mat drawGlyph(int digit, Random& random);

/// One picture of shape `shape`, an index into the classes of datasets/shapes.json: CV_8UC3 (BGR), 32x32.
cv::Mat drawShape(int shape, Random& random);

/// Adds roughly normal noise (the sum of four uniform numbers) of standard deviation `sigma` grey levels to each byte.
void addNoise(cv::Mat& image, double sigma, Random& random);

}  // namespace whorl
