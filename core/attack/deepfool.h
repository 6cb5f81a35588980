// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// DeepFool, in L2 or linf: steps to the nearest boundary of the network's linearisation, inside the box.
class DeepFool : public Attack {
 public:
  DeepFool();

 protected:
  AttackOutcome perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const override;
};

}  // namespace whorl
