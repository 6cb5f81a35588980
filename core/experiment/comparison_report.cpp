// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/experiment/comparison_tables.h"
#include "core/experiment/report_html.h"
#include "core/experiment/report_svg.h"

namespace whorl {

using namespace report;

namespace {

std::string presetText(const Comparison& comparison) {
  return comparison.preset.empty() ? std::string() : "Preset: " + comparison.preset + ".";
}

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
  std::vector<std::string> names;
  for (const ComparedRow& row : rows) {
    if (row.runs.empty()) continue;
    ReportCurve drawn{row.model.name, {}};
    const std::vector<double> y = curveMeans(row, place, x.size());
    for (std::size_t i = 0; i < x.size(); ++i) drawn.points.emplace_back(x[i], y[i]);
    std::sort(drawn.points.begin(), drawn.points.end());
    names.push_back(drawn.name);
    curves.push_back(std::move(drawn));
  }
  const std::string picture = budgetSvg(curves, curve.title());
  if (picture.empty()) return {};
  return element("h3", "Accuracy over " + curve.title()) + "\n<figure>" + picture + "</figure>\n" + legendHtml(names);
}

/// One picture a curve, where its values are numbers and there are two of them.
std::string curvesHtml(const Comparison& comparison, const std::vector<ComparedRow>& rows) {
  std::string text;
  for (std::size_t i = 0; i < comparison.curves.size(); ++i) text += curveHtml(comparison.curves[i], i, rows);
  return text.empty() ? text : "<h2>Curves</h2>\n" + text;
}

}  // namespace

std::string comparisonMarkdown(const Comparison& comparison, const std::vector<ComparedRow>& rows,
                               const Provenance& provenance) {
  std::string text = "# " + escapeMarkdown(comparison.title) + "\n\n";
  if (!comparison.summary.empty()) text += escapeMarkdown(comparison.summary) + "\n\n";
  if (!comparison.preset.empty()) text += escapeMarkdown(presetText(comparison)) + "\n\n";
  for (const std::string& note : comparison.notes) text += escapeMarkdown(note) + "\n\n";
  for (const ComparisonSection& section : comparisonSections(comparison, rows)) {
    text += "## " + section.title + "\n\n";
    for (const ReportTable& table : section.tables) text += tableMarkdown(table);
  }
  return text + provenanceMarkdown(provenance);
}

std::string comparisonLatex(const Comparison& comparison, const std::vector<ComparedRow>& rows,
                            const Provenance& provenance) {
  std::string text =
      "% Written by Whorl. Needs \\usepackage{booktabs,longtable,textcomp} and \\usepackage[T1]{fontenc}.\n";
  text += "\\section*{" + escapeLatex(comparison.title) + "}\n\n";
  if (!comparison.summary.empty()) text += escapeLatex(comparison.summary) + "\n\n";
  if (!comparison.preset.empty()) text += escapeLatex(presetText(comparison)) + "\n\n";
  for (const std::string& note : comparison.notes) text += escapeLatex(note) + "\n\n";
  text += "{\\footnotesize\\setlength{\\tabcolsep}{3pt}\n\n";
  for (const ComparisonSection& section : comparisonSections(comparison, rows)) {
    text += "\\subsection*{" + escapeLatex(section.title) + "}\n\n";
    for (const ReportTable& table : section.tables) text += tableLatex(table);
  }
  return text + "}\n\n" + provenanceLatex(provenance);
}

std::string comparisonHtml(const Comparison& comparison, const std::vector<ComparedRow>& rows,
                           const Provenance& provenance) {
  std::string text = htmlHead(comparison.title);
  if (!comparison.preset.empty()) text += element("p", presetText(comparison), "quiet") + "\n";
  if (!comparison.summary.empty()) text += element("p", comparison.summary) + "\n";
  for (const std::string& note : comparison.notes) text += element("p", note) + "\n";
  for (const ComparisonSection& section : comparisonSections(comparison, rows)) {
    text += element("h2", section.title) + "\n";
    for (const ReportTable& table : section.tables) text += tableHtml(table);
  }
  return text + curvesHtml(comparison, rows) + provenanceHtml(provenance) + "</body>\n</html>\n";
}

std::vector<std::string> writeComparison(const Comparison& comparison, const std::vector<ComparedRow>& rows,
                                         const Provenance& provenance, const std::filesystem::path& folder) {
  const std::pair<const char*, std::string (*)(const Comparison&, const std::vector<ComparedRow>&, const Provenance&)>
      formats[] = {{"report.md", comparisonMarkdown}, {"report.tex", comparisonLatex}, {"report.html", comparisonHtml}};
  std::vector<std::string> paths;
  for (const auto& [name, write] : formats) {
    AtomicFile file(folder / name);
    file.write(write(comparison, rows, provenance));
    file.commit();
    paths.push_back((folder / name).string());
  }
  return paths;
}

}  // namespace whorl
