// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/job.h"
#include "core/base/parameters.h"
#include "core/landscape/bend.h"
#include "core/landscape/weights.h"

namespace whorl {

/// What a landscape of networks is made from.
struct WeightSource {
  const Network* network = nullptr;
  std::vector<Network> others;  ///< of the same architecture
  std::uint64_t seed = 0;
  BendTraining training;  ///< of a bend: its data; steps, batch and learning rate are the direction's parameters
};

/// A landscape of networks, and what was trained for it.
struct MadeWeightPlane {
  WeightPlane plane;
  std::optional<TrainedBend> bend;
};

/// A line of the table: one way to spread networks over a line or a plane.
struct WeightDirectionEntry {
  OperationSpec spec;
  int leastOthers = 0;  ///< WeightSource::others
  int mostOthers = 0;
  double usualRange = 1;
  bool measures = false;  ///< BatchNorm's statistics should be measured anew, as they belong to other weights
  MadeWeightPlane (*make)(const WeightSource& source, const Parameters& parameters,
                          const JobContext& context) = nullptr;
};

/// The table: all ways.
const std::vector<WeightDirectionEntry>& weightDirections();
/// Error(Usage) that lists the known names.
const WeightDirectionEntry& findWeightDirection(const std::string& name);

/// By name. Error(Usage) for unknown parameters and another number of networks than the way takes; else as what it is
/// made by (WeightPlane, trainBend).
MadeWeightPlane makeWeightPlane(const std::string& name, const Parameters& parameters, const WeightSource& source,
                                const JobContext& context);

}  // namespace whorl
