// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/attack/objective.h"
#include "core/base/job.h"
#include "core/base/parameters.h"
#include "core/nn/classifier.h"

namespace whorl {

/// One step of an attack on one image, for live pictures and scrubbing.
struct AttackTraceStep {
  std::int64_t step = 0;
  double loss = 0;
  double margin = 0;  ///< max_{j≠y} h_j − h_y: positive when misclassified
  double l2 = 0;
  double linf = 0;
  torch::Tensor image;  ///< [C,H,W], host
};

/// What an attack works on. All tensors are on the classifier's device.
struct AttackRequest {
  torch::Tensor images;   ///< [B,C,H,W] in [0,1]
  torch::Tensor labels;   ///< [B] int64, true classes
  torch::Tensor targets;  ///< [B] int64 for targeted attacks, else undefined
  std::vector<std::int64_t> indices;  ///< of the images in their data set: randomness is drawn from (seed, index, restart)
  std::uint64_t seed = 0;
  ThreatModel threatModel = ThreatModel::GreyBox;
  std::shared_ptr<const DifferentiableScore> detectorScore;  ///< adaptive attacks only
  double detectorWeight = 1;
  bool trace = false;  ///< record every step of the first image
  std::function<void(const AttackTraceStep&)> onStep;  ///< called for the first image after each step; may be empty
};

struct AttackOutcome {
  torch::Tensor adversarial;  ///< [B,C,H,W]; the clean image where the attack failed and its policy says so
  torch::Tensor success;      ///< [B] bool: misclassified (untargeted) or classified as the target
  torch::Tensor predictions;  ///< [B] int64, of `adversarial`
  std::int64_t forwards = 0;   ///< images through the network
  std::int64_t backwards = 0;  ///< images back through it
  std::vector<AttackTraceStep> trace;
};

/// An attack. Stateless; any thread. A new one is a header, a source, a line in registry.cpp and a test.
class Attack {
 public:
  virtual ~Attack() = default;
  virtual const OperationSpec& spec() const = 0;
  virtual ThreatModel threatModel() const { return ThreatModel::GreyBox; }
  /// Norms that bound it: "linf", "l2", …
  virtual std::vector<std::string> norms() const = 0;

  /// `parameters` are resolved. Pixels stay in [0,1], the distance within `epsilon`. Error(Usage) for parameters that
  /// contradict each other or a threat model that is not honoured; Error(BadInput) for a model without gradients.
  virtual AttackOutcome run(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                            const JobContext& context) const = 0;
};

/// The table: all attacks, in the order in which they are shown.
const std::vector<const Attack*>& attacks();
/// Error(Usage) that lists the known names.
const Attack& findAttack(const std::string& name);

}  // namespace whorl
