// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// Projected gradient descent from random points of the ball, with restarts, in linf or l2 (Madry et al. 2018).
class Pgd : public Attack {
 public:
  const OperationSpec& spec() const override;
  std::vector<std::string> norms() const override;
  const std::vector<std::pair<std::string, Parameters>>& presets() const override;
  AttackOutcome run(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                    const JobContext& context) const override;
};

}  // namespace whorl
