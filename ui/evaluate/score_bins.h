// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/service/recipe_types.h"

namespace whorl::ui {

/// Clean and adversarial scores in common bins of equal width, each kind as shares of its own. Scores outside the
/// middle 99 % are counted in the outermost bins: one far score must not flatten all others.
struct ScoreBins {
  double low = 0;
  double high = 0;
  std::vector<double> clean;  ///< empty where there are no scores at all
  std::vector<double> adversarial;

  static constexpr std::size_t kCount = 40;
  double edge(std::size_t bin) const { return low + (high - low) * static_cast<double>(bin) / kCount; }
};

ScoreBins scoreBins(const CellFigures& figures);

/// The smallest threshold of the ROC that rejects at most this share of the clean images.
std::optional<double> thresholdAt(const CellFigures& figures, double falsePositiveRate);

/// The ROC from a false-positive rate on, with the curve's height there as its first point; ascending.
std::vector<RocCorner> rocFrom(const CellFigures& figures, double falsePositiveRate);

}  // namespace whorl::ui
