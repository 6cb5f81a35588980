// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/parameters.h"
#include "core/experiment/duplicates.h"

namespace whorl {

// A comparison is the second kind of recipe (docs/recipes.md): rows are trained models, columns natural perturbations,
// and a figure is an accuracy, as a mean over seeds of the training. No torch.

/// A row.
struct ComparedModel {
  std::string name;
  int line = 0;
  std::string preset;  ///< of training; the next three replace its values
  std::string architecture;
  std::string objective;
  Parameters parameters;
  std::string from;  ///< the row whose weights of the same seed it starts from; "" for random ones
  std::vector<std::uint64_t> seeds;
};

struct Comparison {
  std::filesystem::path path;
  std::string title;
  std::string summary;
  std::vector<std::string> notes;    ///< paragraphs for the report
  std::vector<std::string> presets;  ///< all that there are, the default first
  std::string preset;                ///< the one that was applied
  std::string data;
  std::int64_t count = 0;       ///< test images, the first in a seeded order; 0: all
  std::int64_t limitTrain = 0;  ///< training images; 0: all
  std::vector<std::string> perturbations;
  std::vector<int> severities;
  std::string baseline;               ///< the row that the others are told from
  std::vector<ComparedModel> models;  ///< sweeps spelled out; those that others start from come first
  std::optional<DuplicatePlan> duplicates;
};

/// Reads a comparison with one of its presets applied; "" for the first. Strict, as readRecipe() is: Error(BadInput)
/// with file and line.
Comparison readComparison(const std::filesystem::path& path, const std::string& preset);
Comparison parseComparison(const std::string& text, const std::filesystem::path& path, const std::string& preset);

/// Accuracy of one trained model on one perturbation at one severity.
struct ComparedCell {
  std::string perturbation;
  int severity = 0;
  std::string parameters;  ///< that the severity stands for, "quality=18"
  double accuracy = 0;
};

/// One training of a row.
struct ComparedRun {
  std::uint64_t seed = 0;
  double clean = 0;
  std::vector<ComparedCell> cells;
  std::vector<std::pair<std::string, double>> losses;  ///< terms of the last epoch
  double trainSeconds = 0;
  double testSeconds = 0;
  bool kept = false;  ///< all of it was there already
};

struct ComparedRow {
  ComparedModel model;
  std::vector<ComparedRun> runs;
};

/// A mean over seeds with the 95 % interval of Student's t; without interval for fewer than two.
struct SeedMean {
  double mean = 0;
  std::optional<double> halfWidth;
};
SeedMean seedMean(const std::vector<double>& values);

/// The means that tables show: "clean", a perturbation's name (over severities), or "mean" (over perturbations).
double figureOf(const ComparedRun& run, const std::string& column);
/// The difference of a row to the baseline in a column, seed by seed (those that both have).
std::vector<double> pairedDifferences(const ComparedRow& row, const ComparedRow& baseline, const std::string& column);

/// The whole report: tables of means, differences with intervals, every cell, losses, provenance lines.
std::string comparisonMarkdown(const Comparison& comparison, const std::vector<ComparedRow>& rows,
                               const std::vector<std::pair<std::string, std::string>>& provenance);

}  // namespace whorl
