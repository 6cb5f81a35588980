// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QProxyStyle>

namespace whorl::ui {

/// Fusion, but for what can't be seen or read in it: the frames of unchecked boxes on dark ground, and headings that
/// touch their edges.
class WindowStyle : public QProxyStyle {
  Q_OBJECT

 public:
  WindowStyle() : QProxyStyle(QStringLiteral("Fusion")) {}

  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                     const QWidget* widget) const override;
  int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override;
};

}  // namespace whorl::ui
