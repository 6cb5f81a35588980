// SPDX-License-Identifier: GPL-3.0-or-later
// What can be done with a plane: keys, values under the cursor, true and false regions, files.
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMenu>
#include <QSaveFile>
#include <QSvgGenerator>

#include <algorithm>
#include <cmath>

#include "ui/plots/qcp.h"
#include "ui/style/icons.h"
#include "ui/theory/plane_view.h"
#include "ui/theory/plane_view_parts.h"
#include "ui/widgets/own_keys.h"
#include "ui/widgets/save_dialog.h"

namespace whorl::ui {
namespace {

constexpr QSize kExportSize(640, 640);
/// Steps of the keyboard's cross across the plane.
constexpr double kSteps = 60;
constexpr int kLargeStep = 6;

}  // namespace

/// Which points are accepted though the answer is wrong.
void PlaneView::drawRings() {
  m_parts->rings->data()->clear();
  if (m_classes.size() != m_data.size() || m_scores.size() != m_data.size()) return;
  for (std::size_t i = 0; i < m_data.size(); ++i) {
    if (m_classes[i] == m_data[i].label || !(m_scores[i] < m_threshold)) continue;
    m_parts->rings->addData(m_data[i].at.x, m_data[i].at.y);
  }
}

/// A field has some ten thousand places, a toy some hundred points: milliseconds, and once for a field. Of very many
/// points an even part says enough.
void PlaneView::findNearest() {
  if (!m_coloured || !m_nearestLabel.empty() || m_data.empty() || m_field.resolution == 0) return;
  constexpr std::size_t kMost = 1000;
  const std::size_t stride = (m_data.size() + kMost - 1) / kMost;
  m_nearestLabel.resize(m_field.scores.size());
  for (int row = 0; row < m_field.resolution; ++row) {
    for (int column = 0; column < m_field.resolution; ++column) {
      const PlanarPoint at = m_field.at(column, row);
      double best = INFINITY;
      int label = 0;
      for (std::size_t i = 0; i < m_data.size(); i += stride) {
        const PlanarSample& sample = m_data[i];
        const double x = sample.at.x - at.x, y = sample.at.y - at.y;
        const double square = x * x + y * y;
        if (square < best) best = square, label = sample.label;
      }
      m_nearestLabel[m_field.index(column, row)] = label;
    }
  }
}

std::optional<std::pair<double, int>> PlaneView::valueAt(const QPointF& place) const {
  if (m_field.resolution < 2) return std::nullopt;
  const double step = m_field.box.side / (m_field.resolution - 1);
  const auto column = static_cast<int>(std::lround((place.x() - m_field.box.low.x) / step));
  const auto row = static_cast<int>(std::lround((place.y() - m_field.box.low.y) / step));
  if (column < 0 || row < 0 || column >= m_field.resolution || row >= m_field.resolution) return std::nullopt;
  const std::size_t index = m_field.index(column, row);
  return std::pair(m_field.scores[index], m_field.classes[index]);
}

void PlaneView::moveCross(int columns, int rows) {
  const QCPRange x = m_parts->plot->xAxis->range(), y = m_parts->plot->yAxis->range();
  const QPointF last = m_cross.value_or(QPointF(x.center(), y.center()));
  m_cross = QPointF(std::clamp(last.x() + columns * x.size() / kSteps, x.lower, x.upper),
                    std::clamp(last.y() + rows * y.size() / kSteps, y.lower, y.upper));
  drawCross();
  Q_EMIT hovered(*m_cross);
}

void PlaneView::drawCross() {
  m_parts->cross->data()->clear();
  if (m_cross && hasFocus()) m_parts->cross->addData(m_cross->x(), m_cross->y());
  redraw();
}

bool PlaneView::event(QEvent* event) {
  claimKeys(event, {Qt::Key_Left, Qt::Key_Right, Qt::Key_Up, Qt::Key_Down, Qt::Key_Home, Qt::Key_Space, Qt::Key_Return,
                    Qt::Key_Enter});
  return QWidget::event(event);
}

void PlaneView::keyPressEvent(QKeyEvent* event) {
  if (event->matches(QKeySequence::Copy)) return copyToClipboard();
  const int step = event->modifiers() & Qt::ShiftModifier ? kLargeStep : 1;
  switch (event->key()) {
    case Qt::Key_Left:
      return moveCross(-step, 0);
    case Qt::Key_Right:
      return moveCross(step, 0);
    case Qt::Key_Up:
      return moveCross(0, step);
    case Qt::Key_Down:
      return moveCross(0, -step);
    case Qt::Key_Home:
      return showAll();
    case Qt::Key_Space:
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (!m_cross) moveCross(0, 0);
      Q_EMIT pressed(*m_cross, false);
      return;
    default:
      QWidget::keyPressEvent(event);
  }
}

void PlaneView::focusInEvent(QFocusEvent* event) {
  QWidget::focusInEvent(event);
  drawCross();
}

void PlaneView::focusOutEvent(QFocusEvent* event) {
  QWidget::focusOutEvent(event);
  drawCross();
}

void PlaneView::contextMenuEvent(QContextMenuEvent* event) {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->addAction(icon(QStringLiteral("zoom-fit")), tr("Show all"), this, &PlaneView::showAll);
  menu->addSeparator();
  menu->addAction(icon(QStringLiteral("copy")), tr("Copy picture"), this, &PlaneView::copyToClipboard);
  for (const char* suffix : {"png", "svg", "pdf", "csv"}) {
    const QString name = QString::fromLatin1(suffix);
    QAction* action =
        menu->addAction(tr("Export as %1…").arg(name.toUpper()), this, [this, name] { exportWithDialog(name); });
    action->setEnabled(name != u"csv" || m_field.resolution > 0);
  }
  menu->popup(event->globalPos());
}

void PlaneView::copyToClipboard() {
  QApplication::clipboard()->setPixmap(m_parts->plot->toPixmap(kExportSize.width(), kExportSize.height(), 2.0));
}

QString PlaneView::exportTo(const QString& path) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  QCustomPlot* plot = m_parts->plot;
  const int width = kExportSize.width(), height = kExportSize.height();
  bool written = false;
  if (suffix == u"png") {
    written = plot->savePng(path, width, height, 2.0);
  } else if (suffix == u"pdf") {
    written = plot->savePdf(path, width, height);
  } else if (suffix == u"svg") {
    QSaveFile file(path);
    QSvgGenerator generator;
    generator.setOutputDevice(&file);
    generator.setSize(kExportSize);
    generator.setViewBox(QRect(QPoint(), kExportSize));
    generator.setTitle(m_title);
    QCPPainter painter;
    if (file.open(QIODevice::WriteOnly) && painter.begin(&generator)) {
      painter.setMode(QCPPainter::pmVectorized);
      painter.setMode(QCPPainter::pmNoCaching);
      plot->toPainter(&painter, width, height);
      painter.end();
      written = file.commit();
    }
  } else if (suffix == u"csv") {
    QByteArray text = "x,y,score,class,accepted\n";
    const auto number = [](double value) { return QByteArray::number(value, 'g', 17); };
    for (int row = 0; row < m_field.resolution; ++row) {
      for (int column = 0; column < m_field.resolution; ++column) {
        const PlanarPoint at = m_field.at(column, row);
        const std::size_t index = m_field.index(column, row);
        text += number(at.x) + ',' + number(at.y) + ',' + number(m_field.scores[index]) + ',' +
                QByteArray::number(m_field.classes[index]) + ',' + (m_field.scores[index] < m_threshold ? "1" : "0") +
                '\n';
      }
    }
    QSaveFile file(path);
    written = file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit();
  } else {
    return tr("“.%1” is not a format for planes. Use .png, .svg, .pdf or .csv.").arg(suffix);
  }
  return written ? QString() : tr("%1 could not be written. Choose another folder, or free some space.").arg(path);
}

void PlaneView::exportWithDialog(const QString& suffix) {
  askWhereToSave(this, tr("Export the plane"), suffix, [this](const QString& path) {
    const QString problem = exportTo(path);
    if (!problem.isEmpty()) Q_EMIT exportFailed(problem);
  });
}

}  // namespace whorl::ui
