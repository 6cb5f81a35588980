// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// Recipes and their results as a front end sees them: plain types, and how a sweep's cells lie (whorl_report).

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "core/experiment/recipe_result.h"
#include "core/experiment/sweep_map.h"

namespace whorl {

/// A recipe that can be run: one that is shipped, or a file of the user's.
struct RecipeInfo {
  std::string id;  ///< what requests take: a shipped name, or the file's path
  std::string title;
  std::string summary;
  std::string path;
  std::vector<std::string> presets;  ///< such as "quick", "paper"; the first is the default
  bool shipped = false;
  std::string problem;  ///< why it can't be run, with the line; "" if it can
};

struct RecipeRequest {
  std::string recipe;
  std::string preset;              ///< "" for the recipe's first
  std::vector<std::string> only;   ///< cells by "DETECTOR/ATTACK" with * for any; empty: all
  std::vector<std::string> rerun;  ///< likewise: computed again even where the store has them
  bool dryRun = false;             ///< plan and estimate alone
  std::string store;               ///< folder of the run store; "" for the user's
  std::string report;              ///< folder that gets report.md, report.tex and report.html; "" for none
  std::string device = "auto";
  int threads = 0;
};

/// Called on the worker; must be short.
struct RecipeHooks {
  /// Once with all cells, before the first is computed.
  std::function<void(const RecipeResult&)> onPlan;
  /// A cell began, ended or failed; `index` into RecipeResult::cells.
  std::function<void(std::size_t index, const RecipeCell&)> onCell;
};

}  // namespace whorl
