// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// The Jacobian-based saliency map attack (Papernot et al. 2016): two components (a pixel's channel each) a step,
/// chosen by the exact pair map, changed by `theta` and then left alone. Two backward passes a step for a whole batch.
/// An image is done when it is classified as its target (untargeted: as anything else than its label; the likeliest
/// wrong class is aimed at), when no pair qualifies, or after floor(gamma · components / 2) steps; a failed image comes
/// back as far as it got. Adaptive: γ times the detector's score counts as one more wrong class, whose "logit" is to
/// fall; the image goes on until the score is under the hinge too, and of the steps that reach the aim the one with the
/// lowest score is handed back.
class Jsma : public Attack {
 public:
  Jsma();

 protected:
  AttackOutcome perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const override;
};

}  // namespace whorl
