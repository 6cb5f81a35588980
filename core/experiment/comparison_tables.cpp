// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/comparison_tables.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace whorl {

using namespace report;

namespace {

constexpr const char* kClean = "clean";
constexpr const char* kMean = "mean";
constexpr const char* kIntervals = "Means over seeds, ± half a 95 % interval (Student's t).";
constexpr const char* kPaired = "Seed by seed: networks of one seed see the same images in the same order.";

/// A figure of every run.
struct Column {
  std::string title;
  std::function<double(const ComparedRun&)> figure;
};

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

std::string withInterval(std::string text, const SeedMean& mean) {
  if (mean.halfWidth) text += " ± " + fixedText(100 * *mean.halfWidth, 2);
  return text;
}

std::vector<double> valuesOf(const ComparedRow& row, const Column& column) {
  std::vector<double> values;
  for (const ComparedRun& run : row.runs) values.push_back(column.figure(run));
  return values;
}

std::vector<double> pairedValues(const ComparedRow& row, const ComparedRow& baseline, const Column& column) {
  std::vector<double> differences;
  for (const ComparedRun& run : row.runs) {
    for (const ComparedRun& other : baseline.runs) {
      if (other.seed == run.seed) differences.push_back(column.figure(run) - column.figure(other));
    }
  }
  return differences;
}

std::vector<Column> meanColumns(const Comparison& comparison) {
  std::vector<std::string> names = {kClean};
  names.insert(names.end(), comparison.perturbations.begin(), comparison.perturbations.end());
  names.emplace_back(kMean);
  std::vector<Column> columns;
  for (const std::string& name : names) {
    columns.push_back({name, [name](const ComparedRun& run) { return figureOf(run, name); }});
  }
  return columns;
}

std::vector<Column> curveColumns(const ComparedCurve& curve, std::size_t place) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < curve.values.size(); ++i) {
    const auto figure = [place, i](const ComparedRun& run) { return run.curves.at(place).at(i); };
    columns.push_back({toText(curve.values[i]), figure});
  }
  return columns;
}

const ComparedRow* baselineOf(const Comparison& comparison, const std::vector<ComparedRow>& rows) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.model.name == comparison.baseline; });
  return found == rows.end() || found->runs.empty() ? nullptr : &*found;
}

std::vector<std::string> headOf(std::vector<std::string> head, const std::vector<Column>& columns) {
  for (const Column& column : columns) head.push_back(column.title);
  return head;
}

ReportTable accuracies(const std::vector<ComparedRow>& rows, const std::vector<Column>& columns) {
  ReportTable table{"", "", headOf({"Model", "Seeds"}, columns), {}};
  for (const ComparedRow& row : rows) {
    std::vector<std::string> cells = {row.model.name, std::to_string(row.runs.size())};
    for (const Column& column : columns) {
      const SeedMean mean = seedMean(valuesOf(row, column));
      cells.push_back(row.runs.empty() ? kUnknown : withInterval(percentText(mean.mean), mean));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

/// Without rows where the baseline has no runs.
ReportTable differences(const Comparison& comparison, const std::vector<ComparedRow>& rows,
                        const std::vector<Column>& columns) {
  ReportTable table{"Difference to “" + comparison.baseline + "”, points", kPaired, headOf({"Model"}, columns), {}};
  const ComparedRow* baseline = baselineOf(comparison, rows);
  if (!baseline) return table;
  for (const ComparedRow& row : rows) {
    if (&row == baseline || row.runs.empty()) continue;
    std::vector<std::string> cells = {row.model.name};
    for (const Column& column : columns) {
      const auto values = pairedValues(row, *baseline, column);
      const SeedMean mean = seedMean(values);
      cells.push_back(values.empty() ? kUnknown : withInterval(pointsText(100 * mean.mean), mean));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

void addUnlessEmpty(ReportSection& section, ReportTable table) {
  if (!table.rows.empty()) section.tables.push_back(std::move(table));
}

ReportSection curvesSection(const Comparison& comparison, const std::vector<ComparedRow>& rows) {
  ReportSection section{"Against chosen values", {}};
  for (std::size_t i = 0; i < comparison.curves.size(); ++i) {
    const ComparedCurve& curve = comparison.curves[i];
    const std::vector<Column> columns = curveColumns(curve, i);
    ReportTable table = accuracies(rows, columns);
    table.title = "Accuracy over " + curve.title() + ", %";
    table.caption = kIntervals;
    section.tables.push_back(std::move(table));
    ReportTable gained = differences(comparison, rows, columns);
    gained.title = "Over " + curve.title() + ": " + gained.title;
    addUnlessEmpty(section, std::move(gained));
  }
  return section;
}

ReportSection cellsSection(const Comparison& comparison, const std::vector<ComparedRow>& rows) {
  ReportSection section{"Every cell", {}};
  const auto tested = std::find_if(rows.begin(), rows.end(), [](const auto& row) { return !row.runs.empty(); });
  if (tested == rows.end()) return section;
  const std::vector<ComparedCell>& pattern = tested->runs.front().cells;
  for (const std::string& perturbation : comparison.perturbations) {
    std::vector<Column> columns;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern[i].perturbation != perturbation) continue;
      columns.push_back({std::to_string(pattern[i].severity) + ": " + pattern[i].parameters,
                         [i](const ComparedRun& run) { return run.cells.at(i).accuracy; }});
    }
    ReportTable table = accuracies(rows, columns);
    table.title = perturbation + ", %";
    std::erase_if(table.rows, [](const auto& row) { return row[1] == "0"; });
    section.tables.push_back(std::move(table));
  }
  return section;
}

ReportTable trainingsTable(const std::vector<ComparedRow>& rows) {
  ReportTable table{"Trainings",
                    "Loss terms are means over the last epoch, apart and weighted (L0 is cross_entropy).",
                    {"Model", "Seed", "Losses", "Training, s", "Tests, s"},
                    {}};
  for (const ComparedRow& row : rows) {
    for (const ComparedRun& run : row.runs) {
      std::string losses;
      for (const auto& [name, value] : run.losses) {
        losses += (losses.empty() ? "" : ", ") + name + " " + fixedText(value, 4);
      }
      table.rows.push_back({row.model.name, std::to_string(run.seed), losses, secondsText(run.trainSeconds),
                            secondsText(run.testSeconds)});
    }
  }
  return table;
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
  return pairedValues(row, baseline, {column, [&](const ComparedRun& run) { return figureOf(run, column); }});
}

report::ReportTable meansTable(const Comparison& comparison, const std::vector<ComparedRow>& rows) {
  ReportTable table = accuracies(rows, meanColumns(comparison));
  table.title = "Accuracy, %";
  table.caption = std::string(kIntervals) +
                  " A perturbation's column is the mean over its severities, “mean” that over the perturbations.";
  return table;
}

std::vector<double> report::curveMeans(const ComparedRow& row, std::size_t curve, std::size_t values) {
  std::vector<double> means(values);
  for (std::size_t i = 0; i < values; ++i) {
    for (const ComparedRun& run : row.runs) {
      means[i] += run.curves.at(curve).at(i) / static_cast<double>(row.runs.size());
    }
  }
  return means;
}

std::vector<ReportSection> report::comparisonSections(const Comparison& comparison,
                                                      const std::vector<ComparedRow>& rows) {
  ReportSection means{"Comparison", {meansTable(comparison, rows)}};
  addUnlessEmpty(means, differences(comparison, rows, meanColumns(comparison)));
  std::vector<ReportSection> sections = {std::move(means)};
  if (!comparison.curves.empty()) sections.push_back(curvesSection(comparison, rows));
  sections.push_back(cellsSection(comparison, rows));
  sections.back().tables.push_back(trainingsTable(rows));
  return sections;
}

}  // namespace whorl
