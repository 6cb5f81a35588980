// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "core/experiment/comparison_tables.h"
#include "core/experiment/report_html.h"

namespace whorl {

using namespace report;

namespace {

/// The values as numbers; empty if one of them is none.
std::vector<double> numbersOf(const ComparedCurve& curve) {
  std::vector<double> numbers;
  for (const ParameterValue& value : curve.values) {
    const auto* whole = std::get_if<std::int64_t>(&value);
    const auto* real = std::get_if<double>(&value);
    if (!whole && !real) return {};
    numbers.push_back(whole ? static_cast<double>(*whole) : *real);
  }
  return numbers;
}

std::string curveHtml(const ComparedCurve& curve, std::size_t place, const std::vector<ComparedRow>& rows) {
  const std::vector<double> x = numbersOf(curve);
  std::vector<ReportCurve> curves;
  for (const ComparedRow& row : rows) {
    if (row.runs.empty()) continue;
    ReportCurve drawn{row.model.name, {}};
    const std::vector<double> y = curveMeans(row, place, x.size());
    for (std::size_t i = 0; i < x.size(); ++i) drawn.points.emplace_back(x[i], y[i]);
    std::sort(drawn.points.begin(), drawn.points.end());
    curves.push_back(std::move(drawn));
  }
  return figureHtml("Accuracy over " + curve.title(), budgetSvg(curves, curve.title()), curves);
}

/// One picture a curve, where its values are numbers and there are two of them.
std::string curvesHtml(const Comparison& comparison, const std::vector<ComparedRow>& rows) {
  std::string text;
  for (std::size_t i = 0; i < comparison.curves.size(); ++i) text += curveHtml(comparison.curves[i], i, rows);
  return text.empty() ? text : "<h2>Curves</h2>\n" + text;
}

}  // namespace

ReportDocument comparisonReport(const Comparison& comparison, const std::vector<ComparedRow>& rows,
                                const Provenance& provenance) {
  return {comparison.title, comparison.paragraphs(), comparisonSections(comparison, rows), curvesHtml(comparison, rows),
          provenance};
}

}  // namespace whorl
