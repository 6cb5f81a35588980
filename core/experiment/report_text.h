// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/experiment/report.h"

// What the report's formats share: numbers as texts, escapes, and the tables that all of them print. Any thread; the
// same in every locale.

namespace whorl::report {

/// What is not known.
inline constexpr const char* kUnknown = "–";

/// Fixed decimals; "–" for what isn't finite.
std::string fixedText(double value, int decimals);
/// Up to four significant digits: "10", "0.003".
std::string shortText(double value);
/// 0.99871 → "99.87": shares are given in per cent, as the published tables are.
std::string percentText(double share, int decimals = 2);
/// "99.87 (99.71–99.95)"; without the interval where there is none.
std::string figureText(const Figure& figure);
/// "98.80–99.90"; "" where there is none.
std::string intervalText(const Figure& figure);
/// Points with their sign: "+0.30", "−1.25", "±0.00".
std::string pointsText(double points);
/// "under a second", "12 s", "3 min 05 s", "1 h 02 min".
std::string durationText(double seconds);
/// "12.3", "345": below 100 with one decimal.
std::string secondsText(double seconds);
/// The texts joined by ", ".
std::string joined(const std::vector<std::string>& texts, const char* separator = ", ");

/// Valid UTF-8 on one line without control characters; what isn't becomes U+FFFD.
std::string cleanText(const std::string& text);
std::string escapeMarkdown(const std::string& text);
std::string escapeLatex(const std::string& text);
/// For contents and for attributes in double quotes.
std::string escapeHtml(const std::string& text);

/// A table as texts that are not escaped yet.
struct ReportTable {
  std::string title;
  std::string caption;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::size_t textColumns = 1;  ///< leading columns that hold names; the others are numbers
};

/// A table under its title as a heading of the third level.
std::string tableMarkdown(const ReportTable& table);
/// A longtable, which breaks over pages, as a list of all cells may be long.
std::string tableLatex(const ReportTable& table);
std::string tableHtml(const ReportTable& table);
/// `<tag class="style">text</tag>`, the text escaped.
std::string element(const std::string& tag, const std::string& text, const std::string& style = {});
/// What an HTML file begins with, up to and with its heading of the first level; it ends with "</body>\n</html>\n".
std::string htmlHead(const std::string& title);
/// A list of keys and values under the heading “Provenance”.
std::string provenanceHtml(const std::vector<std::pair<std::string, std::string>>& provenance);
std::string provenanceMarkdown(const std::vector<std::pair<std::string, std::string>>& provenance);
/// As comments.
std::string provenanceLatex(const std::vector<std::pair<std::string, std::string>>& provenance);

/// Detectors x attacks, one text a cell; "–" where there is no cell. A failed cell reads "failed".
ReportTable gridTable(const RecipeResult& result, const std::string& title,
                      const std::function<std::string(const RecipeCell&)>& text);
/// Ours, published and difference, and the success rates and both AUCs side by side.
std::vector<ReportTable> comparisonTables(const RecipeResult& result);
/// The maps of sweeps, one a detector and attack: a parameter's values down, the other's across.
std::vector<ReportTable> sweepTables(const RecipeResult& result);
/// One row an attack: threat model, n, success rate, norms.
ReportTable attackTable(const RecipeResult& result);
/// One row a cell with every figure.
ReportTable detailTable(const RecipeResult& result);
/// The recipe's claims with their verdicts; without rows where it makes none.
ReportTable checkTable(const RecipeResult& result);
/// Cells that have no figures, with the reason: detector, attack, problem.
ReportTable problemTable(const RecipeResult& result);
/// How many cells have figures, how many of them an earlier run computed, and how long this one took.
std::string progressText(const RecipeResult& result);
/// Where the published figures are from, each source once.
std::vector<std::string> publishedSources(const RecipeResult& result);
/// How the figures are meant: sentences that stand in every report.
std::vector<std::string> readingNotes();

}  // namespace whorl::report
