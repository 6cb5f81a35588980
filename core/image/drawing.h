// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "core/image/image.h"

namespace whorl {

// A picture of lines, text and coloured cells, which is written as SVG, as PDF and as pixels: what a plot is without a
// window. Lengths are points (1/72 inch), x to the right and y downwards from the upper left corner.

struct DrawnPoint {
  double x = 0;
  double y = 0;
};

struct DrawnColour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
  double opacity = 1;
};

/// Strokes of one kind.
struct DrawnLines {
  std::vector<std::vector<DrawnPoint>> lines;
  DrawnColour colour;
  double width = 1;
  bool dashed = false;
};

/// A filled polygon.
struct DrawnArea {
  std::vector<DrawnPoint> outline;
  DrawnColour colour;
};

enum class TextAnchor { Start, Middle, End };

/// One line of UTF-8. PDF shows Latin-1 and pixels show ASCII; other letters become "?" there.
struct DrawnText {
  DrawnPoint at;  ///< of the base line, at its start, middle or end
  std::string text;
  TextAnchor anchor = TextAnchor::Start;
  DrawnColour colour;
  double size = 11;      ///< of the font (Helvetica or what is like it)
  bool upwards = false;  ///< turned by 90 degrees, read from below
};

/// Rectangles of equal size without gaps, in the colours of viridis.
struct DrawnCells {
  DrawnPoint corner;  ///< upper left
  double width = 0;   ///< of all together
  double height = 0;
  int columns = 0;
  std::vector<int> colours;  ///< 0 to 255, or -1 for nothing; the upper row first
};

using DrawnItem = std::variant<DrawnCells, DrawnArea, DrawnLines, DrawnText>;

struct Drawing {
  double width = 0;
  double height = 0;
  std::string title;             ///< in the file's own description, not drawn
  std::vector<DrawnItem> items;  ///< later ones over earlier ones, on white
};

/// The text of an SVG 1.1 file. Any thread, as all here.
std::string toSvg(const Drawing& drawing);

/// The bytes of a PDF 1.4 file of one page, with no fonts in it (Helvetica is one of the 14 that every reader has).
std::string toPdf(const Drawing& drawing);

/// RGB, `scale` pixels a point.
Image toPixels(const Drawing& drawing, double scale = 2);

/// Up to `digits` significant digits, without zeros at the end, in any locale: "0.25", "-3", "1e-05".
std::string shortNumber(double value, int digits = 4);

}  // namespace whorl
