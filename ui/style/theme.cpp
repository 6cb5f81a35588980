// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/style/theme.h"

#include <QApplication>

namespace whorl::ui {
namespace {

struct Tones {
  QColor window, base, alternate, text, button, highlight, link, dim;
};

QPalette paletteOf(const Tones& tones) {
  QPalette palette(tones.button, tones.window);
  palette.setColor(QPalette::Window, tones.window);
  palette.setColor(QPalette::Base, tones.base);
  palette.setColor(QPalette::AlternateBase, tones.alternate);
  palette.setColor(QPalette::ToolTipBase, tones.base);
  palette.setColor(QPalette::Button, tones.button);
  for (auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::ToolTipText}) {
    palette.setColor(role, tones.text);
    palette.setColor(QPalette::Disabled, role, tones.dim);
  }
  palette.setColor(QPalette::PlaceholderText, tones.dim);
  palette.setColor(QPalette::Highlight, tones.highlight);
  palette.setColor(QPalette::HighlightedText, Qt::white);
  palette.setColor(QPalette::Disabled, QPalette::Highlight, tones.dim);
  palette.setColor(QPalette::Link, tones.link);
  return palette;
}

QPalette lightPalette() {
  return paletteOf({QColor(0xf5f6f8), QColor(0xffffff), QColor(0xeef0f3), QColor(0x1c2128), QColor(0xf0f1f4),
                    QColor(0x0072b2), QColor(0x0064a0), QColor(0x9aa1ab)});
}

QPalette darkPalette() {
  return paletteOf({QColor(0x262a31), QColor(0x1a1d22), QColor(0x21252b), QColor(0xe4e7eb), QColor(0x363c45),
                    QColor(0x2f81b7), QColor(0x6cb8e6), QColor(0x7d8590)});
}

}  // namespace

Theme themeFromName(const QString& name) {
  if (name == QLatin1String("light")) return Theme::Light;
  if (name == QLatin1String("dark")) return Theme::Dark;
  return Theme::System;
}

QString themeName(Theme theme) {
  switch (theme) {
    case Theme::Light:
      return QStringLiteral("light");
    case Theme::Dark:
      return QStringLiteral("dark");
    case Theme::System:
      break;
  }
  return QStringLiteral("system");
}

void applyTheme(Theme theme) {
  switch (theme) {
    case Theme::System: {
      QApplication::setPalette(QPalette());
      // Qt's own has no dim colour for the placeholder of a field that is disabled.
      const QColor dim = QApplication::palette().color(QPalette::Disabled, QPalette::Text);
      QPalette change;
      change.setColor(QPalette::Disabled, QPalette::PlaceholderText, dim);
      QApplication::setPalette(change);
      break;
    }
    case Theme::Light:
      QApplication::setPalette(lightPalette());
      break;
    case Theme::Dark:
      QApplication::setPalette(darkPalette());
      break;
  }
}

bool isDark(const QPalette& palette) {
  return palette.color(QPalette::WindowText).lightness() > palette.color(QPalette::Window).lightness();
}

QColor mix(const QColor& a, const QColor& b, double amount) {
  const auto channel = [amount](float from, float to) { return static_cast<float>(from + (to - from) * amount); };
  return QColor::fromRgbF(channel(a.redF(), b.redF()), channel(a.greenF(), b.greenF()), channel(a.blueF(), b.blueF()));
}

Colours colours(const QPalette& palette) {
  const QColor window = palette.color(QPalette::Window);
  const QColor text = palette.color(QPalette::WindowText);
  const bool dark = isDark(palette);
  Colours result;
  result.before = dark ? QColor(0x56b4e9) : QColor(0x0072b2);
  result.after = dark ? QColor(0xf0b028) : QColor(0xe08a00);
  result.good = dark ? QColor(0x2fbf94) : QColor(0x00805e);
  result.bad = dark ? QColor(0xf07a3c) : QColor(0xc24e00);
  result.muted = mix(window, text, 0.62);
  // Dark cards are lighter than the window, so that the dark fields in them are seen.
  result.card = dark ? mix(window, text, 0.06) : palette.color(QPalette::Base);
  result.line = mix(window, text, dark ? 0.2 : 0.16);
  result.canvas = mix(palette.color(QPalette::Base), text, dark ? 0.04 : 0.06);
  return result;
}

}  // namespace whorl::ui
