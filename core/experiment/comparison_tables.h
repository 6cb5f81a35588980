// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/experiment/comparison.h"

namespace whorl::report {

/// Means and differences; accuracy against chosen values, with differences; every cell; trainings. Any thread.
std::vector<ReportSection> comparisonSections(const Comparison& comparison, const std::vector<ComparedRow>& rows);

/// Mean over the seeds at each value of a curve.
std::vector<double> curveMeans(const ComparedRow& row, std::size_t curve, std::size_t values);

}  // namespace whorl::report
