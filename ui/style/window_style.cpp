// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/style/window_style.h"

#include <QPainter>
#include <QStyleOption>

#include "ui/style/theme.h"

namespace whorl::ui {

namespace {
constexpr int kHeadingRoom = 8;
}  // namespace

void WindowStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                                const QWidget* widget) const {
  QProxyStyle::drawPrimitive(element, option, painter, widget);
  const bool box = element == PE_IndicatorCheckBox || element == PE_IndicatorItemViewItemCheck;
  if (!box || !isDark(option->palette)) return;
  // Fusion's own frame is darker than the window.
  painter->save();
  painter->setPen(mix(option->palette.color(QPalette::Window), option->palette.color(QPalette::WindowText), 0.45));
  painter->setBrush(Qt::NoBrush);
  painter->drawRect(QRect(option->rect).adjusted(0, 0, -1, -1));
  painter->restore();
}

int WindowStyle::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
  return metric == PM_HeaderMargin ? kHeadingRoom : QProxyStyle::pixelMetric(metric, option, widget);
}

}  // namespace whorl::ui
