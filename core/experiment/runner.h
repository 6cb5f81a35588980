// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/experiment/plan.h"
#include "core/experiment/recipe_result.h"
#include "core/experiment/run_store.h"
#include "core/experiment/workbench.h"

namespace whorl {

struct RunOptions {
  std::vector<std::string> only;   ///< patterns of matchesCell; empty: all cells
  std::vector<std::string> rerun;  ///< likewise: cells that are computed anew
  bool dryRun = false;             ///< look what is there and estimate the rest
};

/// Called on the working thread.
struct RunHooks {
  std::function<void(const RecipeResult&)> onPlan;
  std::function<void(std::size_t index, const RecipeCell&)> onCell;
};

/// Runs a plan cell by cell. What the store has isn't computed again, so a run that was cut off goes on where it was. A
/// cell that fails is marked, and the others go on; one that another process works on is come back to. Reports,
/// `RecipeResult::reports` and `json` are not made here.
/// Error(Cancelled) if it was asked to stop; Error(Usage) if a pattern of the options matches no cell; whatever was the
/// matter if the data can't be had.
RecipeResult runPlan(const Plan& plan, RunStore& store, Workbench& workbench, const RunOptions& options,
                     const JobContext& context, const RunHooks& hooks = {});

/// The cells without what they are to find out.
RecipeResult emptyResult(const Plan& plan);

}  // namespace whorl
