// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/parameters.h"
#include "core/theory/fingerprints.h"
#include "core/theory/network.h"

namespace whorl {

/// fgsm, pgd and adaptive-pgd, as they go in the plane, which has no pixel box.
const std::vector<OperationSpec>& planarAttacks();

/// One iterate.
struct PlanarStep {
  PlanarPoint at;
  double loss = 0;   ///< cross-entropy of the start's class
  double score = 0;  ///< fingerprint loss s
  int predicted = 0;
};

struct PlanarTrajectory {
  std::vector<PlanarStep> steps;  ///< the start first; with a random start, then that
  std::size_t best = 0;           ///< the step that the attack returns
  bool fooled = false;            ///< the model no longer says `label` there
  bool accepted = false;          ///< and s < τ there
};

/// Walks away from class `label` inside the ε-ball around `start`: FGSM one step of the gradient of the cross-entropy
/// (its sign for norm linf, its direction for l2), PGD several with projection, adaptive PGD on cross-entropy minus
/// detector_weight · s. It returns the last iterate that fools the model (adaptive: and is accepted, if there is one),
/// or else the last. Randomness: from (seed) alone. Error(Usage) for an unknown attack, parameters that don't fit, a
/// class that isn't there, and for adaptive-pgd without fingerprints; Error(BadInput) for a start that is no number.
PlanarTrajectory planarAttack(const PlanarNetwork& network, const PlanarFingerprints& fingerprints, double threshold,
                              const std::string& attack, const Parameters& parameters, const PlanarPoint& start,
                              int label, std::uint64_t seed);

}  // namespace whorl
