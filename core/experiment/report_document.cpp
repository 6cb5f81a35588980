// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/report_document.h"

#include "core/base/atomic_file.h"

namespace whorl::report {

std::string documentMarkdown(const ReportDocument& document) {
  std::string text = "# " + escapeMarkdown(document.title) + "\n\n";
  for (const std::string& paragraph : document.paragraphs) text += escapeMarkdown(paragraph) + "\n\n";
  for (const ReportSection& section : document.sections) {
    text += "## " + escapeMarkdown(section.title) + "\n\n";
    for (const ReportTable& table : section.tables) text += tableMarkdown(table);
  }
  return text + provenanceMarkdown(document.provenance);
}

std::string documentLatex(const ReportDocument& document) {
  std::string text =
      "% Written by Whorl. Needs \\usepackage{booktabs,longtable,textcomp} and \\usepackage[T1]{fontenc}.\n";
  text += "\\section*{" + escapeLatex(document.title) + "}\n\n";
  for (const std::string& paragraph : document.paragraphs) text += escapeLatex(paragraph) + "\n\n";
  text += "{\\footnotesize\\setlength{\\tabcolsep}{3pt}\n\n";
  for (const ReportSection& section : document.sections) {
    text += "\\subsection*{" + escapeLatex(section.title) + "}\n\n";
    for (const ReportTable& table : section.tables) text += tableLatex(table);
  }
  return text + "}\n\n" + provenanceLatex(document.provenance);
}

std::string documentHtml(const ReportDocument& document) {
  std::string text = htmlHead(document.title);
  for (const std::string& paragraph : document.paragraphs) text += element("p", paragraph) + "\n";
  for (const ReportSection& section : document.sections) {
    text += element("h2", section.title) + "\n";
    for (const ReportTable& table : section.tables) text += tableHtml(table);
  }
  return text + document.pictures + provenanceHtml(document.provenance) + "</body>\n</html>\n";
}

std::vector<std::string> writeDocument(const ReportDocument& document, const std::filesystem::path& folder,
                                       const std::string& stem) {
  const std::pair<const char*, std::string (*)(const ReportDocument&)> formats[] = {
      {".md", documentMarkdown}, {".tex", documentLatex}, {".html", documentHtml}};
  std::vector<std::string> paths;
  for (const auto& [ending, write] : formats) {
    AtomicFile file(folder / (stem + ending));
    file.write(write(document));
    file.commit();
    paths.push_back((folder / (stem + ending)).string());
  }
  return paths;
}

}  // namespace whorl::report
