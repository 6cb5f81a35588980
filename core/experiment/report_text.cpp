// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/report_text.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include <nlohmann/json.hpp>

namespace whorl::report {

std::string fixedText(double value, int decimals) {
  if (!std::isfinite(value)) return kUnknown;
  char buffer[400];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed, decimals).ptr;
  std::string text(buffer, end);
  // "-0.00" is no number that anybody measured.
  if (text.find_first_not_of("-0.") == std::string::npos && text.front() == '-') text.erase(0, 1);
  if (text.front() == '-') text.replace(0, 1, "−");
  return text;
}

std::string shortText(double value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::general, 4).ptr;
  return {buffer, end};
}

std::string percentText(double share, int decimals) { return fixedText(100 * share, decimals); }

std::string figureText(const Figure& figure) {
  const std::string text = percentText(figure.value), interval = intervalText(figure);
  return !std::isfinite(figure.value) || interval.empty() ? text : text + " (" + interval + ")";
}

std::string intervalText(const Figure& figure) {
  if (!std::isfinite(figure.low) || !std::isfinite(figure.high)) return {};
  return percentText(figure.low) + "–" + percentText(figure.high);
}

std::string pointsText(double points) {
  const std::string text = fixedText(points, 2);
  if (text == kUnknown || text.starts_with("−")) return text;
  return (text == "0.00" ? "±" : "+") + text;
}

std::string durationText(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return kUnknown;
  if (seconds < 1) return "under a second";
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  if (whole < 60) return std::to_string(whole) + " s";
  if (whole < 3600) return std::to_string(whole / 60) + " min " + two(whole % 60) + " s";
  return std::to_string(whole / 3600) + " h " + two(whole % 3600 / 60) + " min";
}

std::string secondsText(double seconds) { return fixedText(seconds, seconds < 100 ? 1 : 0); }

std::string joined(const std::vector<std::string>& texts, const char* separator) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : separator) + text;
  return all;
}

std::string cleanText(const std::string& text) {
  const nlohmann::json valid(text);
  const std::string utf8 =
      nlohmann::json::parse(valid.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)).get<std::string>();
  std::string clean;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    const std::string_view rest = std::string_view(utf8).substr(i, 3);
    if (byte == '\n' || byte == '\r' || byte == '\t') {
      clean += ' ';
    } else if (byte < 0x20 || byte == 0x7F) {
      clean += "\uFFFD";
    } else if (rest == "\xEF\xBF\xBE" || rest == "\xEF\xBF\xBF") {  // U+FFFE, U+FFFF: no characters of XML
      clean += "\uFFFD";
      i += 2;
    } else {
      clean += utf8[i];
    }
  }
  return clean;
}

std::string escapeMarkdown(const std::string& text) {
  static constexpr std::string_view kSpecial = "\\`*_{}[]<>#|~&$";
  std::string escaped;
  for (const char c : cleanText(text)) {
    if (kSpecial.find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

namespace {

/// LaTeX's names of what it doesn't take as it stands.
const std::pair<std::string_view, std::string_view> kLatex[] = {
    {"\\", "\\textbackslash{}"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"&", "\\&"},
    {"%", "\\%"},
    {"$", "\\$"},
    {"#", "\\#"},
    {"_", "\\_"},
    {"~", "\\textasciitilde{}"},
    {"^", "\\textasciicircum{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"\"", "\\textquotedbl{}"},
    {"–", "--"},
    {"−", "$-$"},
    {"±", "$\\pm$"},
    {"×", "$\\times$"},
    {"∞", "$\\infty$"},
    {"≥", "$\\geq$"},
    {"≤", "$\\leq$"},
    {"α", "$\\alpha$"},
    {"β", "$\\beta$"},
    {"γ", "$\\gamma$"},
    {"δ", "$\\delta$"},
    {"ε", "$\\varepsilon$"},
    {"κ", "$\\kappa$"},
    {"λ", "$\\lambda$"},
    {"σ", "$\\sigma$"},
    {"τ", "$\\tau$"},
    {"₂", "$_2$"},
    {"²", "$^2$"},
    {"…", "\\ldots{}"},
    {"\uFFFD", "?"},
};

}  // namespace

std::string escapeLatex(const std::string& text) {
  const std::string clean = cleanText(text);
  std::string escaped;
  for (std::size_t i = 0; i < clean.size();) {
    const std::string_view rest = std::string_view(clean).substr(i);
    bool found = false;
    for (const auto& [from, to] : kLatex) {
      if (!rest.starts_with(from)) continue;
      escaped += to;
      i += from.size();
      found = true;
      break;
    }
    if (!found) escaped += clean[i++];
  }
  return escaped;
}

std::string escapeHtml(const std::string& text) {
  std::string escaped;
  for (const char c : cleanText(text)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace whorl::report
