// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/attack/attack.h"
#include "core/attack/projection.h"

namespace whorl {

/// Which iterate an attack hands back, and when an image is done (docs/attacks.md).
enum class StopPolicy {
  FirstSuccess,  ///< the first that fools the network; the image leaves the batch
  Last,          ///< the last; all steps run
  Best,          ///< the one that fools with the highest objective, else the highest objective
};
/// "first_success", "last", "best"; Error(Usage) for others.
StopPolicy parseStop(const std::string& name);

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
/// sign(g) for linf, g / ‖g‖₂ for l2 (0 where the gradient is 0): the steepest ascent of that norm.
std::unique_ptr<StepRule> steepestAscent(Norm norm);

/// What FGSM, BIM and PGD differ in.
struct IterativePlan {
  Norm norm = Norm::Linf;
  double epsilon = 0;
  double stepSize = 0;
  std::int64_t steps = 1;
  std::int64_t restarts = 1;
  bool randomStart = false;
  StopPolicy stop = StopPolicy::Last;
  std::string loss = "cross_entropy";
  bool targeted = false;
};

/// Ascends the loss by projected steps. `name` is the attack's, for messages. All checks of the request are made here.
AttackOutcome runIterative(const std::string& name, const Classifier& classifier, const AttackRequest& request,
                           const IterativePlan& plan, StepRule& rule, const JobContext& context);

/// Declarations that attacks share, so that a parameter has one meaning everywhere.
namespace parameter {
ParameterSpec epsilon(double defaultValue, double maximum);
ParameterSpec stepSize(double defaultValue, std::string whenZero);
ParameterSpec steps(std::int64_t defaultValue);
ParameterSpec loss();
ParameterSpec targeted();
ParameterSpec stop(const std::string& defaultValue);
}  // namespace parameter

}  // namespace whorl
