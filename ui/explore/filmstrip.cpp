// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/filmstrip.h"

#include <QPainter>
#include <QScrollBar>
#include <QStyledItemDelegate>
#include <QWheelEvent>

#include <algorithm>

#include "ui/style/theme.h"

namespace whorl::ui {
namespace {

class ThumbnailDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;

  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override {
    return {Filmstrip::kCell, Filmstrip::kCell};
  }

  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const Colours ink = colours(option.palette);
    const QRect cell = option.rect.adjusted(4, 4, -4, -4);
    const auto image = index.data(Qt::DecorationRole).value<QImage>();
    if (image.isNull()) {
      painter->fillRect(cell, ink.canvas);
    } else {
      const QSize size = image.size().scaled(cell.size(), Qt::KeepAspectRatio);
      const QRect place(cell.center() - QPoint(size.width() / 2 - 1, size.height() / 2 - 1), size);
      painter->setRenderHint(QPainter::SmoothPixmapTransform, image.width() > size.width());
      painter->drawImage(place, image);
    }
    const bool chosen = option.state & QStyle::State_Selected;
    const bool over = option.state & QStyle::State_MouseOver;
    if (chosen || over) {
      painter->setRenderHint(QPainter::Antialiasing);
      painter->setPen(QPen(chosen ? option.palette.color(QPalette::Highlight) : ink.line, chosen ? 2.5 : 1.5));
      painter->setBrush(Qt::NoBrush);
      painter->drawRoundedRect(QRectF(option.rect).adjusted(2, 2, -2, -2), 4, 4);
    }
  }
};

}  // namespace

Filmstrip::Filmstrip(QWidget* parent) : QListView(parent) {
  setFlow(QListView::LeftToRight);
  setWrapping(false);
  setUniformItemSizes(true);
  setLayoutMode(QListView::SinglePass);
  setItemDelegate(new ThumbnailDelegate(this));
  setSelectionMode(QAbstractItemView::SingleSelection);
  setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFrameShape(QFrame::NoFrame);
  setMouseTracking(true);
  viewport()->setAutoFillBackground(false);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAccessibleName(tr("Images"));
}

QSize Filmstrip::sizeHint() const { return {400, kCell + 2}; }

void Filmstrip::selectRow(int row) {
  if (!model() || row < 0 || row >= model()->rowCount()) return;
  setCurrentIndex(model()->index(row, 0));
}

void Filmstrip::wheelEvent(QWheelEvent* event) {
  const QPoint angle = event->angleDelta();
  QScrollBar* bar = horizontalScrollBar();
  bar->setValue(bar->value() - (angle.x() != 0 ? angle.x() : angle.y()));
  event->accept();
}

void Filmstrip::currentChanged(const QModelIndex& current, const QModelIndex& previous) {
  QListView::currentChanged(current, previous);
  if (current.isValid() && current != previous) Q_EMIT rowChosen(current.row());
}

}  // namespace whorl::ui
