// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// Carlini and Wagner's L2 attack, with a search for the trade-off constant of each image.
class CarliniWagner : public Attack {
 public:
  CarliniWagner();

 protected:
  AttackOutcome perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const override;
};

}  // namespace whorl
