// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// What comes out of a recipe, for whoever shows or reports it: plain types only. Front ends get them with
// core/service/recipe_types.h.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace whorl {

/// A figure with its 95 % interval.
struct Figure {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// One corner of a ROC curve.
struct RocCorner {
  double threshold = 0;
  double falsePositiveRate = 0;
  double truePositiveRate = 0;
};

/// What came out of one detector against one attack. A figure that doesn't exist (an AUC without a success, the scores
/// of a row without a detector) is NaN, or its list is empty.
struct CellFigures {
  std::int64_t attacked = 0;               ///< correctly classified test images
  std::int64_t successes = 0;              ///< of them misclassified after the attack
  Figure successRate;                      ///< Wilson
  Figure aucAll;                           ///< positives: every attacked image, failures too; bootstrap
  Figure aucSuccessful;                    ///< positives: successes alone; bootstrap
  double averagePrecision = 0;             ///< over successes
  double detectionAccuracy = 0;            ///< best over thresholds, classes weighted alike; over successes
  std::vector<Figure> truePositiveRate;    ///< over successes, at false-positive rates of 1, 5, 10 %; Wilson
  std::vector<Figure> evasionRate;         ///< misclassified and accepted at these rates, of all attacked; Wilson
  std::optional<Figure> combinedAccuracy;  ///< accepted at 5 % and right, of the attacked images after the attack
  double meanL2 = 0;                       ///< of successes
  double meanLinf = 0;
  std::vector<RocCorner> roc;             ///< thinned to at most 400 corners
  std::vector<double> cleanScores;        ///< thinned to at most 2000
  std::vector<double> adversarialScores;  ///< of successes, likewise
};

enum class CellState { Waiting, Running, Done, Failed };

/// One cell of a recipe's grid: a detector of a model against an attack.
struct RecipeCell {
  std::string detector;        ///< row's name in the recipe
  std::string attack;          ///< column's name
  std::string model;           ///< that is attacked
  std::string modelFile = {};  ///< its file; "" if it isn't there yet
  std::string threatModel;
  CellState state = CellState::Waiting;
  bool kept = false;   ///< taken from the store
  double seconds = 0;  ///< it took; of a plan: it is expected to take, 0 if unknown
  std::string problem;
  std::optional<CellFigures> figures;
  std::optional<double> published;  ///< AUC in [0,1] that the recipe compares with
  std::string publishedSource;
  std::string attackedImages;  ///< .safetensors with original, adversarial, label, success, index; "" if not yet
  // For heat maps and curves: where the cell lies in its sweep.
  std::string detectorFamily;             ///< the row's name without what a sweep added to it
  std::map<std::string, double> variant;  ///< of a swept model: its values by parameter; else empty
  std::string attackFamily;               ///< the column's name without its budget
  std::optional<double> budget;           ///< ε of a column that is one of a list of budgets
};

/// A claim of the recipe and what became of it.
struct CheckedClaim {
  std::string claim;
  std::string figure;   ///< success, accuracy, combined, evasion (at 5 % false positives) or auc
  std::string cell;     ///< DETECTOR/ATTACK whose figure it is about
  bool atLeast = true;  ///< or at most
  std::string other;    ///< the cell that it is compared with; "" for a constant
  std::optional<Figure> value;
  std::optional<Figure> bound;  ///< of the other cell; a constant's three numbers are the same
  std::optional<bool> holds;    ///< none while a figure is missing
};

struct RecipeResult {
  std::string title;
  std::string preset;
  std::vector<std::string> detectors;  ///< rows, in the recipe's order
  std::vector<std::string> attacks;    ///< columns
  std::vector<RecipeCell> cells;
  std::vector<CheckedClaim> checks = {};
  double seconds = 0;
  std::vector<std::string> reports;  ///< files written
  std::string json;                  ///< the whole documented object (docs/json.md)
};

}  // namespace whorl
