// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// Fast gradient sign method, also from a random start (Goodfellow et al. 2015; Tramèr et al. 2018, section 4.1).
class Fgsm : public Attack {
 public:
  Fgsm();

 protected:
  AttackOutcome perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const override;
};

}  // namespace whorl
