// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/column_area.h"

#include <QEvent>
#include <QScrollBar>

namespace whorl::ui {

ColumnArea::ColumnArea(QWidget* parent) : QScrollArea(parent) {
  setFrameShape(QFrame::NoFrame);
  setWidgetResizable(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
}

bool ColumnArea::eventFilter(QObject* watched, QEvent* event) {
  const bool news = event->type() == QEvent::LayoutRequest || event->type() == QEvent::Resize;
  if (watched == widget() && news) fitWidth();
  return QScrollArea::eventFilter(watched, event);
}

void ColumnArea::fitWidth() {
  const int wanted = widget()->minimumSizeHint().width() + verticalScrollBar()->sizeHint().width() + 2 * frameWidth();
  if (wanted != minimumWidth()) setMinimumWidth(wanted);
}

}  // namespace whorl::ui
