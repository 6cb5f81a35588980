// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/attack/attack.h"

namespace whorl {

/// Fast gradient sign method: one step of ε along the sign of the loss's gradient (Goodfellow et al. 2015).
class Fgsm : public Attack {
 public:
  const OperationSpec& spec() const override;
  std::vector<std::string> norms() const override;
  const std::vector<std::pair<std::string, Parameters>>& presets() const override;
  AttackOutcome run(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                    const JobContext& context) const override;
};

}  // namespace whorl
