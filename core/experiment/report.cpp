// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/report.h"

#include <algorithm>
#include <limits>

#include "core/base/atomic_file.h"

namespace whorl {

const CellFigures* figuresOf(const RecipeCell* cell) {
  return cell && cell->state == CellState::Done && cell->figures ? &*cell->figures : nullptr;
}

const RecipeCell* findCell(const RecipeResult& result, const std::string& detector, const std::string& attack) {
  const auto found = std::find_if(result.cells.begin(), result.cells.end(), [&](const RecipeCell& cell) {
    return cell.detector == detector && cell.attack == attack;
  });
  return found == result.cells.end() ? nullptr : &*found;
}

double differencePoints(const RecipeCell& cell) {
  const CellFigures* figures = figuresOf(&cell);
  if (!figures || !cell.published) return std::numeric_limits<double>::quiet_NaN();
  return 100 * (figures->aucSuccessful.value - *cell.published);
}

std::optional<double> thresholdOf(const CellFigures& figures, double falsePositiveRate) {
  std::optional<double> threshold;
  for (const RocCorner& corner : figures.roc) {
    if (corner.falsePositiveRate > falsePositiveRate) continue;
    if (!threshold || corner.threshold < *threshold) threshold = corner.threshold;
  }
  return threshold;
}

std::vector<std::string> writeReports(const ReportData& data, const std::filesystem::path& folder) {
  const std::pair<const char*, std::string (*)(const ReportData&)> formats[] = {
      {"report.md", reportMarkdown}, {"report.tex", reportLatex}, {"report.html", reportHtml}};
  std::vector<std::string> paths;
  for (const auto& [name, write] : formats) {
    AtomicFile file(folder / name);
    file.write(write(data));
    file.commit();
    paths.push_back((folder / name).string());
  }
  return paths;
}

}  // namespace whorl
