// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QPalette>
#include <QString>

namespace whorl::ui {

enum class Theme { System, Light, Dark };

/// "system", "light", "dark"; anything else is System.
Theme themeFromName(const QString& name);
QString themeName(Theme theme);

/// Gives the application that palette (System: the platform's own). Widgets follow through PaletteChange.
void applyTheme(Theme theme);

/// Qt 6.4 doesn't tell whether the desktop is dark: whether text is lighter than what it stands on does.
bool isDark(const QPalette& palette);

/// The meanings that colours carry here, told apart by colour-blind people too (Okabe and Ito 2008).
struct Colours {
  QColor before;  ///< the original image
  QColor after;   ///< the result
  QColor good;    ///< accepted
  QColor bad;     ///< rejected, failed
  QColor muted;   ///< secondary text
  QColor card;    ///< ground of cards
  QColor line;    ///< hairlines
  QColor canvas;  ///< ground of images
};
Colours colours(const QPalette& palette);

/// `amount` of b in a.
QColor mix(const QColor& a, const QColor& b, double amount);

}  // namespace whorl::ui
