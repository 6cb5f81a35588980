// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>
#include <functional>

#include "core/experiment/comparison.h"
#include "core/experiment/duplicates.h"
#include "core/experiment/report_html.h"

namespace whorl {

using namespace report;

namespace {

constexpr double kCurveRecalls[] = {0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1};
constexpr std::size_t kShares[] = {1, 5, 10, 25, 50, 75, 90, 95, 99};

using FigureOf = std::function<double(const DuplicateRun&)>;

/// The runs of each row, rows by their first run.
std::vector<std::vector<const DuplicateRun*>> rowsOf(const std::vector<DuplicateRun>& runs) {
  std::vector<std::vector<const DuplicateRun*>> rows;
  for (const DuplicateRun& run : runs) {
    auto row =
        std::find_if(rows.begin(), rows.end(), [&](const auto& each) { return each.front()->model == run.model; });
    if (row == rows.end()) row = rows.insert(rows.end(), std::vector<const DuplicateRun*>{});
    row->push_back(&run);
  }
  return rows;
}

std::string meanText(const std::vector<double>& values) {
  const SeedMean mean = seedMean(values);
  if (!std::isfinite(mean.mean)) return kUnknown;
  return percentText(mean.mean) + (mean.halfWidth ? " ± " + fixedText(100 * *mean.halfWidth, 2) : "");
}

std::string pointsMeanText(const std::vector<double>& values) {
  const SeedMean mean = seedMean(values);
  return pointsText(100 * mean.mean) + (mean.halfWidth ? " ± " + fixedText(100 * *mean.halfWidth, 2) : "");
}

std::vector<double> valuesOf(const std::vector<const DuplicateRun*>& row, const FigureOf& figure) {
  std::vector<double> values;
  for (const DuplicateRun* run : row) values.push_back(figure(*run));
  return values;
}

/// A column of the tables over all distortions: its name, and the figure of a cell.
struct Column {
  std::string name;
  std::function<DuplicateFigure(const DuplicateFigures&)> of;
};

std::vector<Column> columnsOf(const DuplicateRun& run) {
  std::vector<Column> columns;
  for (std::size_t i = 0; i < run.recalls.size(); ++i) {
    columns.push_back(
        {"P@" + fixedText(run.recalls[i], 2), [i](const auto& figures) { return figures.precisions[i]; }});
  }
  columns.push_back({"AP", [](const auto& figures) { return figures.averagePrecision; }});
  columns.push_back({"ranking", [](const auto& figures) { return figures.ranking; }});
  return columns;
}

ReportTable meansTable(const std::vector<DuplicateRun>& runs) {
  ReportTable table{"Precision and ranking, all distortions together, %",
                    "Means over seeds, ± half a 95 % interval (Student's t). P@R: precision at the smallest threshold "
                    "whose recall is at least R. AP: area under the precision-recall curve. ranking: share of triplets "
                    "(image, its copy, another image) whose copy is nearer. classes: share of triplets (image, one of "
                    "its class, one of another class) whose first is nearer, as they are and distorted.",
                    {"Model", "Seeds"},
                    {},
                    1};
  for (const Column& column : columnsOf(runs.front())) table.header.push_back(column.name);
  table.header.insert(table.header.end(), {"classes", "classes, distorted"});
  for (const auto& row : rowsOf(runs)) {
    std::vector<std::string> cells = {row.front()->model, std::to_string(row.size())};
    for (const Column& column : columnsOf(*row.front())) {
      cells.push_back(
          meanText(valuesOf(row, [&](const auto& run) { return column.of(run.cells.back().figures).value; })));
    }
    cells.push_back(meanText(valuesOf(row, [](const auto& run) { return run.classRankingClean; })));
    cells.push_back(meanText(valuesOf(row, [](const auto& run) { return run.classRankingDistorted; })));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

bool isBaseline(const DuplicateRun& run) { return run.cells.back().difference.precisions.empty(); }

ReportTable differencesTable(const std::vector<DuplicateRun>& runs, const std::string& baseline) {
  ReportTable table{"Difference to “" + baseline + "”, all distortions together, points",
                    "Means over seeds, ± half a 95 % interval (Student's t). Seed by seed: both networks see the same "
                    "images, copies and pairs.",
                    {"Model", "Seeds"},
                    {},
                    1};
  for (const Column& column : columnsOf(runs.front())) table.header.push_back(column.name);
  for (const auto& row : rowsOf(runs)) {
    if (isBaseline(*row.front())) continue;
    std::vector<std::string> cells = {row.front()->model, std::to_string(row.size())};
    for (const Column& column : columnsOf(*row.front())) {
      const auto difference = [&](const auto& run) { return column.of(run.cells.back().difference).value; };
      cells.push_back(pointsMeanText(valuesOf(row, difference)));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

/// "+1.20 (+0.40 to +2.00)"
std::string intervalPoints(const DuplicateFigure& figure) {
  return pointsText(100 * figure.value) + " (" + pointsText(100 * figure.low) + " to " + pointsText(100 * figure.high) +
         ")";
}

ReportTable seedsTable(const std::vector<DuplicateRun>& runs, const std::string& baseline) {
  ReportTable table{"Difference to “" + baseline + "” by seed, all distortions together, points",
                    "In parentheses the 95 % interval of a paired bootstrap over images, each with all its pairs.",
                    {"Model", "Seed"},
                    {},
                    1};
  for (const Column& column : columnsOf(runs.front())) table.header.push_back(column.name);
  for (const auto& row : rowsOf(runs)) {
    if (isBaseline(*row.front())) continue;
    for (const DuplicateRun* run : row) {
      std::vector<std::string> cells = {run->model, std::to_string(run->seed)};
      for (const Column& column : columnsOf(*run)) {
        cells.push_back(intervalPoints(column.of(run->cells.back().difference)));
      }
      table.rows.push_back(std::move(cells));
    }
  }
  return table;
}

/// Rows are distortions, columns models.
ReportTable distortionsTable(const std::vector<DuplicateRun>& runs, const Column& column) {
  ReportTable table{
      column.name + " by distortion, %", "Means over seeds, ± half a 95 % interval (Student's t).", {}, {}, 1};
  table.header.emplace_back("Distortion");
  const auto rows = rowsOf(runs);
  for (const auto& row : rows) table.header.push_back(row.front()->model);
  for (std::size_t i = 0; i < runs.front().cells.size(); ++i) {
    std::vector<std::string> cells = {runs.front().cells[i].distortion};
    for (const auto& row : rows) {
      cells.push_back(
          meanText(valuesOf(row, [&](const auto& run) { return column.of(run.cells.at(i).figures).value; })));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

/// Over seeds, all distortions together, as the next one.
double meanPrecision(const std::vector<const DuplicateRun*>& row, double recall) {
  const auto precision = [&](const auto& run) { return precisionOnCurve(run.cells.back().curve, recall); };
  return seedMean(valuesOf(row, precision)).mean;
}

/// Below which `percent` of one kind of pairs lie.
double meanDistance(const std::vector<const DuplicateRun*>& row, std::vector<double> DuplicateCell::*values,
                    std::size_t percent) {
  const auto distance = [&](const auto& run) {
    const std::vector<double>& all = run.cells.back().*values;
    return all.empty() ? std::nan("") : all.at(percent * (all.size() - 1) / 100);
  };
  return seedMean(valuesOf(row, distance)).mean;
}

ReportTable curveTable(const std::vector<DuplicateRun>& runs) {
  ReportTable table{
      "Precision-recall curve, all distortions together, %",
      "Precision at the smallest threshold whose recall is at least that of the column, means over seeds.",
      {"Model"},
      {},
      1};
  for (const double recall : kCurveRecalls) table.header.push_back(fixedText(recall, 2));
  for (const auto& row : rowsOf(runs)) {
    std::vector<std::string> cells = {row.front()->model};
    for (const double recall : kCurveRecalls) {
      cells.push_back(percentText(meanPrecision(row, recall)));
    }
    table.rows.push_back(std::move(cells));
  }
  return table;
}

ReportTable distancesTable(const std::vector<DuplicateRun>& runs) {
  ReportTable table{"Distribution functions of the feature distances, all distortions together",
                    "Distances below which so many per cent of the pairs lie, means over seeds. copies: an image and "
                    "its distorted copy; others: an image and another one.",
                    {"Model", "Pairs"},
                    {},
                    2};
  for (const std::size_t share : kShares) table.header.push_back(std::to_string(share) + " %");
  for (const auto& row : rowsOf(runs)) {
    for (const auto& [name, values] :
         {std::pair{"copies", &DuplicateCell::positives}, std::pair{"others", &DuplicateCell::negatives}}) {
      std::vector<std::string> cells = {row.front()->model, name};
      for (const std::size_t share : kShares) {
        cells.push_back(fixedText(meanDistance(row, values, share), 5));
      }
      table.rows.push_back(std::move(cells));
    }
  }
  return table;
}

/// Means over seeds at every hundredth of recall, from the first that all seeds reach.
std::string precisionsHtml(const std::vector<DuplicateRun>& runs) {
  std::vector<ReportCurve> curves;
  for (const auto& row : rowsOf(runs)) {
    ReportCurve curve{row.front()->model, {}};
    for (int percent = 1; percent <= 100; ++percent) {
      const double recall = percent / 100.0;
      const double precision = meanPrecision(row, recall);
      if (std::isfinite(precision)) curve.points.emplace_back(recall, precision);
    }
    curves.push_back(std::move(curve));
  }
  return figureHtml("Precision and recall, all distortions together",
                    sharesSvg(curves, "recall", "precision", "Precision over recall"), curves);
}

/// The distribution function of one kind of pairs: means over seeds of the distance at every hundredth.
std::string distancesHtml(const std::vector<DuplicateRun>& runs, const std::string& kind,
                          std::vector<double> DuplicateCell::*values) {
  std::vector<ReportCurve> curves;
  for (const auto& row : rowsOf(runs)) {
    ReportCurve curve{row.front()->model, {}};
    for (std::size_t percent = 0; percent <= 100; ++percent) {
      const double distance = meanDistance(row, values, percent);
      if (std::isfinite(distance)) curve.points.emplace_back(distance, static_cast<double>(percent) / 100);
    }
    curves.push_back(std::move(curve));
  }
  return figureHtml("Distances of " + kind,
                    sharesSvg(curves, "distance", "share of pairs below", "Distances of " + kind), curves);
}

std::string picturesHtml(const std::vector<DuplicateRun>& runs) {
  const std::string text = precisionsHtml(runs) +
                           distancesHtml(runs, "an image and its distorted copy", &DuplicateCell::positives) +
                           distancesHtml(runs, "an image and another one", &DuplicateCell::negatives);
  return text.empty() ? text : "<h2>Curves</h2>\n" + text;
}

}  // namespace

std::vector<ReportTable> duplicateTables(const std::vector<DuplicateRun>& runs, const std::string& baseline) {
  if (runs.empty()) return {};
  std::vector<ReportTable> tables = {meansTable(runs), differencesTable(runs, baseline), seedsTable(runs, baseline),
                                     curveTable(runs), distancesTable(runs)};
  for (const Column& column : columnsOf(runs.front())) tables.push_back(distortionsTable(runs, column));
  return tables;
}

ReportDocument duplicatesReport(const std::string& title, const std::vector<std::string>& paragraphs,
                                const std::vector<DuplicateRun>& runs, const std::string& baseline,
                                const std::vector<std::pair<std::string, std::string>>& provenance) {
  return {title, paragraphs, {{"Near-duplicates", duplicateTables(runs, baseline)}}, picturesHtml(runs), provenance};
}

}  // namespace whorl
