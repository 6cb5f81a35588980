// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/base/parameters.h"
#include "core/train/schedule.h"

namespace whorl {

/// Changes parameters by their gradients, in place, with torch's fused kernels where there are (one pass over memory,
/// CPU and GPU). Not thread-safe.
class Optimizer {
 public:
  using NamedTensors = std::vector<std::pair<std::string, torch::Tensor>>;

  virtual ~Optimizer() = default;
  /// One step; `gradients` are in the order of the parameters.
  virtual void step(const std::vector<torch::Tensor>& gradients, const StepRates& rates) = 0;
  /// What it remembers from step to step, by name ("exp_avg.conv1.weight"); shares storage.
  virtual std::map<std::string, torch::Tensor> state() const = 0;
  /// Takes over a state that state() gave; Error(BadInput) for missing or other names and shapes.
  void load(const std::map<std::string, torch::Tensor>& state, const std::string& where);
};

/// "adam" (Kingma & Ba 2015; `momentum` is beta1), "sgd" (momentum, `nesterov`) or "adadelta" (Zeiler 2012; `beta2` is
/// rho), with PyTorch's formulas; weight decay is added to the gradient. `parameters` of the plan are resolved.
std::unique_ptr<Optimizer> makeOptimizer(const Parameters& parameters, const Optimizer::NamedTensors& weights);

}  // namespace whorl
