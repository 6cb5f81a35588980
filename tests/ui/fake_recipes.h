// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/job.h"
#include "core/service/recipe_types.h"

namespace whorl::test {

inline std::vector<RecipeInfo> fakeRecipes() {
  RecipeInfo sound;
  sound.id = "blobs-greybox";
  sound.title = "Blobs, grey box";
  sound.summary = "Two detectors against two attacks.";
  sound.path = "/nowhere/blobs-greybox.toml";
  sound.presets = {"quick", "paper"};
  sound.shipped = true;
  RecipeInfo broken;
  broken.id = broken.path = "/nowhere/broken.toml";
  broken.title = "broken";
  broken.problem = "broken.toml:3: there is no key \"atacks\" here";
  RecipeInfo budgets = sound;
  budgets.id = "blobs-budget";
  budgets.title = "Blobs, budgets";
  budgets.path = "/nowhere/blobs-budget.toml";
  budgets.presets = {"quick"};
  return {sound, budgets, broken};
}

/// Figures that depend on the cell's place alone.
inline CellFigures fakeFigures(std::size_t index) {
  CellFigures figures;
  figures.attacked = 100;
  figures.successes = 90;
  figures.successRate = {0.9, 0.83, 0.94};
  const double area = 0.9 + 0.02 * double(index);
  figures.aucAll = {area, area - 0.01, area + 0.01};
  figures.aucSuccessful = {area + 0.01, area, area + 0.02};
  figures.averagePrecision = area;
  figures.detectionAccuracy = 0.9;
  figures.truePositiveRate = {{0.7, 0.6, 0.8}, {0.8, 0.7, 0.9}, {0.9, 0.8, 0.95}};
  figures.evasionRate = {{0.27, 0.2, 0.3}, {0.18, 0.1, 0.2}, {0.09, 0.05, 0.1}};
  figures.combinedAccuracy = Figure{0.1, 0.05, 0.2};
  figures.meanL2 = 1.5;
  figures.meanLinf = 0.3;
  figures.roc = {{1e9, 0, 0}, {0.5, 0.05, 0.8}, {0.1, 1, 1}};
  figures.cleanScores = {0.1, 0.2, 0.3};
  figures.adversarialScores = {0.4, 0.5, 0.6};
  return figures;
}

/// What a fake engine remembers between runs, and lets tests interfere with. Runs come one at a time.
struct FakeRuns {
  /// Called before each cell that is computed: block here until the test says so, or until a stop is requested.
  std::function<void(std::size_t index, const JobContext&)> onCell;
  std::set<std::string> finished;  ///< "recipe/detector/attack", as a run store keeps them
};

/// The grid of a fake recipe: two rows, two columns, the first cell with a published figure; or one attack at three
/// budgets.
inline RecipeResult fakeGrid(const RecipeRequest& request) {
  RecipeResult result;
  result.preset = request.preset.empty() ? "quick" : request.preset;
  result.detectors = {"NeuralFP", "KD"};
  const bool budgets = request.recipe == "blobs-budget";
  result.title = budgets ? "Blobs, budgets" : "Blobs, grey box";
  if (budgets) {
    result.attacks = {"BIM ε=0.1", "BIM ε=0.2", "BIM ε=0.3"};
  } else {
    result.attacks = {"FGSM", "BIM-b"};
  }
  for (const auto& detector : result.detectors) {
    for (std::size_t column = 0; column < result.attacks.size(); ++column) {
      RecipeCell cell;
      cell.detector = cell.detectorFamily = detector;
      cell.attack = cell.attackFamily = result.attacks[column];
      if (budgets) cell.attackFamily = "BIM";
      if (budgets) cell.budget = 0.1 * double(column + 1);
      cell.model = "fingerprinted";
      cell.modelFile = "/nowhere/glyphs-fingerprint.safetensors";
      cell.threatModel = "grey-box";
      cell.seconds = 60;
      if (result.cells.empty()) cell.published = 0.95;
      if (result.cells.empty()) cell.publishedSource = "the fake paper";
      result.cells.push_back(cell);
    }
  }
  return result;
}

/// Two claims about the first recipe's first row: one holds, one doesn't.
inline std::vector<CheckedClaim> fakeChecks(const RecipeResult& result) {
  if (result.title != "Blobs, grey box") return {};
  CheckedClaim holds{"evasion is rare", "evasion", "NeuralFP/FGSM", false, "", {}, Figure{0.5, 0.5, 0.5}, {}};
  CheckedClaim fails{"many steps <do> it", "success", "NeuralFP/BIM-b", true, "", {}, Figure{1, 1, 1}, {}};
  if (const auto& first = result.cells[0].figures) holds.value = first->evasionRate[1];
  if (const auto& second = result.cells[1].figures) fails.value = second->successRate;
  if (holds.value) holds.holds = true;
  if (fails.value) fails.holds = false;
  return {holds, fails};
}

/// Computes what isn't finished yet; cell 3 fails. With dryRun nothing is computed.
inline RecipeResult runFakeRecipe(const RecipeRequest& request, const JobContext& context, const RecipeHooks& hooks,
                                  FakeRuns& runs) {
  const bool known = request.recipe == "blobs-greybox" || request.recipe == "blobs-budget" ||
                     request.recipe.find("mine") != std::string::npos;
  if (!known) {
    throw Error(ErrorKind::BadInput, "there is no such recipe", request.recipe);
  }
  RecipeResult result = fakeGrid(request);
  const auto key = [&](const RecipeCell& cell) { return request.recipe + "/" + cell.detector + "/" + cell.attack; };
  const auto finish = [](RecipeCell& cell, std::size_t i) {
    cell.state = CellState::Done;
    cell.figures = fakeFigures(i);
    cell.attackedImages = "/nowhere/" + cell.attack + ".safetensors";
    cell.seconds = 1;
  };
  const auto keep = [&](RecipeCell& cell, std::size_t i) {
    if (!runs.finished.contains(key(cell))) return false;
    finish(cell, i);
    return cell.kept = true;
  };
  for (std::size_t i = 0; i < result.cells.size() && request.dryRun; ++i) keep(result.cells[i], i);
  // What is expected is told by a dry run alone.
  for (RecipeCell& cell : result.cells) cell.seconds = request.dryRun && cell.state == CellState::Waiting ? 60 : 0;
  result.checks = fakeChecks(result);
  if (hooks.onPlan) hooks.onPlan(result);
  for (std::size_t i = 0; i < result.cells.size() && !request.dryRun; ++i) {
    RecipeCell& cell = result.cells[i];
    const std::string name = cell.detector + "/" + cell.attack;
    const auto names = [&](const std::vector<std::string>& list) {
      return std::find(list.begin(), list.end(), name) != list.end();
    };
    if (!request.only.empty() && !names(request.only)) continue;
    context.step();
    if (!names(request.rerun) && keep(cell, i)) {
      if (hooks.onCell) hooks.onCell(i, cell);
      continue;
    }
    cell.state = CellState::Running;
    if (hooks.onCell) hooks.onCell(i, cell);
    if (runs.onCell) runs.onCell(i, context);
    context.step();
    if (i == 3 && request.recipe == "blobs-greybox") {
      cell.state = CellState::Failed;
      cell.problem = "the network's output isn't finite";
    } else {
      finish(cell, i);
      runs.finished.insert(key(cell));
    }
    if (hooks.onCell) hooks.onCell(i, cell);
  }
  result.checks = fakeChecks(result);
  result.seconds = 3;
  if (!request.dryRun && !request.report.empty()) {
    for (const char* name : {"/report.md", "/report.tex", "/report.html"})
      result.reports.push_back(request.report + name);
  }
  result.json = "{}";
  return result;
}

}  // namespace whorl::test
