// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/experiment/recipe.h"
#include "core/experiment/workbench.h"

namespace whorl {

/// What a recipe asks for, spelled out: sweeps and budgets are expanded, presets and defaults filled in, names checked.

struct PlannedModel {
  std::string name;
  std::string file;  ///< a shipped or user's model, else "" and:
  std::optional<TrainingTask> training;
  std::map<std::string, double> variant;  ///< swept values
};

struct PlannedAttack {
  std::string name;
  std::string family;  ///< the name in the recipe
  std::optional<double> budget;
  AttackTask task;
  std::int64_t count = 0;
  std::optional<std::size_t> on;  ///< the model that is attacked; none: the watched one
  double noiseSigma = 0;          ///< 0: noise as large as the attack's change
};

struct PlannedDetector {
  std::string name;
  std::string family;
  std::optional<DetectorTask> task;  ///< none: the attack alone
  std::vector<std::size_t> models;   ///< watched, then companions
  std::optional<std::size_t> fit;    ///< attack
  bool fitEach = false;
  bool noisyNegatives = false;
};

struct PlannedCell {
  std::size_t detector = 0;
  std::size_t attack = 0;
  std::optional<double> published;
  std::string publishedSource;
};

struct PlannedCheck {
  RecipeCheck check;
  std::size_t cell = 0;
  std::optional<std::size_t> other;
};

struct Plan {
  Recipe recipe;
  std::vector<PlannedModel> models;
  std::vector<PlannedAttack> attacks;
  std::vector<PlannedDetector> detectors;
  std::vector<PlannedCell> cells;  ///< row by row
  std::vector<PlannedCheck> checks;
};

/// Error(BadInput) with file and line for names and values that attacks, detectors and architectures don't have, and
/// for more than kMostCells cells.
Plan makePlan(const Recipe& recipe, const Workbench& workbench);

/// Whether a pattern such as "NeuralFP/*" names the cell: each side is a name (of the recipe or of what a sweep or a
/// budget made of it) or has "*" for any characters. Error(Usage) for patterns without one "/".
bool matchesCell(const std::string& pattern, const Plan& plan, const PlannedCell& cell);

inline constexpr std::size_t kMostCells = 5000;

}  // namespace whorl
