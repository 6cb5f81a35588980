// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <limits>
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

/// What is wanted of each image of a batch.
struct AttackAims {
  torch::Tensor labels;   ///< [B] int64, true classes
  torch::Tensor targets;  ///< [B] int64; undefined for untargeted attacks
  torch::Tensor weights;  ///< [B] float64 >= 0, of the detector's term; undefined without a detector

  bool targeted() const { return targets.defined(); }
  /// The classes to leave, or to reach.
  const torch::Tensor& classes() const { return targeted() ? targets : labels; }
  std::int64_t count() const { return labels.size(0); }
  /// Those of some of the images.
  AttackAims select(const torch::Tensor& rows) const;
};

/// What an adaptive attacker knows of a detector, and does with it.
struct DetectorTerm {
  /// Which class's acceptance is sought: whichever accepts (a detector that accepts any class), that of the true class
  /// (as the published attacks did), or that of the target.
  enum class Matched { Any, Label, Target };
  /// How two aims become one direction (Bryniarski et al. 2022, "Evading Adversarial Example Detection Defenses with
  /// Orthogonal Projected Gradient Descent", for the last two).
  enum class Rule {
    Sum,         ///< the gradient of loss − weight · score
    Selective,   ///< the loss's until the classifier is fooled, from there the score's
    Orthogonal,  ///< likewise, the score's without its part along the loss's
  };

  std::shared_ptr<const DifferentiableScore> score;  ///< null: no detector
  Matched matched = Matched::Any;
  Rule rule = Rule::Sum;
  double weight = 1;       ///< γ >= 0
  torch::Tensor weights;   ///< [B] float64, instead of `weight` where defined
  double weightDecay = 1;  ///< γ at the last step over γ at the first, geometric in between; 1: constant
  /// Scores below it earn nothing more: max(score − hinge, 0).
  double hinge = -std::numeric_limits<double>::infinity();

  explicit operator bool() const { return score != nullptr; }
};

/// max_{j≠y} h_j − h_y of logits [B,K] and classes [B]: [B], positive where something else than y is predicted.
torch::Tensor margins(const torch::Tensor& logits, const torch::Tensor& classes);

/// What an attack ascends, per image: losses of a batch never mix images. Immutable; any thread.
class AttackObjective {
 public:
  /// A loss of logits [B,K] alone: [B], to be ascended.
  using Loss = torch::Tensor (*)(const torch::Tensor& logits, const AttackAims& aims);

  /// Error(Usage) for a negative, infinite or NaN weight.
  AttackObjective(Loss loss, DetectorTerm detector);

  struct Value {
    torch::Tensor loss;    ///< [B] base − weight · score, to be ascended; differentiable with respect to the images
    torch::Tensor logits;  ///< [B,K] of the images
    torch::Tensor base;    ///< [B] without the detector
    torch::Tensor score;   ///< [B] the detector's, before the hinge; undefined without a detector
  };
  /// images [B,C,H,W]. One forward (N+1 copies with a fingerprint detector), under the caller's grad mode.
  Value evaluate(const Classifier& classifier, const torch::Tensor& images, const AttackAims& aims) const;

  const DetectorTerm& detector() const { return m_detector; }

 private:
  Loss m_loss;
  DetectorTerm m_detector;
};

/// Names of the losses: "cross_entropy", "margin" (max_{j≠y} h_j − h_y; Carlini and Wagner 2017, f₆), "dlr" (difference
/// of logits ratio: Croce and Hein 2020, eq. 6 and 7). All have targeted forms.
const std::vector<std::string>& attackLosses();
/// Error(Usage) for other names.
AttackObjective makeObjective(const std::string& loss, DetectorTerm detector = {});

/// Loss and its direction with respect to the images, all detached; one forward and one backward (two where the
/// detector's rule keeps its gradient apart), whatever the caller's grad mode. No weight's gradient is computed.
/// Error(BadInput) if none flows to the images.
struct LossGradient {
  torch::Tensor loss;      ///< [B]
  torch::Tensor logits;    ///< [B,K]
  torch::Tensor score;     ///< [B]; undefined without a detector
  torch::Tensor gradient;  ///< [B,C,H,W]
};
LossGradient lossGradient(const AttackObjective& objective, const Classifier& classifier, const torch::Tensor& images,
                          const AttackAims& aims);

}  // namespace whorl
