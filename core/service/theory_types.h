// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// Toy problems in the plane as a front end sees them: plain types only.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/theory/experiment.h"
#include "core/theory/trajectory.h"

namespace whorl {

struct TheoryFigureInfo {
  std::string name;
  std::string title;
  std::string summary;
};

struct TheoryLists {
  std::vector<OperationSpec> toys;
  std::vector<OperationSpec> models;
  std::vector<std::string> lineModels;  ///< of models: those that learn no fingerprints; four are chosen for them
  std::vector<OperationSpec> attacks;
  std::vector<ParameterSpec> fingerprints;
  std::vector<TheoryFigureInfo> figures;
};

/// An attack on a model of the plane, as TheoryResult has it.
struct TheoryAttackRequest {
  PlanarNetwork network;
  PlanarFingerprints fingerprints;
  double threshold = 0;
  std::string attack = "pgd";
  Parameters parameters;
  PlanarPoint start;
  std::optional<int> label;  ///< class that it walks away from; without it what the model says of the start
  std::uint64_t seed = 0;
};

struct TheoryFigureRequest {
  std::string figure;
  std::string output;                 ///< image file; "" for none
  std::optional<std::uint64_t> seed;  ///< without it the figure's own
};

struct TheoryFigureResult {
  TheoryResult result;
  std::string json;
};

}  // namespace whorl
