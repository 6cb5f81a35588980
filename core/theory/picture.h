// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/image/image.h"
#include "core/theory/figures.h"

namespace whorl {

/// The figure as an RGB picture: a square of 560 pixels a side that is shown. Of a network s(x) in viridis, dark where
/// it is low, the accept region's edge white, the class border black; of a line model the bands in the classes'
/// colours, the rest grey. Points in the classes' colours, misclassified ones ringed; arrows are the fingerprints. Any
/// thread.
Image theoryPicture(const TheoryFigure& figure, const TheoryResult& result);

}  // namespace whorl
