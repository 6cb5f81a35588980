// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/experiment/report_html.h"
#include "core/experiment/report_svg.h"
#include "core/experiment/report_text.h"
#include "core/experiment/sweep_map.h"

namespace whorl::report {

std::string element(const std::string& tag, const std::string& text, const std::string& style) {
  return "<" + tag + (style.empty() ? "" : " class=\"" + style + "\"") + ">" + escapeHtml(text) + "</" + tag + ">";
}

std::string legendHtml(const std::vector<std::string>& names) {
  std::string text = "<ul class=\"legend\">";
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    text +=
        "<li><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"26\" height=\"8\" aria-hidden=\"true\"><line "
        "stroke=\"" +
        curveColour(i) + "\" class=\"curve " + curveClass(i) + "\" x1=\"0\" y1=\"4\" x2=\"26\" y2=\"4\"/></svg>" +
        escapeHtml(names[i]) + "</li>";
  }
  return text + "</ul>\n";
}

namespace {

std::string rocHtml(const RecipeResult& result) {
  std::string text;
  for (const std::string& attack : result.attacks) {
    std::vector<const RecipeCell*> cells;
    std::vector<std::string> names;
    for (const std::string& detector : result.detectors) {
      cells.push_back(findCell(result, detector, attack));
      const CellFigures* figures = figuresOf(cells.back());
      const bool drawn = figures && !figures->roc.empty();
      names.push_back(drawn ? detector + " " + percentText(figures->aucSuccessful.value) : std::string());
    }
    const std::string linear = rocSvg(cells, false);
    if (linear.empty()) continue;
    text += element("h3", attack) + "\n<div class=\"row\"><figure>" + linear + "</figure><figure>" +
            rocSvg(cells, true) + "</figure></div>\n" + legendHtml(names);
  }
  return text.empty() ? text : "<h2>ROC curves</h2>\n" + text;
}

std::string histogramHtml(const RecipeResult& result) {
  std::string text;
  for (const std::string& attack : result.attacks) {
    std::string row;
    for (const std::string& detector : result.detectors) {
      const CellFigures* figures = figuresOf(findCell(result, detector, attack));
      const std::string svg = figures ? histogramSvg(*figures, detector + ", " + attack) : std::string();
      if (!svg.empty()) row += "<figure>" + svg + element("figcaption", detector) + "</figure>\n";
    }
    if (!row.empty()) text += element("h3", attack) + "\n<div class=\"row\">" + row + "</div>\n";
  }
  if (text.empty()) return text;
  return "<h2>Scores</h2>\n<p class=\"quiet\">Clean images blue, successful adversarial images orange; a higher score "
         "is "
         "more suspicious. Scores outside the middle 99 % are counted in the outermost bins.</p>\n" +
         text;
}

using Cells = std::vector<const RecipeCell*>;

/// The figures of one detector over the budget of one kind of attack.
std::vector<ReportCurve> curvesOf(const std::string& detector, const Cells& cells) {
  ReportCurve auc{detector + ": AUC", {}}, success{detector + ": success", {}}, evasion{detector + ": evasion", {}};
  for (const RecipeCell* cell : cells) {
    if (cell->detector != detector) continue;
    const CellFigures& figures = *figuresOf(cell);
    const auto add = [&](ReportCurve& curve, double value) {
      if (std::isfinite(value)) curve.points.emplace_back(*cell->budget, value);
    };
    add(auc, figures.aucSuccessful.value);
    add(success, figures.successRate.value);
    if (figures.evasionRate.size() > 1) add(evasion, figures.evasionRate[1].value);
  }
  std::vector<ReportCurve> curves;
  for (ReportCurve* curve : {&auc, &success, &evasion}) {
    if (!curve->points.empty()) curves.push_back(std::move(*curve));
  }
  return curves;
}

std::string budgetHtml(const RecipeResult& result) {
  std::map<std::string, Cells> families;
  for (const RecipeCell& cell : result.cells) {
    if (figuresOf(&cell) && cell.budget) families[cell.attackFamily].push_back(&cell);
  }
  std::string text;
  for (auto& [family, cells] : families) {
    std::sort(cells.begin(), cells.end(), [](const auto* a, const auto* b) { return *a->budget < *b->budget; });
    std::string rows;
    for (const std::string& detector : result.detectors) {
      const std::vector<ReportCurve> curves = curvesOf(detector, cells);
      const std::string svg = budgetSvg(curves, "ε of " + family);
      if (svg.empty()) continue;
      std::vector<std::string> names;
      for (const ReportCurve& curve : curves) names.push_back(curve.name);
      rows += "<figure>" + svg + legendHtml(names) + "</figure>\n";
    }
    if (!rows.empty()) text += element("h3", family) + "\n<div class=\"row\">" + rows + "</div>\n";
  }
  return text.empty() ? text : "<h2>Over the attack’s budget</h2>\n" + text;
}

std::string heatMapHtml(const RecipeResult& result) {
  std::string text;
  for (const NamedSweep& sweep : sweepMaps(result)) {
    text += "<figure>" + heatMapSvg(sweep.map) + element("figcaption", sweep.detector + " against " + sweep.attack) +
            "</figure>\n";
  }
  if (text.empty()) return text;
  return "<h2>Sweeps</h2>\n<p class=\"quiet\">AUC over successful adversarial images, in per cent.</p>\n<div "
         "class=\"row\">" +
         text + "</div>\n";
}

}  // namespace

std::string figureHtml(const std::string& title, const std::string& picture, const std::vector<ReportCurve>& curves) {
  if (picture.empty()) return {};
  std::vector<std::string> names;
  for (const ReportCurve& curve : curves) names.push_back(curve.name);
  return element("h3", title) + "\n<figure>" + picture + "</figure>\n" + legendHtml(names);
}

std::string plotsHtml(const RecipeResult& result) {
  return heatMapHtml(result) + rocHtml(result) + budgetHtml(result) + histogramHtml(result);
}

}  // namespace whorl::report
