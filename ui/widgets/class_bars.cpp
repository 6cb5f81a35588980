// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/class_bars.h"

#include <QHelpEvent>
#include <QLocale>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

#include "ui/style/theme.h"

namespace whorl::ui {
namespace {
constexpr int kGap = 8;
constexpr int kTop = 2;
}  // namespace

ClassBars::ClassBars(Format format, QWidget* parent) : QWidget(parent), m_format(format) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ClassBars::setClassNames(const QStringList& names) {
  m_names = names;
  changed();
}

void ClassBars::setValues(const std::vector<double>& before, const std::vector<double>& after) {
  m_before = before;
  m_after = after;
  changed();
}

void ClassBars::setThreshold(std::optional<double> threshold) {
  m_threshold = threshold;
  changed();
}

void ClassBars::setOrder(const std::vector<int>& order) {
  m_order = order;
  changed();
}

void ClassBars::setPlaceholder(const QString& text) {
  m_placeholder = text;
  update();
}

void ClassBars::changed() {
  QStringList lines;
  for (int row = 0; row < rows(); ++row) lines << describe(classOf(row));
  setAccessibleDescription(lines.join(QStringLiteral("; ")));
  updateGeometry();
  update();
}

int ClassBars::rows() const { return static_cast<int>(std::max(m_before.size(), m_after.size())); }

int ClassBars::rowHeight() const { return std::max(20, fontMetrics().height() + 4); }

int ClassBars::classOf(int row) const {
  return static_cast<int>(m_order.size()) == rows() ? m_order[static_cast<std::size_t>(row)] : row;
}

QString ClassBars::text(double value) const {
  if (m_format == Format::Number) return locale().toString(value, 'f', 3);
  return locale().toString(100 * value, 'f', 1) + QStringLiteral(" %");
}

double ClassBars::largest() const {
  if (m_format == Format::Percent) return 1;
  double value = m_threshold.value_or(0) * 1.25;
  for (double v : m_before) value = std::max(value, v);
  for (double v : m_after) value = std::max(value, v);
  return value > 0 ? value : 1;
}

QString ClassBars::describe(int classIndex) const {
  const auto k = static_cast<std::size_t>(classIndex);
  QString line = m_names.value(classIndex, QString::number(classIndex));
  if (k < m_before.size()) line += tr(": original %1").arg(text(m_before[k]));
  if (k < m_after.size()) line += tr(", result %1").arg(text(m_after[k]));
  return line;
}

QSize ClassBars::sizeHint() const { return {260, kTop + std::max(rows(), 4) * rowHeight()}; }

QSize ClassBars::minimumSizeHint() const { return {170, sizeHint().height()}; }

ClassBars::Columns ClassBars::columns() const {
  Columns at;
  for (const QString& name : m_names) at.name = std::max(at.name, fontMetrics().horizontalAdvance(name) + 2);
  at.name = std::min(at.name, width() / 3);
  at.number = fontMetrics().horizontalAdvance(text(m_format == Format::Percent ? 1.0 : 0.888));
  at.barsX = at.name + kGap;
  at.barsWidth = std::max(20, width() - at.barsX - at.number - kGap);
  return at;
}

void ClassBars::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  const Colours ink = colours(palette());
  if (rows() == 0) {
    painter.setPen(ink.muted);
    painter.drawText(rect(), Qt::AlignTop | Qt::AlignLeft | Qt::TextWordWrap, m_placeholder);
    return;
  }
  const Columns at = columns();
  const double scale = at.barsWidth / largest();
  const int bottom = kTop + rows() * rowHeight();
  if (m_threshold) {
    const double x = at.barsX + *m_threshold * scale;
    painter.fillRect(QRectF(at.barsX, kTop, x - at.barsX, bottom - kTop),
                     mix(palette().color(QPalette::Base), ink.good, 0.13));
  }
  for (int row = 0; row < rows(); ++row) drawRow(painter, row, at, scale);
  if (m_threshold) {
    const double x = at.barsX + *m_threshold * scale;
    painter.setPen(QPen(ink.good, 1.5, Qt::DashLine));
    painter.drawLine(QPointF(x, kTop), QPointF(x, bottom));
  }
}

void ClassBars::drawRow(QPainter& painter, int row, const Columns& at, double scale) const {
  const Colours ink = colours(palette());
  const int k = classOf(row);
  const QRect line(0, kTop + row * rowHeight(), width(), rowHeight());
  const bool beforeIs = k < static_cast<int>(m_before.size());
  const bool afterIs = k < static_cast<int>(m_after.size());
  painter.setPen(palette().color(QPalette::Text));
  painter.drawText(QRect(0, line.y(), at.name, line.height()), Qt::AlignVCenter | Qt::AlignRight,
                   fontMetrics().elidedText(m_names.value(k, QString::number(k)), Qt::ElideRight, at.name));
  const double thick = (line.height() - 6) / 2.0;
  const auto bar = [&](double value, double y, const QColor& colour) {
    painter.fillRect(QRectF(at.barsX, y, std::max(1.0, value * scale), thick), colour);
  };
  painter.fillRect(QRectF(at.barsX, line.bottom(), at.barsWidth, 1), mix(ink.card, ink.line, 0.5));
  if (beforeIs) bar(m_before[static_cast<std::size_t>(k)], line.y() + 3, ink.before);
  if (afterIs) bar(m_after[static_cast<std::size_t>(k)], line.y() + 3 + thick, ink.after);
  if (!afterIs && !beforeIs) return;
  const double shown = afterIs ? m_after[static_cast<std::size_t>(k)] : m_before[static_cast<std::size_t>(k)];
  const bool strong = m_format == Format::Percent ? shown >= 0.005 : m_threshold && shown < *m_threshold;
  painter.setPen(strong ? palette().color(QPalette::Text) : ink.muted);
  painter.drawText(QRect(width() - at.number, line.y(), at.number, line.height()), Qt::AlignVCenter | Qt::AlignRight,
                   text(shown));
}

bool ClassBars::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const int row = (help->pos().y() - kTop) / rowHeight();
  if (row >= 0 && row < rows()) {
    QToolTip::showText(help->globalPos(), describe(classOf(row)), this);
  } else {
    QToolTip::hideText();
  }
  return true;
}

}  // namespace whorl::ui
