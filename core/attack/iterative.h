// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/attack/attack.h"
#include "core/attack/projection.h"
#include "core/attack/step_rule.h"

namespace whorl {

/// Which iterate an attack hands back, and when an image is done (docs/attacks.md).
enum class StopPolicy {
  FirstSuccess,  ///< the first that fools the network; the image leaves the batch
  Last,          ///< the last; all steps run
  Best,          ///< the one that fools with the highest objective (adaptive: the lowest score), else the highest one
};
/// "first_success", "last", "best"; Error(Usage) for others.
StopPolicy parseStop(const std::string& name);

/// Where a step's direction comes from. Immutable; any thread.
class GradientSource {
 public:
  virtual ~GradientSource() = default;
  /// x [A,C,H,W] → what lossGradient() gives. `seeds` [A]: for this step's randomness, one an image.
  virtual LossGradient at(const AttackObjective& objective, const Classifier& classifier, const torch::Tensor& x,
                          const AttackAims& aims, const std::vector<std::uint64_t>& seeds) const = 0;
  /// false: the network is only asked for logits.
  virtual bool usesBackward() const = 0;
  /// true: `seeds` are needed.
  virtual bool random() const = 0;
};
/// lossGradient().
const GradientSource& autogradSource();

/// What FGSM, BIM, MI-FGSM, PGD and SPSA differ in.
struct IterativePlan {
  Norm norm = Norm::Linf;
  double epsilon = 0;
  double stepSize = 0;
  StepSchedule schedule = StepSchedule::Constant;
  std::int64_t steps = 1;
  std::int64_t restarts = 1;
  bool randomStart = false;
  StartLaw startLaw = StartLaw::Ball;
  StopPolicy stop = StopPolicy::Last;
  std::string loss = "cross_entropy";
  /// Steps between two looks at which images are done and leave; 0: each step on a processor, every 8th where looking
  /// makes the host wait for the device. Changes no result, but forwards and backwards.
  std::int64_t leaveEvery = 0;
  const GradientSource* source = &autogradSource();
};

/// Ascends the loss by projected steps. The request has been checked.
AttackOutcome runIterative(const Classifier& classifier, const AttackRequest& request, const IterativePlan& plan,
                           StepRule& rule, const JobContext& context);

}  // namespace whorl
