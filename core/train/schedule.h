// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/parameters.h"

namespace whorl {

/// What an optimiser is told for one step.
struct StepRates {
  double learningRate = 0;
  double momentum = 0;  ///< SGD's momentum or Adam's beta1
};

/// Learning rate and momentum as a pure function of the step, so that a resumed run needs no state of it.
/// constant; cosine: half a period from `learning_rate` to 0; one_cycle: as PyTorch's OneCycleLR with its defaults
/// (Smith & Topin 2018; 30 % up from peak/25, then down to peak/250,000, both by cosine; with `cycle_momentum` the
/// momentum goes from .95 to .85 and back); steps: times `decay_factor` at each epoch of `milestones`.
class Schedule {
 public:
  /// `parameters` are resolved. Error(Usage) for milestones that are no rising list of epochs.
  Schedule(const Parameters& parameters, std::int64_t steps, std::int64_t stepsPerEpoch);

  /// `step` in [0, steps).
  StepRates at(std::int64_t step) const;

 private:
  enum class Kind { Constant, Cosine, OneCycle, Steps };
  Kind m_kind = Kind::Constant;
  double m_learningRate;
  double m_momentum;
  bool m_cycleMomentum;
  double m_decayFactor;
  std::int64_t m_steps;
  std::int64_t m_stepsPerEpoch;
  std::vector<double> m_milestones;  ///< in epochs
};

}  // namespace whorl
