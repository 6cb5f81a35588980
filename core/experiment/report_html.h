// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/experiment/report.h"
#include "core/experiment/report_svg.h"

// The parts that report.html is put together from.

namespace whorl::report {

/// The curves' names beside samples of their strokes; an empty name stands for a curve that isn't drawn.
std::string legendHtml(const std::vector<std::string>& names);
/// A picture of curves under a heading of the third level, with its legend; "" without a picture.
std::string figureHtml(const std::string& title, const std::string& picture, const std::vector<ReportCurve>& curves);
/// ROC curves, heat maps of sweeps, curves over the budget, and score histograms, each where the result has some.
std::string plotsHtml(const RecipeResult& result);

}  // namespace whorl::report
