// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/experiment/report.h"

// The parts that report.html is put together from.

namespace whorl::report {

/// `<tag class="style">text</tag>`, the text escaped.
std::string element(const std::string& tag, const std::string& text, const std::string& style = {});
/// ROC curves, heat maps of sweeps, curves over the budget, and score histograms, each where the result has some.
std::string plotsHtml(const RecipeResult& result);

}  // namespace whorl::report
