// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// Basic iterative method: sign steps from the clean image, kept within ε (Kurakin et al. 2017). BIM-a is stop =
/// first_success, BIM-b is stop = last.
class Bim : public Attack {
 public:
  Bim();

 protected:
  AttackOutcome perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const override;
};

}  // namespace whorl
