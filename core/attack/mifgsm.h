// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// Momentum iterative method: sign steps along a running mean of gradients (Dong et al. 2018, algorithm 1).
class MomentumFgsm : public Attack {
 public:
  MomentumFgsm();

 protected:
  AttackOutcome perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const override;
};

}  // namespace whorl
