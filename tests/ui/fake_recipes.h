// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

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
  return {sound, broken};
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

/// Two rows, two columns; one cell fails, the first has a published figure. With dryRun nothing is computed.
inline RecipeResult runFakeRecipe(const RecipeRequest& request, const JobContext& context, const RecipeHooks& hooks) {
  if (request.recipe != "blobs-greybox") throw Error(ErrorKind::BadInput, "there is no such recipe", request.recipe);
  RecipeResult result;
  result.title = "Blobs, grey box";
  result.preset = request.preset.empty() ? "quick" : request.preset;
  result.detectors = {"NeuralFP", "KD"};
  result.attacks = {"FGSM", "BIM-b"};
  for (const auto& detector : result.detectors) {
    for (const auto& attack : result.attacks) {
      RecipeCell cell;
      cell.detector = cell.detectorFamily = detector;
      cell.attack = cell.attackFamily = attack;
      cell.model = "glyphs-fingerprint";
      cell.threatModel = "grey-box";
      if (result.cells.empty()) cell.published = 0.95;
      if (result.cells.empty()) cell.publishedSource = "the fake paper";
      result.cells.push_back(cell);
    }
  }
  if (hooks.onPlan) hooks.onPlan(result);
  for (std::size_t i = 0; i < result.cells.size() && !request.dryRun; ++i) {
    RecipeCell& cell = result.cells[i];
    context.step();
    cell.state = CellState::Running;
    if (hooks.onCell) hooks.onCell(i, cell);
    cell.seconds = 1;
    cell.state = i == 3 ? CellState::Failed : CellState::Done;
    if (i == 3) cell.problem = "the network's output isn't finite";
    if (i != 3) cell.figures = fakeFigures(i);
    if (hooks.onCell) hooks.onCell(i, cell);
  }
  result.seconds = 3;
  result.json = "{}";
  return result;
}

}  // namespace whorl::test
