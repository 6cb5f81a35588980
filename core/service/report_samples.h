// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include "core/experiment/report.h"

namespace whorl {

/// A few successfully attacked images of every attack that has some, original, adversarial and difference. The
/// difference is about middle grey, and stretched so that its largest value is black or white. Files that can't be read
/// any more are left out: a report is worth having without its pictures.
std::vector<ReportSample> reportSamples(const RecipeResult& result);

}  // namespace whorl
