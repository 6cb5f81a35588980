// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/detect/detector.h"

namespace whorl {

/// The lines of the table of detectors that are statistics: each alone as it is (`output` raw), or one or several under
/// a logistic regression that tells clean and noisy from adversarial images of the fit.
std::vector<DetectorEntry> statisticDetectorEntries();

}  // namespace whorl
