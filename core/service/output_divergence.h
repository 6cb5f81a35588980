// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

namespace whorl {

/// How far two answers are apart: D(f(x), f(x')).
struct OutputDivergence {
  std::string name;
  /// Of the logits of one image each.
  double (*measure)(const std::vector<double>& original, const std::vector<double>& perturbed);
};

/// The table. Of probabilities, but for logits_l2.
const std::vector<OutputDivergence>& outputDivergences();
/// Error(Usage) that lists the known names.
const OutputDivergence& findOutputDivergence(const std::string& name);

}  // namespace whorl
