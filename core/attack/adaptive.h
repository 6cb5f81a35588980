// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/attack/attack.h"

namespace whorl {

/// What an adaptive attack declares beside the attack's own parameters: detector_weight (γ) with its bisection and
/// decay, what of the detector is lowered (detector_measure, detector_class, detector_hinge), how its gradient and the
/// loss's become one (detector_gradient), and target_candidates.
const std::vector<ParameterSpec>& adaptiveParameters();

/// Runs an attack against a detector: `request.detector.score` is given, the rest of `request.detector` is set from
/// `adaptive` (resolved; of adaptiveParameters()). Per image, the weight γ is bisected: where the network was fooled,
/// it rises, elsewhere it falls (method of the published NeuralFP evaluation); with target_candidates, the attack aims
/// at each of the likeliest wrong classes in turn. Of all runs, each image keeps the one that fools with the lowest
/// score of the detector. Queries of all runs are counted.
AttackOutcome runAdaptive(const Attack& attack, const Classifier& classifier, const AttackRequest& request,
                          const Parameters& parameters, const Parameters& adaptive, const JobContext& context);

}  // namespace whorl
