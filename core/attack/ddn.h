// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// Decoupled direction and norm: the nearest adversarial image in L2, in some 50 gradients.
class DecoupledDirectionNorm : public Attack {
 public:
  DecoupledDirectionNorm();

 protected:
  AttackOutcome perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const override;
};

}  // namespace whorl
