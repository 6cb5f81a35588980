// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <cmath>

#include "core/experiment/report_html.h"
#include "core/experiment/report_style.h"
#include "core/experiment/report_text.h"

namespace whorl {

using namespace report;

namespace {

std::string base64(const std::string& bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0);
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

/// Up and down have a sign and an arrow as well as a colour.
std::string differenceHtml(double points) {
  if (!std::isfinite(points)) return {};
  const std::string text = pointsText(points);
  if (text.starts_with("±")) return element("span", text);
  return element("span", (points > 0 ? "▲ " : "▼ ") + text, points > 0 ? "better" : "worse");
}

std::string gridCell(const RecipeCell* cell) {
  const CellFigures* figures = figuresOf(cell);
  if (!figures) {
    return element("td", !cell ? kUnknown : cell->state == CellState::Failed ? "failed" : "not computed");
  }
  std::string text = "<td>" + element("strong", percentText(figures->aucSuccessful.value));
  text += element("small", intervalText(figures->aucSuccessful));
  if (cell->published) {
    text += "<small>published " + escapeHtml(percentText(*cell->published)) + " " +
            differenceHtml(differencePoints(*cell)) + "</small>";
  }
  text += element("small", "all " + percentText(figures->aucAll.value) + ", success " +
                               percentText(figures->successRate.value) + " %");
  if (figures->evasionRate.size() > 1) text += element("small", "evasion " + figureText(figures->evasionRate[1]));
  return text + element("small", "n " + std::to_string(figures->attacked)) + "</td>";
}

std::string comparisonHtml(const RecipeResult& result) {
  std::string text =
      "<div class=\"scroll\"><table>\n<caption>Large: AUC over successful adversarial images in per cent, "
      "with its 95 % interval below. Evasion: misclassified and accepted at 5 % false positives.</caption>\n"
      "<thead><tr><th class=\"name\">Detector</th>";
  for (const std::string& attack : result.attacks) text += element("th", attack);
  text += "</tr></thead>\n<tbody>\n";
  for (const std::string& detector : result.detectors) {
    text += "<tr>" + element("th", detector, "name");
    for (const std::string& attack : result.attacks) text += gridCell(findCell(result, detector, attack));
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string imageHtml(const std::string& png, const std::string& what) {
  if (png.empty()) return {};
  return "<img alt=\"" + what + "\" title=\"" + what + "\" src=\"data:image/png;base64," + base64(png) + "\"/>";
}

std::string samplesHtml(const ReportData& data) {
  if (data.samples.empty()) return {};
  std::string text = "<h2>Images</h2>\n<p class=\"quiet\">Each: original, adversarial, difference.</p>\n";
  std::string open;
  for (const ReportSample& sample : data.samples) {
    if (sample.attack != open || &sample == &data.samples.front()) {
      if (&sample != &data.samples.front()) text += "</div>\n";
      text += element("h3", sample.attack) + "\n<div class=\"row\">";
      open = sample.attack;
    }
    text += "<figure class=\"sample\">" + imageHtml(sample.original, "original") +
            imageHtml(sample.adversarial, "adversarial") + imageHtml(sample.difference, "difference") +
            element("figcaption", sample.caption) + "</figure>\n";
  }
  return text + "</div>\n";
}

std::string problemsHtml(const RecipeResult& result) {
  const ReportTable table = problemTable(result);
  if (table.rows.empty()) return {};
  std::string text = "<h2>Cells without figures</h2>\n<div class=\"scroll\"><table><tbody>\n";
  for (const auto& row : table.rows) {
    text += "<tr>" + element("td", row[0], "name") + element("td", row[1], "name") + element("td", row[2], "why") +
            "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

}  // namespace

std::string report::tableHtml(const ReportTable& table) {
  std::string text = element("h3", table.title) + "\n<div class=\"scroll\"><table>\n";
  if (!table.caption.empty()) text += element("caption", table.caption) + "\n";
  text += "<thead><tr>";
  for (std::size_t i = 0; i < table.header.size(); ++i) {
    text += element("th", table.header[i], i < table.textColumns ? "name" : "");
  }
  text += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    text += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) text += element("td", row[i], i < table.textColumns ? "name" : "");
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

std::string report::htmlHead(const std::string& title) {
  std::string text =
      "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" "
      "lang=\"en\">\n<head>\n<meta charset=\"UTF-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\"/>\n";
  text += element("title", title) + "\n<style>" + kReportStyle + "</style>\n</head>\n<body>\n";
  return text + element("h1", title) + "\n";
}

std::string report::provenanceHtml(const std::vector<std::pair<std::string, std::string>>& provenance) {
  std::string text = "<h2>Provenance</h2>\n<dl>\n";
  for (const auto& [key, value] : provenance) text += element("dt", key) + element("dd", value) + "\n";
  if (provenance.empty()) text += element("dt", "provenance") + element("dd", kUnknown);
  return text + "</dl>\n";
}

std::string reportHtml(const ReportData& data) {
  std::string text = htmlHead(data.result.title);
  text += element("p",
                  "Preset " + (data.result.preset.empty() ? std::string(kUnknown) : data.result.preset) + " · " +
                      progressText(data.result),
                  "quiet") +
          "\n";
  if (!data.summary.empty()) text += element("p", data.summary) + "\n";
  for (const std::string& note : data.notes) text += element("p", note) + "\n";
  if (const ReportTable checks = checkTable(data.result); !checks.rows.empty()) {
    text += "<h2>Checks</h2>\n" + tableHtml(checks);
  }
  text += "<h2>Detectors against attacks</h2>\n" + comparisonHtml(data.result);
  if (const auto sources = publishedSources(data.result); !sources.empty()) {
    text += element("p", "Published figures: " + joined(sources, "; "), "quiet") + "\n";
  }
  text += problemsHtml(data.result) + "<h2>Figures</h2>\n" + tableHtml(attackTable(data.result)) +
          tableHtml(detailTable(data.result));
  text += plotsHtml(data.result) + samplesHtml(data);
  text += "<h2>How to read this</h2>\n";
  for (const std::string& note : readingNotes()) text += element("p", note) + "\n";
  return text + provenanceHtml(data.provenance) + "</body>\n</html>\n";
}

}  // namespace whorl
