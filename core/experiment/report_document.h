// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/experiment/report_text.h"

// A report that is tables under headings, in three formats: what comparisons and near-duplicates are printed as. Any
// thread; the same in every locale.

namespace whorl::report {

struct ReportSection {
  std::string title;
  std::vector<ReportTable> tables;
};

struct ReportDocument {
  std::string title;
  std::vector<std::string> paragraphs;
  std::vector<ReportSection> sections;
  std::string pictures;  ///< HTML, for the one format that draws
  std::vector<std::pair<std::string, std::string>> provenance;
};

std::string documentMarkdown(const ReportDocument& document);
/// For \input; needs the packages that its first line names.
std::string documentLatex(const ReportDocument& document);
/// One file that needs nothing else. XHTML-compatible, no scripts.
std::string documentHtml(const ReportDocument& document);

/// Writes STEM.md, STEM.tex and STEM.html into `folder` (made if missing), each whole or not at all, and returns their
/// paths. Error(Failed) where that can't be done.
std::vector<std::string> writeDocument(const ReportDocument& document, const std::filesystem::path& folder,
                                       const std::string& stem);

}  // namespace whorl::report
