// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QPalette>

#include <vector>

namespace whorl::ui {

/// Colours of a plot, from the palette of the window, so that plots are light or dark with it. The series colours are
/// those of Okabe and Ito (2008, "Color universal design"), which the colour-blind can tell apart; on a dark ground in
/// their light variants.
struct PlotColours {
  QColor background;
  QColor text;
  QColor axis;
  QColor grid;
  std::vector<QColor> series;  ///< taken in turn

  static PlotColours of(const QPalette& palette);
  /// For paper: what exports use, however dark the window is.
  static PlotColours paper();

  const QColor& colour(std::size_t index) const { return series[index % series.size()]; }
};

}  // namespace whorl::ui
