// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/experiment/recipe_result.h"
#include "core/experiment/sweep_map.h"

// Pictures of a report as inline SVG. Colours are classes of the report's style sheet (s0, s1, … in turn), so that they
// are light or dark with it. Empty where there is nothing to draw.

namespace whorl::report {

/// A named curve; x ascends.
struct ReportCurve {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

/// True-positive over false-positive rate, one curve a cell. On a logarithmic axis the false-positive rates begin at
/// 0.1 %, which is as far as 1,000 clean images go.
std::string rocSvg(const std::vector<const RecipeCell*>& cells, bool logarithmic);

/// Clean and adversarial scores in common bins, each as a share of its own, with τ at 5 % false positives.
std::string histogramSvg(const CellFigures& figures, const std::string& name);

/// Shares over an attack's budget.
std::string budgetSvg(const std::vector<ReportCurve>& curves, const std::string& xLabel);

/// Shares over any quantity, lines alone.
std::string sharesSvg(const std::vector<ReportCurve>& curves, const std::string& xLabel, const std::string& yLabel,
                      const std::string& description);

/// AUC over successful adversarial images; a cell without figures is marked as unknown.
std::string heatMapSvg(const SweepMap& map);

/// Bins of equal width over both kinds of scores. Outside the middle 99 % they are counted in the outermost bins: one
/// far score must not flatten all others.
struct ReportHistogram {
  double low = 0;
  double high = 1;
  std::vector<double> clean;  ///< share of the clean scores a bin
  std::vector<double> adversarial;

  static constexpr std::size_t kBins = 40;
};
ReportHistogram histogramOf(const CellFigures& figures);

/// Its colour on white, for readers that know no style sheets: the class has the last word.
std::string curveColour(std::size_t index);
/// The class of the n-th curve: six colours, and a dash pattern more each time around.
std::string curveClass(std::size_t index);

}  // namespace whorl::report
