// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

#include "core/base/job.h"
#include "core/data/dataset.h"

namespace whorl {

/// 28x28 grey digits drawn with OpenCV's vector fonts under random affine maps, stroke widths, blur and noise.
/// Each image depends on (seed, split, index) alone. Default 20,000 / 4,000, classes in turn shuffled.
Dataset generateGlyphs(std::uint64_t seed, const JobContext& context, std::int64_t trainCount = 20000,
                       std::int64_t testCount = 4000);

/// 32x32 RGB pictures of ten shapes in random colours, sizes, places and rotations over a textured background.
Dataset generateShapes(std::uint64_t seed, const JobContext& context, std::int64_t trainCount = 20000,
                       std::int64_t testCount = 4000);

}  // namespace whorl
