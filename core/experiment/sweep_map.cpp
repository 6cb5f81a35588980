// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/sweep_map.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace whorl {

std::optional<SweepMap> sweepMap(const std::vector<const RecipeCell*>& cells) {
  std::map<std::string, std::set<double>> values;
  for (const RecipeCell* cell : cells) {
    for (const auto& [name, value] : cell->variant) values[name].insert(value);
  }
  std::erase_if(values, [](const auto& one) { return one.second.size() < 2; });
  if (values.size() != 2) return std::nullopt;
  const auto& [xName, xs] = *values.begin();
  const auto& [yName, ys] = *values.rbegin();
  SweepMap map{xName, yName, {xs.begin(), xs.end()}, {ys.begin(), ys.end()}, {}};
  map.cells.assign(xs.size() * ys.size(), nullptr);
  for (const RecipeCell* cell : cells) {
    const auto x = cell->variant.find(xName), y = cell->variant.find(yName);
    if (x == cell->variant.end() || y == cell->variant.end()) continue;
    const auto column = static_cast<std::size_t>(std::distance(xs.begin(), xs.find(x->second)));
    const auto row = static_cast<std::size_t>(std::distance(ys.begin(), ys.find(y->second)));
    const RecipeCell*& place = map.cells[row * xs.size() + column];
    if (place) return std::nullopt;  // they differ in something else, too, which a map would hide
    place = cell;
  }
  return map;
}

std::vector<const RecipeCell*> sweptCells(const RecipeResult& result, const std::string& detectorFamily,
                                          const std::string& attack) {
  std::vector<const RecipeCell*> cells;
  for (const RecipeCell& cell : result.cells) {
    if (!cell.variant.empty() && cell.detectorFamily == detectorFamily && cell.attack == attack) cells.push_back(&cell);
  }
  return cells;
}

std::vector<NamedSweep> sweepMaps(const RecipeResult& result) {
  std::set<std::pair<std::string, std::string>> names;
  for (const RecipeCell& cell : result.cells) {
    if (cell.figures && !cell.variant.empty()) names.emplace(cell.detectorFamily, cell.attack);
  }
  std::vector<NamedSweep> maps;
  for (const auto& [detector, attack] : names) {
    if (auto map = sweepMap(sweptCells(result, detector, attack))) maps.push_back({detector, attack, std::move(*map)});
  }
  return maps;
}

std::array<int, 3> sweepColour(double share) {
  static constexpr int kStops[][3] = {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}};
  const double place = std::clamp(share, 0.0, 1.0) * (std::size(kStops) - 1);
  const auto before = std::min<std::size_t>(static_cast<std::size_t>(place), std::size(kStops) - 2);
  std::array<int, 3> colour{};
  for (std::size_t i = 0; i < colour.size(); ++i) {
    const double level = kStops[before][i] + (place - double(before)) * (kStops[before + 1][i] - kStops[before][i]);
    colour[i] = static_cast<int>(std::lround(level));
  }
  return colour;
}

}  // namespace whorl
