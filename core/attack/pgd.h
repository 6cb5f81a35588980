// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// Projected gradient descent from random points of the ball, with restarts, momentum and step schedules, in linf, l2
/// or l1 (Madry et al. 2018).
class Pgd : public Attack {
 public:
  Pgd();

 protected:
  AttackOutcome perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const override;
};

}  // namespace whorl
