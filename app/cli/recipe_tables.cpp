// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/recipe_tables.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "app/cli/arguments.h"
#include "app/cli/terminal.h"
#include "app/cli/text.h"

namespace whorl::cli {
namespace {

std::string points(double share) { return std::isfinite(share) ? format("%.2f", 100 * share) : "-"; }

std::string withInterval(const Figure& figure) {
  if (!std::isfinite(figure.value)) return "-";
  return points(figure.value) + " [" + points(figure.low) + ", " + points(figure.high) + "]";
}

using Row = std::vector<std::string>;

/// Characters, not bytes: names may have an ε.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - width(row[i]) + 2, ' ');
    while (!line.empty() && line.back() == ' ') line.pop_back();
    text += line + "\n";
  }
  return text;
}

Row resultRow(const RecipeCell& cell) {
  Row row = {oneLine(cell.detector), oneLine(cell.attack)};
  if (!cell.figures) {
    row.resize(7, "-");
    row.push_back(cell.state == CellState::Failed ? "failed: " + oneLine(cell.problem) : "");
    return row;
  }
  const CellFigures& figures = *cell.figures;
  row.push_back(withInterval(figures.aucAll));
  row.push_back(withInterval(figures.aucSuccessful));
  row.push_back(cell.published ? points(*cell.published) : "-");
  const double difference = cell.published ? figures.aucSuccessful.value - *cell.published : std::nan("");
  row.push_back(std::isfinite(difference) ? format("%+.2f", 100 * difference) : "-");
  row.push_back(points(figures.successRate.value) + " of " + std::to_string(figures.attacked));
  row.push_back(figures.evasionRate.size() > 1 ? withInterval(figures.evasionRate[1]) : "-");
  return row;
}

}  // namespace

std::string planTable(const RecipeResult& result) {
  std::vector<Row> rows = {{"detector", "attack", "model", "state", "time"}};
  double sum = 0;
  bool known = true;
  for (const RecipeCell& cell : result.cells) {
    Row row = {oneLine(cell.detector), oneLine(cell.attack), oneLine(cell.model)};
    const bool done = cell.state == CellState::Done;
    row.push_back(done ? "there" : cell.state == CellState::Failed ? "can't be planned" : "to be computed");
    if (cell.state == CellState::Failed) {
      row.push_back(oneLine(cell.problem));
    } else if (done) {
      row.push_back("-");
    } else {
      row.push_back((cell.problem.empty() ? "about " : "at least ") + durationText(cell.seconds));
      sum += cell.seconds;
      known = known && cell.problem.empty();
    }
    rows.push_back(std::move(row));
  }
  return table(rows) + "in all " + (known ? "about " : "at least ") + durationText(sum) +
         (known ? "" : ": how long some of it takes is not known") + "\n";
}

std::string resultTables(const RecipeResult& result) {
  std::vector<Row> rows = {
      {"detector", "attack", "AUC, all", "AUC, successful", "published", "difference", "success", "evades at 5 %"}};
  for (const RecipeCell& cell : result.cells) rows.push_back(resultRow(cell));
  return oneLine(result.title) + " (" + oneLine(result.preset) + "); per cent, with 95 % intervals\n" + table(rows);
}

}  // namespace whorl::cli
