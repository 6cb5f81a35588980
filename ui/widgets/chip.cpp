// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/chip.h"

#include <QPainter>

#include "ui/style/theme.h"

namespace whorl::ui {

Chip::Chip(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  hide();
}

void Chip::set(const QString& text, Kind kind) {
  m_text = text;
  m_kind = kind;
  setAccessibleName(text);
  setVisible(!text.isEmpty());
  updateGeometry();
  update();
}

QSize Chip::sizeHint() const {
  QFont bold = font();
  bold.setBold(true);
  const QFontMetrics metrics(bold);
  return {metrics.horizontalAdvance(m_text) + 18, metrics.height() + 4};
}

void Chip::paintEvent(QPaintEvent*) {
  const Colours ink = colours(palette());
  const QColor colour = m_kind == Kind::Good ? ink.good : m_kind == Kind::Bad ? ink.bad : ink.muted;
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(colour, 1.2));
  painter.setBrush(mix(palette().color(QPalette::Window), colour, 0.15));
  painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), height() / 2.0 - 1, height() / 2.0 - 1);
  QFont bold = font();
  bold.setBold(true);
  painter.setFont(bold);
  painter.setPen(mix(colour, palette().color(QPalette::WindowText), 0.25));
  painter.drawText(rect(), Qt::AlignCenter, m_text);
}

}  // namespace whorl::ui
