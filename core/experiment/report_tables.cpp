// SPDX-License-Identifier: GPL-3.0-or-later
// The tables that all formats print, as texts.
#include <algorithm>

#include "core/experiment/report_text.h"
#include "core/experiment/sweep_map.h"

namespace whorl::report {

namespace {

std::string rateAt(const std::vector<Figure>& rates, std::size_t index) {
  return index < rates.size() ? figureText(rates[index]) : kUnknown;
}

bool anyPublished(const RecipeResult& result) {
  return std::any_of(result.cells.begin(), result.cells.end(),
                     [](const RecipeCell& cell) { return cell.published.has_value(); });
}

std::string countText(const CellFigures& figures) {
  return std::to_string(figures.successes) + "/" + std::to_string(figures.attacked);
}

/// A grid's text of a cell that may have no figures.
ReportTable figureGrid(const RecipeResult& result, const std::string& title,
                       const std::function<std::string(const CellFigures&)>& text) {
  return gridTable(result, title, [&](const RecipeCell& cell) {
    const CellFigures* figures = figuresOf(&cell);
    return figures ? text(*figures) : cell.state == CellState::Failed ? std::string("failed") : std::string(kUnknown);
  });
}

std::vector<std::string> detailRow(const RecipeCell& cell, const CellFigures& figures) {
  std::vector<std::string> row = {cell.detector,
                                  cell.attack,
                                  cell.threatModel,
                                  countText(figures),
                                  figureText(figures.successRate),
                                  figureText(figures.aucSuccessful),
                                  figureText(figures.aucAll),
                                  cell.published ? percentText(*cell.published) : kUnknown,
                                  pointsText(differencePoints(cell)),
                                  percentText(figures.averagePrecision)};
  for (std::size_t i = 0; i < std::size(kReportRates); ++i) row.push_back(rateAt(figures.truePositiveRate, i));
  for (std::size_t i = 0; i < std::size(kReportRates); ++i) row.push_back(rateAt(figures.evasionRate, i));
  row.push_back(percentText(figures.detectionAccuracy));
  row.push_back(figures.combinedAccuracy ? figureText(*figures.combinedAccuracy) : kUnknown);
  row.push_back(secondsText(cell.seconds));
  return row;
}

}  // namespace

ReportTable gridTable(const RecipeResult& result, const std::string& title,
                      const std::function<std::string(const RecipeCell&)>& text) {
  ReportTable table;
  table.title = title;
  table.header = {"Detector"};
  table.header.insert(table.header.end(), result.attacks.begin(), result.attacks.end());
  for (const std::string& detector : result.detectors) {
    std::vector<std::string> row{detector};
    for (const std::string& attack : result.attacks) {
      const RecipeCell* cell = findCell(result, detector, attack);
      row.push_back(cell ? text(*cell) : kUnknown);
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<ReportTable> comparisonTables(const RecipeResult& result) {
  std::vector<ReportTable> tables;
  tables.push_back(figureGrid(result, "Ours: AUC over successful adversarial images, %",
                              [](const CellFigures& figures) { return figureText(figures.aucSuccessful); }));
  if (anyPublished(result)) {
    tables.push_back(gridTable(result, "Published: AUC, %", [](const RecipeCell& cell) {
      return cell.published ? percentText(*cell.published) : kUnknown;
    }));
    tables.push_back(gridTable(result, "Difference: ours minus published, points",
                               [](const RecipeCell& cell) { return pointsText(differencePoints(cell)); }));
  }
  tables.push_back(
      figureGrid(result, "AUC over successful / over all attacked images, %", [](const CellFigures& figures) {
        return percentText(figures.aucSuccessful.value) + " / " + percentText(figures.aucAll.value);
      }));
  tables.push_back(figureGrid(result, "Evasion: misclassified and accepted at 5 % false positives, of all attacked, %",
                              [](const CellFigures& figures) { return rateAt(figures.evasionRate, 1); }));
  return tables;
}

std::vector<ReportTable> sweepTables(const RecipeResult& result) {
  std::vector<ReportTable> tables;
  for (const auto& [detector, attack, map] : sweepMaps(result)) {
    ReportTable table{detector + " against " + attack + ": AUC over successful adversarial images, %",
                      "",
                      {map.yName + " / " + map.xName},
                      {},
                      1};
    for (const double x : map.x) table.header.push_back(shortText(x));
    for (std::size_t row = 0; row < map.y.size(); ++row) {
      std::vector<std::string> texts = {shortText(map.y[row])};
      for (std::size_t column = 0; column < map.x.size(); ++column) {
        const RecipeCell* cell = map.cells[row * map.x.size() + column];
        const CellFigures* figures = cell ? figuresOf(cell) : nullptr;
        texts.push_back(figures ? percentText(figures->aucSuccessful.value) : kUnknown);
      }
      table.rows.push_back(std::move(texts));
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

ReportTable checkTable(const RecipeResult& result) {
  ReportTable table;
  table.title = "Checks";
  table.caption =
      "What must hold if the figures are to be believed; in per cent. Beside another cell's figure its 95 % interval "
      "is "
      "allowed. Success: misclassified. Accuracy: of the network alone. Combined: accepted and right. Evasion: "
      "misclassified and accepted at 5 % false positives.";
  table.header = {"Claim", "Figure", "Of", "Here", "Must be", "Verdict"};
  table.textColumns = 3;
  for (const CheckedClaim& check : result.checks) {
    const std::string relation = check.atLeast ? "at least " : "at most ";
    const std::string bound = !check.bound          ? kUnknown
                              : check.other.empty() ? percentText(check.bound->value)
                                                    : figureText(*check.bound);
    table.rows.push_back({check.claim, check.figure, check.cell, check.value ? figureText(*check.value) : kUnknown,
                          relation + bound + (check.other.empty() ? "" : " (" + check.other + ")"),
                          !check.holds   ? "open"
                          : *check.holds ? "holds"
                                         : "does not hold"});
  }
  return table;
}

ReportTable attackTable(const RecipeResult& result) {
  ReportTable table;
  table.title = "Attacks";
  table.caption =
      "Attacked: test images that the model classifies correctly. Norms: means over the successes, pixels in [0,1].";
  table.header = {"Attack", "Model", "Threat model", "Successes/attacked", "Success rate, %", "Mean L2", "Mean Linf"};
  table.textColumns = 3;
  for (const std::string& attack : result.attacks) {
    std::vector<std::vector<std::string>> rows;  // one a model: its detectors share the attack
    for (const std::string& detector : result.detectors) {
      const RecipeCell* cell = findCell(result, detector, attack);
      const CellFigures* figures = figuresOf(cell);
      if (!figures) continue;
      std::vector<std::string> row = {attack,
                                      cell->model,
                                      cell->threatModel,
                                      countText(*figures),
                                      figureText(figures->successRate),
                                      fixedText(figures->meanL2, 3),
                                      fixedText(figures->meanLinf, 4)};
      if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(std::move(row));
    }
    table.rows.insert(table.rows.end(), rows.begin(), rows.end());
  }
  return table;
}

ReportTable detailTable(const RecipeResult& result) {
  ReportTable table;
  table.title = "Every figure";
  table.caption =
      "In per cent with 95 % intervals. s/n: successes of attacked images. TPR and evasion at false-positive rates of "
      "1, 5 and 10 %. Seconds: what scoring and attacking took, whenever that was; detectors of one model share the "
      "attack.";
  table.header = {"Detector", "Attack",    "Threat model", "s/n",        "Success rate", "AUC successful",
                  "AUC all",  "Published", "Difference",   "AP",         "TPR@1",        "TPR@5",
                  "TPR@10",   "Evasion@1", "Evasion@5",    "Evasion@10", "Accuracy",     "Accepted and right",
                  "Seconds"};
  table.textColumns = 3;
  for (const std::string& detector : result.detectors) {
    for (const std::string& attack : result.attacks) {
      const RecipeCell* cell = findCell(result, detector, attack);
      if (const CellFigures* figures = figuresOf(cell)) table.rows.push_back(detailRow(*cell, *figures));
    }
  }
  return table;
}

ReportTable problemTable(const RecipeResult& result) {
  ReportTable table;
  table.title = "Cells without figures";
  table.header = {"Detector", "Attack", "Why"};
  table.textColumns = 3;
  for (const RecipeCell& cell : result.cells) {
    if (figuresOf(&cell)) continue;
    table.rows.push_back({cell.detector, cell.attack, cell.state == CellState::Failed ? cell.problem : "not computed"});
  }
  return table;
}

std::string progressText(const RecipeResult& result) {
  const auto count = [&](auto holds) { return std::count_if(result.cells.begin(), result.cells.end(), holds); };
  const auto done = count([](const RecipeCell& cell) { return figuresOf(&cell) != nullptr; });
  const auto kept = count([](const RecipeCell& cell) { return figuresOf(&cell) && cell.kept; });
  std::string text = std::to_string(done) + " of " + std::to_string(result.cells.size()) + " cells have figures";
  if (kept > 0) text += ", " + std::to_string(kept) + " of them kept from earlier runs";
  return text + "; this run took " + durationText(result.seconds);
}

std::vector<std::string> publishedSources(const RecipeResult& result) {
  std::vector<std::string> sources;
  for (const RecipeCell& cell : result.cells) {
    if (!cell.published || cell.publishedSource.empty()) continue;
    if (std::find(sources.begin(), sources.end(), cell.publishedSource) == sources.end()) {
      sources.push_back(cell.publishedSource);
    }
  }
  return sources;
}

std::vector<std::string> readingNotes() {
  return {
      "AUC is the exact area under the ROC curve by ranks, ties counting one half; the negatives are the clean images "
      "(and noisy ones in rows whose recipe says so), the positives the adversarial ones. “Successful” takes only "
      "attacked images that the model then misclassifies, "
      "“all” takes failed attempts too.",
      "Success rate is the share of attacked images that end up misclassified. Evasion is the share that end up "
      "misclassified and accepted by the detector, at a threshold that rejects that many of the clean images: what an "
      "attacker gains in the end.",
      "Intervals are 95 %: bootstrap for AUC, Wilson for shares. Differences are ours minus the published figure, in "
      "points (hundredths of AUC), and are not corrected for different samples.",
  };
}

}  // namespace whorl::report
