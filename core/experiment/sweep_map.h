// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "core/experiment/recipe_result.h"

namespace whorl {

/// Cells over the two parameters in which their models differ.
struct SweepMap {
  std::string xName;
  std::string yName;
  std::vector<double> x;  ///< ascending
  std::vector<double> y;
  std::vector<const RecipeCell*> cells;  ///< by y, then x; null where there is none
};

/// None unless exactly two parameters have more than one value among `cells`. Pointers as they were given.
std::optional<SweepMap> sweepMap(const std::vector<const RecipeCell*>& cells);

/// All cells of a detector's family against one attack, whatever the sweep made of the model.
std::vector<const RecipeCell*> sweptCells(const RecipeResult& result, const std::string& detectorFamily,
                                          const std::string& attack);

/// A map with what it is of.
struct NamedSweep {
  std::string detector;  ///< its family
  std::string attack;
  SweepMap map;
};
/// Every map that has figures, by detector and attack. Pointers into `result`.
std::vector<NamedSweep> sweepMaps(const RecipeResult& result);

/// The colour map viridis (van der Walt and Smith 2015) at five places, straight between them, 0…255: its lightness
/// ascends, so that it can be read by the colour-blind and in grey. `share` is clipped to [0,1].
std::array<int, 3> sweepColour(double share);

}  // namespace whorl
