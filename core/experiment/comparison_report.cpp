// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/experiment/comparison.h"
#include "core/experiment/report_text.h"

namespace whorl {

using namespace report;

namespace {

constexpr const char* kClean = "clean";
constexpr const char* kMean = "mean";

double meanOf(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// Student's 97.5 % quantile; beyond 30 degrees of freedom that of 30, which is a little too wide.
double studentQuantile(std::size_t degrees) {
  static constexpr double kQuantiles[] = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
                                          2.201,  2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
                                          2.080,  2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};
  return kQuantiles[std::min(degrees, std::size(kQuantiles)) - 1];
}

std::string line(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + escapeMarkdown(cell) + " |";
  return text + "\n";
}

std::string header(const std::vector<std::string>& cells) {
  std::string text = line(cells) + "| --- |";
  for (std::size_t i = 1; i < cells.size(); ++i) text += " ---: |";
  return text + "\n";
}

std::string meanText(const SeedMean& mean) {
  std::string text = percentText(mean.mean);
  if (mean.halfWidth) text += " ± " + fixedText(100 * *mean.halfWidth, 2);
  return text;
}

std::string differenceText(const SeedMean& difference) {
  std::string text = pointsText(100 * difference.mean);
  if (difference.halfWidth) text += " ± " + fixedText(100 * *difference.halfWidth, 2);
  return text;
}

std::vector<std::string> columnsOf(const Comparison& comparison) {
  std::vector<std::string> columns = {kClean};
  columns.insert(columns.end(), comparison.perturbations.begin(), comparison.perturbations.end());
  columns.emplace_back(kMean);
  return columns;
}

SeedMean meanIn(const ComparedRow& row, const std::string& column) {
  std::vector<double> values;
  for (const ComparedRun& run : row.runs) values.push_back(figureOf(run, column));
  return seedMean(values);
}

const ComparedRow* baselineOf(const Comparison& comparison, const std::vector<ComparedRow>& rows) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.model.name == comparison.baseline; });
  return found == rows.end() || found->runs.empty() ? nullptr : &*found;
}

std::string meansTable(const Comparison& comparison, const std::vector<ComparedRow>& rows) {
  const std::vector<std::string> columns = columnsOf(comparison);
  std::vector<std::string> head = {"Model", "Seeds"};
  head.insert(head.end(), columns.begin(), columns.end());
  std::string text =
      "### Accuracy, %\n\nMeans over seeds, ± half a 95 % interval (Student's t). A perturbation's column "
      "is the mean over its severities, “mean” that over the perturbations.\n\n";
  text += header(head);
  for (const ComparedRow& row : rows) {
    std::vector<std::string> cells = {row.model.name, std::to_string(row.runs.size())};
    for (const std::string& column : columns)
      cells.push_back(row.runs.empty() ? kUnknown : meanText(meanIn(row, column)));
    text += line(cells);
  }
  return text + "\n";
}

std::string differencesTable(const Comparison& comparison, const std::vector<ComparedRow>& rows,
                             const ComparedRow& baseline) {
  const std::vector<std::string> columns = columnsOf(comparison);
  std::vector<std::string> head = {"Model"};
  head.insert(head.end(), columns.begin(), columns.end());
  std::string text = "### Difference to “" + escapeMarkdown(comparison.baseline) +
                     "”, points\n\nSeed by seed: networks of one seed see the same images in the same order.\n\n";
  text += header(head);
  for (const ComparedRow& row : rows) {
    if (&row == &baseline || row.runs.empty()) continue;
    std::vector<std::string> cells = {row.model.name};
    for (const std::string& column : columns) {
      const auto differences = pairedDifferences(row, baseline, column);
      cells.push_back(differences.empty() ? kUnknown : differenceText(seedMean(differences)));
    }
    text += line(cells);
  }
  return text + "\n";
}

std::string cellsTable(const std::vector<ComparedRow>& rows, const std::string& perturbation,
                       const std::vector<ComparedCell>& pattern) {
  std::vector<std::string> head = {"Model"};
  for (const ComparedCell& cell : pattern) {
    if (cell.perturbation == perturbation) head.push_back(std::to_string(cell.severity) + ": " + cell.parameters);
  }
  std::string text = "### " + escapeMarkdown(perturbation) + ", %\n\n" + header(head);
  for (const ComparedRow& row : rows) {
    if (row.runs.empty()) continue;
    std::vector<std::string> cells = {row.model.name};
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i].perturbation != perturbation) continue;
      std::vector<double> values;
      for (const ComparedRun& run : row.runs) values.push_back(run.cells.at(i).accuracy);
      cells.push_back(meanText(seedMean(values)));
    }
    text += line(cells);
  }
  return text + "\n";
}

std::string lossesTable(const std::vector<ComparedRow>& rows) {
  std::string text =
      "### Trainings\n\nLoss terms are means over the last epoch, apart and weighted (L0 is "
      "cross_entropy).\n\n" +
      header({"Model", "Seed", "Losses", "Training, s", "Tests, s"});
  for (const ComparedRow& row : rows) {
    for (const ComparedRun& run : row.runs) {
      std::string losses;
      for (const auto& [name, value] : run.losses) {
        losses += (losses.empty() ? "" : ", ") + name + " " + fixedText(value, 4);
      }
      text += line({row.model.name, std::to_string(run.seed), losses, secondsText(run.trainSeconds),
                    secondsText(run.testSeconds)});
    }
  }
  return text + "\n";
}

}  // namespace

SeedMean seedMean(const std::vector<double>& values) {
  if (values.empty()) return {std::nan(""), {}};
  SeedMean made{meanOf(values), {}};
  if (values.size() < 2) return made;
  double squares = 0;
  for (const double value : values) squares += (value - made.mean) * (value - made.mean);
  const auto count = static_cast<double>(values.size());
  made.halfWidth = studentQuantile(values.size() - 1) * std::sqrt(squares / (count - 1) / count);
  return made;
}

double figureOf(const ComparedRun& run, const std::string& column) {
  if (column == kClean) return run.clean;
  // All perturbations have the same severities, so that the mean over cells is that over perturbations.
  std::vector<double> values;
  for (const ComparedCell& cell : run.cells) {
    if (column == kMean || cell.perturbation == column) values.push_back(cell.accuracy);
  }
  return values.empty() ? std::nan("") : meanOf(values);
}

std::vector<double> pairedDifferences(const ComparedRow& row, const ComparedRow& baseline, const std::string& column) {
  std::vector<double> differences;
  for (const ComparedRun& run : row.runs) {
    for (const ComparedRun& other : baseline.runs) {
      if (other.seed == run.seed) differences.push_back(figureOf(run, column) - figureOf(other, column));
    }
  }
  return differences;
}

std::string comparisonMarkdown(const Comparison& comparison, const std::vector<ComparedRow>& rows,
                               const std::vector<std::pair<std::string, std::string>>& provenance) {
  std::string text = "# " + escapeMarkdown(comparison.title) + "\n\n";
  if (!comparison.summary.empty()) text += escapeMarkdown(comparison.summary) + "\n\n";
  if (!comparison.preset.empty()) text += "Preset: " + escapeMarkdown(comparison.preset) + ".\n\n";
  for (const std::string& note : comparison.notes) text += escapeMarkdown(note) + "\n\n";
  text += "## Comparison\n\n" + meansTable(comparison, rows);
  if (const ComparedRow* baseline = baselineOf(comparison, rows)) text += differencesTable(comparison, rows, *baseline);
  text += "## Every cell\n\n";
  const auto tested = std::find_if(rows.begin(), rows.end(), [](const auto& row) { return !row.runs.empty(); });
  if (tested != rows.end()) {
    for (const std::string& name : comparison.perturbations) {
      text += cellsTable(rows, name, tested->runs.front().cells);
    }
  }
  text += lossesTable(rows) + "## Provenance\n\n| what | value |\n| --- | --- |\n";
  for (const auto& [key, value] : provenance) text += line({key, value});
  return text;
}

}  // namespace whorl
