// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/experiment/report.h"

// The parts that report.html is put together from.

namespace whorl::report {

/// The curves' names beside samples of their strokes; an empty name stands for a curve that isn't drawn.
std::string legendHtml(const std::vector<std::string>& names);
/// ROC curves, heat maps of sweeps, curves over the budget, and score histograms, each where the result has some.
std::string plotsHtml(const RecipeResult& result);

}  // namespace whorl::report
