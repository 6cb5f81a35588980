// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/image/drawing.h"

namespace whorl {

inline constexpr DrawnColour kInk{0x22, 0x28, 0x33};
inline constexpr DrawnColour kGridGrey{0xDF, 0xE2, 0xE6};

/// A box on a drawing with a range of its own on either axis.
class PlotFrame {
 public:
  /// `corner`: the upper left one. A range of one value is widened.
  PlotFrame(DrawnPoint corner, double width, double height, std::pair<double, double> x, std::pair<double, double> y);

  DrawnPoint at(double x, double y) const;
  /// The parts of a line that lie in the box (Liang and Barsky 1984), on the drawing; no number ends a part.
  std::vector<std::vector<DrawnPoint>> inside(const std::vector<std::pair<double, double>>& line) const;

  /// Ticks at round numbers with `wanted` of them or so; a grid behind what is drawn later where asked for.
  void drawXTicks(Drawing& drawing, int wanted, bool grid) const;
  void drawYTicks(Drawing& drawing, int wanted, bool grid) const;
  void drawBox(Drawing& drawing) const;
  /// Below and, turned, to the left; "" for none.
  void drawTitles(Drawing& drawing, const std::string& below, const std::string& beside) const;

 private:
  DrawnPoint m_corner;
  double m_width;
  double m_height;
  std::pair<double, double> m_x;
  std::pair<double, double> m_y;
};

/// Least and largest of the numbers among `values`; 0 and 1 where there are none.
std::pair<double, double> finiteRange(const std::vector<double>& values);

}  // namespace whorl
