// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/theory/experiment.h"

namespace whorl {

/// A picture that docs/theory.md shows, as what it is made of: anybody can make it again.
struct TheoryFigure {
  std::string name;
  std::string title;
  std::string summary;  ///< one sentence
  TheoryRequest request;
  bool bothSides = true;    ///< without fingerprints beside with
  bool closedForm = false;  ///< the accept region's edge is drawn from LinearRegion
};

/// linear, nonlinear, vector: the two published figures in kind, and the linear guarantee for vector outputs.
const std::vector<TheoryFigure>& theoryFigures();

/// Error(Usage) that lists what there is.
const TheoryFigure& findTheoryFigure(const std::string& name);

}  // namespace whorl
