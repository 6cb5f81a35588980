// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/experiment/recipe_result.h"

namespace whorl {

/// An attacked image, before and after. PNG bytes; empty ones are left out.
struct ReportSample {
  std::string attack;
  std::string caption;
  std::string original;
  std::string adversarial;
  std::string difference;
};

/// All that a report tells. Texts are plain: each writer escapes what its format demands. Figures that are NaN are
/// written as "–", as are cells that the result lacks.
struct ReportData {
  RecipeResult result;
  std::string summary;
  std::vector<std::string> notes;  ///< paragraphs: what a reader must know to read the figures rightly
  std::vector<ReportSample> samples;
  std::vector<std::pair<std::string, std::string>> provenance;  ///< "seed" → "7": all that it takes to do it again
};

/// False-positive rates of CellFigures::truePositiveRate and evasionRate.
inline constexpr double kReportRates[] = {0.01, 0.05, 0.10};

/// Tables of ours, published and difference; attacks; every figure with its interval; provenance.
std::string reportMarkdown(const ReportData& data);
/// The same tables for \input; needs the packages that its first line names.
std::string reportLatex(const ReportData& data);
/// One file that needs nothing else: style, curves, histograms and images are inside, and no scripts. XHTML-compatible.
std::string reportHtml(const ReportData& data);

/// Writes report.md, report.tex and report.html into `folder` (made if missing), each whole or not at all, and returns
/// their paths. Error(Failed) where that can't be done.
std::vector<std::string> writeReports(const ReportData& data, const std::filesystem::path& folder);

/// The figures of a cell that is done; null for the others, and for no cell.
const CellFigures* figuresOf(const RecipeCell* cell);
/// Null where there is none.
const RecipeCell* findCell(const RecipeResult& result, const std::string& detector, const std::string& attack);
/// Ours (successful only) minus the published AUC, in points (hundredths); NaN without both.
double differencePoints(const RecipeCell& cell);
/// The smallest threshold of the ROC that rejects at most this share of the clean images.
std::optional<double> thresholdOf(const CellFigures& figures, double falsePositiveRate);

}  // namespace whorl
