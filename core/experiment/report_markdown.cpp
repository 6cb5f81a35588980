// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/report_text.h"

namespace whorl {

using namespace report;

namespace {

std::string line(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + escapeMarkdown(cell) + " |";
  return text + "\n";
}

std::string list(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += "- " + escapeMarkdown(item) + "\n";
  return text + "\n";
}

}  // namespace

std::string report::tableMarkdown(const ReportTable& table) {
  std::string text = "### " + escapeMarkdown(table.title) + "\n\n";
  if (!table.caption.empty()) text += escapeMarkdown(table.caption) + "\n\n";
  text += line(table.header) + "|";
  for (std::size_t i = 0; i < table.header.size(); ++i) text += i < table.textColumns ? " --- |" : " ---: |";
  text += "\n";
  for (const auto& row : table.rows) text += line(row);
  return text + "\n";
}

std::string report::provenanceMarkdown(const std::vector<std::pair<std::string, std::string>>& provenance) {
  std::string text = "## Provenance\n\n| what | value |\n| --- | --- |\n";
  for (const auto& [key, value] : provenance) text += line({key, value});
  return text;
}

std::string reportMarkdown(const ReportData& data) {
  std::string text = "# " + escapeMarkdown(data.result.title) + "\n\n";
  if (!data.summary.empty()) text += escapeMarkdown(data.summary) + "\n\n";
  text += "Preset: " + escapeMarkdown(data.result.preset.empty() ? kUnknown : data.result.preset) + ". " +
          escapeMarkdown(progressText(data.result)) + ".\n\n";
  for (const std::string& note : data.notes) text += escapeMarkdown(note) + "\n\n";
  if (const ReportTable checks = checkTable(data.result); !checks.rows.empty()) text += tableMarkdown(checks);
  for (const ReportTable& table : sweepTables(data.result)) text += tableMarkdown(table);
  text += "## Comparison\n\n";
  for (const ReportTable& table : comparisonTables(data.result)) text += tableMarkdown(table);
  if (const auto sources = publishedSources(data.result); !sources.empty()) {
    text += "Published figures are from:\n\n" + list(sources);
  }
  text += "## Figures\n\n" + tableMarkdown(attackTable(data.result)) + tableMarkdown(detailTable(data.result));
  if (const ReportTable problems = problemTable(data.result); !problems.rows.empty()) text += tableMarkdown(problems);
  text += "## How to read this\n\n" + list(readingNotes());
  return text + provenanceMarkdown(data.provenance);
}

}  // namespace whorl
