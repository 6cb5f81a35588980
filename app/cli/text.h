// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace whorl::cli {

/// As printf, at most 511 characters.
std::string format(const char* pattern, auto... values) {
  char text[512];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

/// "99.53 %"; "none" for NaN.
inline std::string percent(double share) { return std::isfinite(share) ? format("%.2f %%", 100 * share) : "none"; }

/// Four digits; "none" for NaN.
inline std::string figure(double value) { return std::isfinite(value) ? format("%.4g", value) : "none"; }

/// A column of a table: at least `width` characters, and two spaces.
inline std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text + "  ";
}

/// "linf, l2"
inline std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace whorl::cli
