// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/parameters.h"

namespace whorl {

// A recipe as it is written (docs/recipes.md): names and given values, not yet checked against what attacks, detectors
// and architectures declare. `line` is where an entry begins, for messages about it.

/// Whose weights: those of a file, or trained as said.
struct RecipeModel {
  std::string name;
  int line = 0;
  std::string file;    ///< a shipped model, the name of a user's, or a path; "" if it is trained
  std::string preset;  ///< of training; the next four replace its values
  std::string data;    ///< "" for the recipe's
  std::string architecture;
  std::string objective;
  Parameters parameters;
  std::uint64_t seed = 0;
  std::int64_t limitTrain = 0;
};

/// Many models from one: the product of all lists of values.
struct RecipeSweep {
  std::string model;
  int line = 0;
  std::vector<std::pair<std::string, std::vector<ParameterValue>>> parameters;
};

/// A column, or several where `epsilon` lists budgets.
struct RecipeAttack {
  std::string name;
  int line = 0;
  std::string attack;
  std::string preset;
  Parameters parameters;
  std::string threatModel;            ///< "" for the preset's, or grey-box
  std::int64_t count = 0;             ///< of images; 0 for the sample's
  std::vector<double> epsilon;        ///< budgets; empty for the one of the parameters
  std::string on;                     ///< the model whose images are shown to the others; "" for the watched one itself
  std::string precision = "float32";  ///< or "bfloat16"
  double noiseSigma = 0;  ///< of the noise that its images are told from; 0: as large as the attack's change
};

/// A row, or several where its model is swept.
struct RecipeDetector {
  std::string name;
  int line = 0;
  std::string detector;  ///< "none" measures the attack alone
  Parameters parameters;
  std::string model;                    ///< that it watches
  std::vector<std::string> companions;  ///< further models, for ensembles
  std::string fit;                   ///< name of the attack that it is fitted on; "each": on the tested one; "": none
  bool noisyNegatives = false;       ///< images with noise as large as the attack's count as clean ones, too
  std::vector<std::string> attacks;  ///< columns that it is tested on; empty for all
};

/// A figure to compare with.
struct RecipePublished {
  int line = 0;
  std::string detector;
  std::string attack;
  double auc = 0;  ///< in [0,1]
  std::string source;
};

/// A claim about a cell, in the recipe's order.
struct RecipeCheck {
  int line = 0;
  std::string claim;  ///< in words
  std::string figure;
  std::string cell;     ///< DETECTOR/ATTACK, with what a sweep or a budget adds to the names
  bool atLeast = true;  ///< or at most
  std::string other;    ///< a cell, or "" for
  double value = 0;     ///< a share in [0,1]
};

struct RecipeSample {
  std::int64_t count = 1000;  ///< correctly classified test images that are attacked
  std::int64_t fit = 500;     ///< correctly classified others that detectors are fitted on, with their attacked twins
  std::string fitSplit = "test";  ///< where those are from: "test" (none of the tested ones) or "train"
  std::int64_t train = 10000;     ///< training images for detectors that need them
  std::int64_t slice = 50;        ///< images that are attacked between two visits to the store
  std::uint64_t seed = 0;         ///< of the choice of images and of the attacks
};

struct Recipe {
  std::filesystem::path path;
  std::string sha256;  ///< of the file
  std::string title;
  std::string summary;
  std::vector<std::string> notes;    ///< paragraphs for the report
  std::vector<std::string> presets;  ///< all that there are, the default first
  std::string preset;                ///< the one that was applied
  std::string data;
  RecipeSample sample;
  std::vector<RecipeModel> models;
  std::vector<RecipeSweep> sweeps;
  std::vector<RecipeAttack> attacks;
  std::vector<RecipeDetector> detectors;
  std::vector<RecipePublished> published;
  std::vector<RecipeCheck> checks;

  /// "mnist-greybox.toml:12"
  std::string at(int line) const { return path.filename().string() + ":" + std::to_string(line); }
};

/// Reads a recipe with one of its presets applied; "" for the first. Strict: keys that don't exist, wrong types, values
/// out of range, names given twice, and references to what isn't there are Error(BadInput) with file and line. A preset
/// that the recipe doesn't have is Error(Usage).
Recipe readRecipe(const std::filesystem::path& path, const std::string& preset);

/// The same from a text, which `path` names.
Recipe parseRecipe(const std::string& text, const std::filesystem::path& path, const std::string& preset);

}  // namespace whorl
