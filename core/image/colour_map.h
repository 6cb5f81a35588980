// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>

namespace whorl {

/// Viridis (Smith and van der Walt 2015; matplotlib's default), dark blue to yellow: 256 RGB colours in [0,1]. Equal
/// steps of a value look equally large, its lightness rises all the way, and the colour-blind see it, too. Any thread.
const std::array<std::array<float, 3>, 256>& viridis();

}  // namespace whorl
