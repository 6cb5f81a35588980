// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/base/parameters.h"
#include "core/image/image.h"

namespace whorl {

/// A distance d(x, x') between two images of one shape.
struct ImageDistance {
  std::string name;
  double (*measure)(const Image& a, const Image& b);
};

/// How far two answers are apart: D(f(x), f(x')).
struct OutputDivergence {
  std::string name;
  /// Of the logits of one image each.
  double (*measure)(const std::vector<double>& original, const std::vector<double>& perturbed);
};

/// The tables.
const std::vector<ImageDistance>& imageDistances();
const std::vector<OutputDivergence>& outputDivergences();

/// What a question about robustness needs: `distance`, `delta`, `divergence`, `epsilon`, `trials`.
std::vector<ParameterSpec> robustnessParameterSpecs();

}  // namespace whorl
