// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/image/image.h"
#include "core/landscape/surface.h"

namespace whorl {

/// A picture of one layer in the colours of viridis (core/image/colour_map.h), from its least value (dark blue) to its
/// largest (yellow); a layer of one value is dark all over. Each point is a square of at least one pixel, so many that
/// the picture is about 512 pixels wide; y points upwards; a line is a band of 32 pixels. Error(Usage) for a name that
/// isn't there.
Image heatMap(const Surface& surface, const std::string& layer);

}  // namespace whorl
