// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/parameters.h"
#include "core/experiment/duplicates.h"
#include "core/experiment/report_document.h"

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

/// Columns beside the severities: one perturbation at values of one of its parameters that somebody chose, such as the
/// JPEG qualities of a published table.
struct ComparedCurve {
  std::string perturbation;
  std::string parameter;
  std::vector<ParameterValue> values;
  Parameters others;  ///< fixed on the curve
  int line = 0;       ///< of the file

  /// "jpeg: quality", "crop: offset (place=random)"; no two curves of a comparison have the same.
  std::string title() const;
  /// What CorruptionRequest::perturbations calls one of its points, "jpeg:quality=10".
  std::string point(std::size_t value) const;
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
  std::vector<ComparedCurve> curves;
  std::string baseline;               ///< the row that the others are told from
  std::vector<ComparedModel> models;  ///< sweeps spelled out; those that others start from come first
  std::optional<DuplicatePlan> duplicates;

  /// "stability-mnist.toml:12"
  std::string at(int line) const { return path.filename().string() + ":" + std::to_string(line); }
  /// What its reports begin with: the summary, the preset and the notes, as far as there are any.
  std::vector<std::string> paragraphs() const;
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
  std::vector<std::vector<double>> curves;             ///< accuracies, curve by curve and value by value
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

using Provenance = std::vector<std::pair<std::string, std::string>>;

/// Accuracies of each row by column, means over seeds; rows without runs are marked as unknown.
report::ReportTable meansTable(const Comparison& comparison, const std::vector<ComparedRow>& rows);

/// Tables of means, differences with intervals, curves (drawn, too), every cell and losses, and provenance.
report::ReportDocument comparisonReport(const Comparison& comparison, const std::vector<ComparedRow>& rows,
                                        const Provenance& provenance);

}  // namespace whorl
