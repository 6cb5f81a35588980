// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/parameters.h"
#include "core/nn/classifier.h"

namespace whorl {

/// What the attacker may see (docs/attacks.md). Asking for more is an error, so that a result can't be labelled with a
/// threat model that it did not honour.
enum class ThreatModel {
  BlackBox,          ///< logits only
  GreyBox,           ///< the classifier's gradients, nothing of the detector
  AdaptiveWhiteBox,  ///< gradients of classifier and detector
};
std::string threatModelName(ThreatModel model);
ThreatModel parseThreatModel(const std::string& name);

/// What an attack ascends, per image: losses of a batch never mix images.
class AttackObjective {
 public:
  virtual ~AttackObjective() = default;

  struct Value {
    torch::Tensor loss;    ///< [B], to be ascended; differentiable with respect to the images
    torch::Tensor logits;  ///< [B,K] of the images
  };
  /// images [B,C,H,W]; `classes` [B]: true labels (untargeted) or targets.
  virtual Value evaluate(const Classifier& classifier, const torch::Tensor& images,
                         const torch::Tensor& classes) const = 0;
  /// What the objective asks to see.
  virtual ThreatModel needs() const { return ThreatModel::GreyBox; }
};

/// max_{j≠y} h_j − h_y of logits [B,K] and classes [B]: [B], positive where something else than y is predicted.
torch::Tensor margins(const torch::Tensor& logits, const torch::Tensor& classes);

/// "cross_entropy" or "margin" (max_{j≠y} h_j − h_y); targeted forms pull towards `classes` instead of away.
/// Error(Usage) for other names.
std::unique_ptr<AttackObjective> makeObjective(const std::string& loss, bool targeted);

/// base − weight · score: stays under the detector while it misleads the classifier. weight >= 0; at 0 it is the base.
std::unique_ptr<AttackObjective> withDetector(std::unique_ptr<AttackObjective> base,
                                              std::shared_ptr<const DifferentiableScore> score, double weight);

/// Loss and its gradient with respect to the images, both detached; one forward and one backward, whatever the
/// caller's grad mode. No weight's gradient is computed. Error(BadInput) if none flows to the images.
struct LossGradient {
  torch::Tensor loss;      ///< [B]
  torch::Tensor logits;    ///< [B,K]
  torch::Tensor gradient;  ///< [B,C,H,W]
};
LossGradient lossGradient(const AttackObjective& objective, const Classifier& classifier, const torch::Tensor& images,
                          const torch::Tensor& classes);

}  // namespace whorl
