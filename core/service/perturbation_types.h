// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// What natural perturbations do to models, as a front end sees it: plain types only.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/service/types.h"

namespace whorl {

struct PerturbationInfo {
  OperationSpec spec;
  std::string family;        ///< "compression", "geometry", …: how lists group them
  bool hasSeverity = false;  ///< takes `severity`, 1 to 5
};

/// Perturbations that are measured together, each at severities 1 to 5.
struct CorruptionSuiteInfo {
  std::string name;
  std::string title;
  std::string reference;
  std::vector<std::string> perturbations;
};

/// A model's accuracy on perturbed test images, for each perturbation and severity.
struct CorruptionRequest {
  std::string model;
  std::string baseline;  ///< another model, whose errors those of `model` are divided by; "" for none
  std::string dataset;
  std::string suite = "corruptions";       ///< a name of corruptionSuites()
  std::vector<std::string> perturbations;  ///< names, or with values, "jpeg:quality=10"; empty: the suite's
  std::vector<int> severities;             ///< of 1 to 5; empty for all
  std::int64_t count = 0;                  ///< test images, the first in a seeded order; 0 for all
  std::uint64_t seed = 0;
  std::string device = "auto";
  int threads = 0;             ///< 0: all cores
  std::int64_t batchSize = 0;  ///< 0: chosen
};

struct CorruptionCell {
  std::string perturbation;
  int severity = 0;  ///< 0: the request gave values
  double accuracy = 0;
  std::optional<double> baselineAccuracy;
};

/// One perturbation over its severities. Errors are 1 - accuracy, sums run over severities.
struct CorruptionSummary {
  std::string perturbation;
  double accuracy = 0;                  ///< mean
  std::optional<double> error;          ///< CE: Σ errors / Σ errors of the baseline; none where that is 0
  std::optional<double> relativeError;  ///< Σ (error - clean error) / Σ the same of the baseline
};

struct CorruptionResult {
  double cleanAccuracy = 0;
  std::optional<double> baselineCleanAccuracy;
  std::vector<CorruptionCell> cells;  ///< perturbation by perturbation, severities in order
  std::vector<CorruptionSummary> summaries;
  double meanAccuracy = 0;
  std::optional<double> meanCorruptionError;  ///< mCE: mean of the errors above, 1 is as good as the baseline
  std::optional<double> relativeMeanCorruptionError;
  double perturbSeconds = 0;  ///< spent on perturbing alone
  double seconds = 0;
  std::string json;
};

/// Does D(f(x), f(x')) < ε hold for all x' of a family of perturbations with d(x, x') <= δ? Asked of test images, by a
/// search for the x' that moves f most. That none is found proves nothing; that one is found does.
struct RobustnessRequest {
  std::string model;
  std::string dataset;
  std::vector<std::string> perturbations;  ///< names, or names of families
  Parameters parameters;                   ///< of Engine::robustnessParameters(): d, δ, D, ε, how long is searched
  std::int64_t count = 100;                ///< test images, the first in a seeded order
  std::uint64_t seed = 0;
  std::string device = "auto";
  int threads = 0;     ///< 0: all cores
  std::string output;  ///< image file for the worst x' of all; "" for none
};

/// One test image, and the x' that moved the model's answer most.
struct RobustnessSample {
  std::int64_t index = 0;
  int label = 0;
  int predicted = 0;
  std::int64_t tried = 0;  ///< x' within δ; 0: the family has none there, and nothing is known
  bool holds = true;       ///< D < ε for all of them
  double divergence = 0;   ///< D at the worst x'
  double distance = 0;     ///< d there
  int predictedThere = 0;
  std::string perturbation;  ///< that makes it
  Parameters parameters;
  std::uint64_t seed = 0;  ///< for Engine::perturb
};

struct RobustnessResult {
  std::vector<RobustnessSample> samples;
  std::int64_t examined = 0;         ///< samples with some x' within δ
  std::int64_t held = 0;             ///< of them
  std::optional<std::size_t> worst;  ///< place in `samples` of the largest D
  Image original;                    ///< of the worst
  Image perturbed;
  double seconds = 0;
  std::string json;
};

}  // namespace whorl
