// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// Fast minimum-norm attack: the nearest adversarial image in linf, L2 or L1.
class FastMinimumNorm : public Attack {
 public:
  FastMinimumNorm();

 protected:
  AttackOutcome perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const override;
};

}  // namespace whorl
