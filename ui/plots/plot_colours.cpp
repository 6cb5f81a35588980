// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/plot_colours.h"

#include "ui/style/theme.h"

namespace whorl::ui {

namespace {

PlotColours on(const QColor& background, const QColor& text) {
  PlotColours colours;
  colours.background = background;
  colours.text = text;
  colours.axis = mix(background, text, 0.55);
  colours.grid = mix(background, text, 0.12);
  if (background.lightness() < text.lightness()) {
    colours.series = {QColor(0x56B4E9), QColor(0xE69F00), QColor(0x2BC49A),
                      QColor(0xE79CC6), QColor(0xF0E442), QColor(0xFF8A5B)};
  } else {
    colours.series = {QColor(0x0072B2), QColor(0xD55E00), QColor(0x009E73),
                      QColor(0xCC79A7), QColor(0xB07D00), QColor(0x3F3F3F)};
  }
  return colours;
}

}  // namespace

PlotColours PlotColours::of(const QPalette& palette) {
  return on(palette.color(QPalette::Base), palette.color(QPalette::Text));
}

PlotColours PlotColours::paper() { return on(Qt::white, QColor(0x202020)); }

}  // namespace whorl::ui
