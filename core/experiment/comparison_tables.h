// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/experiment/comparison.h"

namespace whorl::report {

/// A part of a comparison's report: tables under a heading.
struct ComparisonSection {
  std::string title;
  std::vector<ReportTable> tables;
};

/// Means and differences; accuracy against chosen values, with differences; every cell; trainings. Any thread.
std::vector<ComparisonSection> comparisonSections(const Comparison& comparison, const std::vector<ComparedRow>& rows);

/// Mean over the seeds at each value of a curve.
std::vector<double> curveMeans(const ComparedRow& row, std::size_t curve, std::size_t values);

}  // namespace whorl::report
