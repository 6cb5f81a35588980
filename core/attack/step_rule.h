// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include <torch/types.h>

#include "core/attack/projection.h"

namespace whorl {

/// How a gradient becomes a step. One object a run; it may keep state (momentum) for the images that are still
/// attacked.
class StepRule {
 public:
  virtual ~StepRule() = default;
  /// gradient [A,C,H,W], finite → direction to be multiplied by the step size.
  virtual torch::Tensor direction(const torch::Tensor& gradient) = 0;
  /// Only `rows` [A'] of the images go on.
  virtual void keep(const torch::Tensor& rows) { (void)rows; }
  /// A new restart begins.
  virtual void restart() {}
};

/// The steepest ascent of a norm: sign(g) for linf, g / ‖g‖₂ for l2 (0 where the gradient is 0); for l1 the sign of the
/// hundredth of all pixels with the largest gradients, over their number (Tramèr and Boneh 2019, "Adversarial Training
/// and Robustness for Multiple Perturbations", section 4: one pixel at a time would need a step a pixel).
std::unique_ptr<StepRule> steepestAscent(Norm norm);

/// m ← decay · m + g / ‖g‖₁, then `inner` of m (Dong et al. 2018, algorithm 1).
std::unique_ptr<StepRule> withMomentum(double decay, std::unique_ptr<StepRule> inner);

/// Adam's direction m̂ / (√v̂ + 1e-8), with its decays .9 and .999 (Kingma and Ba 2015, algorithm 1).
std::unique_ptr<StepRule> adam();

/// The length of step `step` of `steps` over that of the first one.
enum class StepSchedule { Constant, Cosine, Halving };
/// "constant", "cosine" (half a wave down to 1 % of it), "halving" (at half and three quarters of the steps, and so
/// on); Error(Usage) for others.
StepSchedule parseStepSchedule(const std::string& name);
double stepFactor(StepSchedule schedule, std::int64_t step, std::int64_t steps);

}  // namespace whorl
