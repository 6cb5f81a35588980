// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/grid_delegate.h"

#include <QApplication>
#include <QPainter>

#include <algorithm>
#include <cmath>

#include "ui/evaluate/grid_model.h"
#include "ui/style/theme.h"

namespace whorl::ui {

namespace {

constexpr int kRoom = 5;
/// From here on the tint of a difference is as strong as it gets, points.
constexpr double kStrong = 5;
/// Differences within this are a matter of the sample, points.
constexpr double kEven = 0.25;

/// Blue above and orange below, which the colour-blind can tell apart; the arrow says it, too.
QColor differenceColour(const QPalette& palette, double points) {
  if (std::abs(points) < kEven) return palette.color(QPalette::Text);
  const bool dark = isDark(palette);
  if (points > 0) return dark ? QColor(0x6FBDF2) : QColor(0x0B6FB8);
  return dark ? QColor(0xFFA566) : QColor(0xB4520A);
}

QString withArrow(const QString& note, double points) {
  if (std::abs(points) < kEven) return note;
  return (points > 0 ? QStringLiteral("▲ ") : QStringLiteral("▼ ")) + note;
}

}  // namespace

void GridDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const {
  QStyleOptionViewItem ground = option;
  initStyleOption(&ground, index);
  ground.text.clear();
  const QWidget* widget = option.widget;
  QStyle* style = widget ? widget->style() : QApplication::style();
  const bool selected = option.state & QStyle::State_Selected;
  const int state = index.data(GridModel::StateRole).toInt();
  const QVariant difference = index.data(GridModel::DifferenceRole);
  const QPalette& palette = option.palette;
  const Colours theme = colours(palette);
  if (!selected && difference.isValid()) {
    const double points = difference.toDouble();
    const double strength = std::abs(points) < kEven ? 0 : std::min(std::abs(points) / kStrong, 1.0);
    ground.backgroundBrush =
        mix(palette.color(QPalette::Base), differenceColour(palette, points), 0.05 + 0.15 * strength);
    if (strength == 0) ground.backgroundBrush = QBrush();
  }
  style->drawControl(QStyle::CE_ItemViewItem, &ground, painter, widget);

  painter->save();
  const bool active = option.state & QStyle::State_Active;
  const QPalette::ColorGroup group = active ? QPalette::Active : QPalette::Inactive;
  const QColor text = palette.color(group, selected ? QPalette::HighlightedText : QPalette::Text);
  const QColor quiet = selected ? text : theme.muted;
  const bool done = state == static_cast<int>(CellState::Done);
  const bool failed = state == static_cast<int>(CellState::Failed);
  if (state == static_cast<int>(CellState::Running)) {
    painter->fillRect(QRect(option.rect.left(), option.rect.top(), 3, option.rect.height()),
                      palette.color(QPalette::Highlight));
  }
  const QString note = index.data(GridModel::NoteRole).toString();
  const QRect area = option.rect.adjusted(kRoom, 2, -kRoom, -2);
  const QRect upper = note.isEmpty() ? area : QRect(area.left(), area.top(), area.width(), area.height() / 2);
  const QRect lower(area.left(), area.top() + area.height() / 2, area.width(), area.height() - area.height() / 2);
  QFont font = option.font;
  font.setBold(done);
  painter->setFont(font);
  painter->setPen(done ? text : failed && !selected ? theme.bad : quiet);
  const int vertical = note.isEmpty() ? Qt::AlignVCenter : Qt::AlignBottom;
  painter->drawText(upper, Qt::AlignHCenter | vertical,
                    painter->fontMetrics().elidedText(index.data().toString(), Qt::ElideRight, upper.width()));
  font.setBold(false);
  font.setPointSizeF(std::max(option.font.pointSizeF() * 0.88, 6.0));
  painter->setFont(font);
  const double points = difference.toDouble();
  painter->setPen(difference.isValid() && !selected ? differenceColour(palette, points) : quiet);
  const QString below = difference.isValid() ? withArrow(note, points) : note;
  painter->drawText(lower, Qt::AlignHCenter | Qt::AlignTop,
                    painter->fontMetrics().elidedText(below, Qt::ElideRight, lower.width()));
  painter->restore();
}

QSize GridDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const {
  const QFontMetrics metrics(option.font);
  return {metrics.horizontalAdvance(QStringLiteral("published 99.99")) + 4 * kRoom, 2 * metrics.height() + 8};
}

}  // namespace whorl::ui
