// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/service/engine.h"

// Comparisons: the recipes whose rows are trained models and whose columns are natural perturbations. They are made of
// what the engine offers anyway, train() and corruptions(), so that they need no engine of their own.

namespace whorl {

struct ComparisonInfo {
  std::string id;
  std::string title;
  std::string summary;
  std::string path;
  std::vector<std::string> presets;
  std::string problem;  ///< "" if it can be run
};

struct ComparisonRequest {
  std::string recipe;  ///< an id of comparisons(), or a file
  std::string preset;  ///< "" for the first
  std::string store;   ///< folder for finished trainings and cells; "" for "runs" in the user's folder
  std::string report;  ///< folder for report.md; "" for none
  std::string device = "auto";
  int threads = 0;
  bool dryRun = false;  ///< only say what is there
};

struct ComparisonResult {
  std::vector<std::string> lines;  ///< for people: the means of each row, or what a dry run found missing
  std::string reportPath;
  std::string json;
};

/// The shipped comparisons (resources/comparisons) and the user's (comparisons in the user's folder); none in the
/// minimal build.
std::vector<ComparisonInfo> comparisons(const Engine& engine);
/// The file of one; none if `idOrPath` names neither one of them nor a file that says kind = "comparison".
std::optional<std::string> comparisonPath(const Engine& engine, const std::string& idOrPath);

/// Trains and tests what isn't in the store yet, row by row. Each training and each model's figures are kept as soon as
/// they are finished, under the checksum of all that they depend on; a training that was cut off goes on from its
/// checkpoint. Call it inside a job. Error(Cancelled), Error(BadInput) for the file, and whatever the engine throws.
/// `onLine` is told of each training and test.
ComparisonResult runComparison(Engine& engine, const ComparisonRequest& request, const JobContext& context,
                               const std::function<void(const std::string&)>& onLine = {});

}  // namespace whorl
