// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/report_text.h"

namespace whorl {

using namespace report;

namespace {

std::string line(const std::vector<std::string>& cells) {
  std::vector<std::string> escaped;
  for (const std::string& cell : cells) escaped.push_back(escapeLatex(cell));
  return joined(escaped, " & ") + " \\\\\n";
}

/// The cells of the details that a page of paper has room for; all of them are in the other formats.
ReportTable shortDetails(const RecipeResult& result) {
  static constexpr std::size_t kColumns[] = {0, 1, 3, 5, 6, 13, 14, 15};
  const ReportTable whole = detailTable(result);
  ReportTable table;
  table.title = whole.title;
  table.caption =
      "In per cent with 95 % intervals. s/n: successes of attacked images. Evasion: misclassified and "
      "accepted, at false-positive rates of 1, 5 and 10 %.";
  table.textColumns = 2;
  const auto pick = [](const std::vector<std::string>& cells) {
    std::vector<std::string> picked;
    for (const std::size_t column : kColumns) picked.push_back(cells[column]);
    return picked;
  };
  table.header = pick(whole.header);
  for (const auto& row : whole.rows) table.rows.push_back(pick(row));
  return table;
}

}  // namespace

std::string report::tableLatex(const ReportTable& table) {
  std::string columns;
  for (std::size_t i = 0; i < table.header.size(); ++i) columns += i < table.textColumns ? 'l' : 'r';
  const std::string caption = table.caption.empty() ? table.title : table.title + ". " + table.caption;
  std::string text = "\\begin{longtable}{" + columns + "}\n\\caption{" + escapeLatex(caption) + "}\\\\\n";
  text += "\\toprule\n" + line(table.header) + "\\midrule\n\\endhead\n\\bottomrule\n\\endfoot\n";
  for (const auto& row : table.rows) text += line(row);
  return text + "\\end{longtable}\n\n";
}

std::string report::provenanceLatex(const std::vector<std::pair<std::string, std::string>>& provenance) {
  std::string text = "% Provenance\n";
  for (const auto& [key, value] : provenance) text += "% " + cleanText(key) + ": " + cleanText(value) + "\n";
  return text;
}

std::string reportLatex(const ReportData& data) {
  std::string text =
      "% Written by Whorl. Needs \\usepackage{booktabs,longtable,textcomp} and \\usepackage[T1]{fontenc}.\n";
  text += "\\section*{" + escapeLatex(data.result.title) + "}\n\n";
  if (!data.summary.empty()) text += escapeLatex(data.summary) + "\n\n";
  for (const std::string& note : data.notes) text += escapeLatex(note) + "\n\n";
  text += "{\\footnotesize\\setlength{\\tabcolsep}{3pt}\n\n";
  if (const ReportTable checks = checkTable(data.result); !checks.rows.empty()) text += tableLatex(checks);
  for (const ReportTable& table : sweepTables(data.result)) text += tableLatex(table);
  for (const ReportTable& table : comparisonTables(data.result)) text += tableLatex(table);
  text += tableLatex(attackTable(data.result)) + tableLatex(shortDetails(data.result));
  if (const ReportTable problems = problemTable(data.result); !problems.rows.empty()) text += tableLatex(problems);
  text += "}\n\n";
  if (const auto sources = publishedSources(data.result); !sources.empty()) {
    text += "Published figures are from: " + escapeLatex(joined(sources, "; ")) + ".\n\n";
  }
  for (const std::string& note : readingNotes()) text += escapeLatex(note) + "\n\n";
  return text + provenanceLatex(data.provenance);
}

}  // namespace whorl
