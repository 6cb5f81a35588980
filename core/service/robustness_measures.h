// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/base/parameters.h"
#include "core/image/image.h"
#include "core/service/output_divergence.h"

namespace whorl {

/// A distance d(x, x') between two images of one shape.
struct ImageDistance {
  std::string name;
  double (*measure)(const Image& a, const Image& b);
};

/// The table.
const std::vector<ImageDistance>& imageDistances();

/// What a question about robustness needs: `distance`, `delta`, `divergence`, `epsilon`, `trials`.
std::vector<ParameterSpec> robustnessParameterSpecs();

}  // namespace whorl
