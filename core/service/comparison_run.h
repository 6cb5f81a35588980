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
  std::string report;  ///< folder for report.md, report.tex and report.html; "" for none
  std::string device = "auto";
  int threads = 0;
  bool dryRun = false;  ///< only say what is there
};

/// Accuracies in per cent, means over seeds with intervals: a row a model, texts as reports print them.
struct ComparisonTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> done;    ///< by row: seeds that are trained and tested
  std::vector<std::size_t> wanted;  ///< by row: all of its seeds
};

struct ComparisonResult {
  std::vector<std::string> lines;  ///< for people: the means of each row, or what a dry run found missing
  std::vector<std::string> reports;
  ComparisonTable table;
  std::string json;
};

/// Called on the thread that runs the comparison; must be short.
struct ComparisonHooks {
  std::function<void(const std::string&)> onLine;       ///< of each training and test that begins
  std::function<void(const ComparisonTable&)> onTable;  ///< after each test: what there is by now
};

/// The shipped comparisons (resources/comparisons) and the user's (comparisons in the user's folder); none in the
/// minimal build.
std::vector<ComparisonInfo> comparisons(const Engine& engine);
/// The file of one; none if `idOrPath` names neither one of them nor a file that says kind = "comparison".
std::optional<std::string> comparisonPath(const Engine& engine, const std::string& idOrPath);

/// Trains and tests what isn't in the store yet, row by row. Each training and each model's figures are kept as soon as
/// they are finished, under the checksum of all that they depend on; a training that was cut off goes on from its
/// checkpoint. Call it inside a job. Error(Cancelled), Error(BadInput) for the file or a name that isn't known, and
/// whatever the engine throws. A dry run where the data set must be fetched first finds all of it missing.
ComparisonResult runComparison(Engine& engine, const ComparisonRequest& request, const JobContext& context,
                               const ComparisonHooks& hooks = {});

}  // namespace whorl
