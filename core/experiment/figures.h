// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/experiment/recipe_result.h"
#include "core/experiment/workbench.h"

namespace whorl {

/// All figures of a cell from its scores. Intervals of areas are drawn with `seed`. Without scores (no detector) those
/// that need them are NaN. Error(BadInput) for NaN scores.
CellFigures figuresOf(const ScoredSet& scores, std::uint64_t seed);

/// At most `most` corners, the first and the last among them: those on straight lines go first.
std::vector<RocCorner> thinned(const std::vector<RocCorner>& curve, std::size_t most);

/// False-positive rates of CellFigures::truePositiveRate and evasionRate.
inline constexpr double kFigureRates[] = {0.01, 0.05, 0.10};

}  // namespace whorl
