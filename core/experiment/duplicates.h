// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/experiment/report_document.h"
#include "core/experiment/toml_document.h"

namespace whorl {

// Near-duplicates in a comparison (docs/recipes.md): the rows' networks tell distorted copies of images from other
// images by the distance of their features, seed by seed. No torch.

/// The table [near_duplicates].
struct DuplicatePlan {
  std::string layer = "features";
  bool normalise = true;
  std::string measure = "l2";
  std::string split = "test";
  std::int64_t count = 1000;  ///< images, the first in a seeded order; 0: all
  std::int64_t negatives = 10;
  std::int64_t draws = 1000;             ///< of the bootstrap
  std::vector<std::string> distortions;  ///< "crop:offset=2+jpeg:quality=50"; empty: the usual ones
};

/// Replaces what the table names. `what` names the table in messages. Error(BadInput) with FILE:LINE.
void readDuplicates(const TomlNode& node, const std::string& file, const std::string& what, DuplicatePlan& plan);

/// A figure with its bootstrap interval of 95 % over images.
struct DuplicateFigure {
  double value = 0;
  double low = 0;
  double high = 0;
};

struct DuplicateFigures {
  std::vector<DuplicateFigure> precisions;  ///< at each of DuplicateRun::recalls
  DuplicateFigure averagePrecision;
  DuplicateFigure ranking;
};

/// A network on one distortion.
struct DuplicateCell {
  std::string distortion;  ///< "all" for all of them together, which comes last
  DuplicateFigures figures;
  DuplicateFigures difference;                   ///< to the baseline on the same pairs; empty for the baseline itself
  std::vector<std::pair<double, double>> curve;  ///< recall and precision by rising recall
  std::vector<double> positives;                 ///< distances below which 0, 1, …, 100 % of the copies lie
  std::vector<double> negatives;                 ///< and of the other images
};

/// A row's network of one seed.
struct DuplicateRun {
  std::string model;
  std::uint64_t seed = 0;
  std::vector<double> recalls;
  std::vector<DuplicateCell> cells;
  double classRankingClean = 0;  ///< NaN where there are no classes
  double classRankingDistorted = 0;
  double seconds = 0;  ///< its share of the benchmark's
};

/// Precision where the curve's recall first is at least `recall`; NaN for an empty curve.
double precisionOnCurve(const std::vector<std::pair<double, double>>& curve, double recall);

/// Means over seeds, differences to the baseline, all seeds with their intervals, every distortion, the
/// precision-recall curve and the distribution functions of the distances. Rows in the order of their first run.
std::vector<report::ReportTable> duplicateTables(const std::vector<DuplicateRun>& runs, const std::string& baseline);

/// Those tables under one heading; the precision-recall curve and the distribution functions are drawn, too.
report::ReportDocument duplicatesReport(const std::string& title, const std::vector<std::string>& paragraphs,
                                        const std::vector<DuplicateRun>& runs, const std::string& baseline,
                                        const std::vector<std::pair<std::string, std::string>>& provenance);

}  // namespace whorl
