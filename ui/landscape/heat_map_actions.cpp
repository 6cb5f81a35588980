// SPDX-License-Identifier: GPL-3.0-or-later
// What a person does with a landscape by keys and menus.
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMenu>
#include <QToolButton>

#include <algorithm>

#include "ui/landscape/heat_map_view.h"
#include "ui/landscape/relief_view.h"
#include "ui/style/icons.h"
#include "ui/widgets/own_keys.h"
#include "ui/widgets/save_dialog.h"

namespace whorl::ui {

void HeatMapView::showAll() {
  m_canvas.showAll();
  m_canvas.replot();
}

void HeatMapView::copyToClipboard() {
  if (!empty()) QApplication::clipboard()->setPixmap(m_fromTheSide->isChecked() ? m_relief->grab() : m_canvas.pixmap());
}

QString HeatMapView::exportPicture(const QString& path) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  if (suffix != u"png" && suffix != u"svg" && suffix != u"pdf") {
    return tr("“.%1” is not a format for plots. Use .png, .svg or .pdf.").arg(suffix);
  }
  if (empty()) return tr("There is no landscape yet.");
  if (m_fromTheSide->isChecked()) return m_relief->exportPicture(path);
  return m_canvas.save(path, m_layerTitle)
             ? QString()
             : tr("%1 could not be written. Choose another folder, or free some space.").arg(path);
}

void HeatMapView::fillMenu(QMenu* menu) {
  const bool full = !empty();
  menu->addAction(icon(QStringLiteral("copy")), tr("Copy picture"), this, &HeatMapView::copyToClipboard)
      ->setEnabled(full);
  menu->addSeparator();
  for (const char* suffix : {"png", "svg", "pdf"}) {
    menu->addAction(tr("Export plot as %1…").arg(QString::fromLatin1(suffix).toUpper()), this,
                    [this, suffix] { exportWithDialog(QString::fromLatin1(suffix)); })
        ->setEnabled(full);
  }
  menu->addSeparator();
  for (const char* suffix : {"csv", "npy", "npz", "vtk"}) {
    menu->addAction(tr("Export values as %1…").arg(QString::fromLatin1(suffix).toUpper()), this,
                    [this, suffix] { Q_EMIT exportDataWanted(QString::fromLatin1(suffix)); })
        ->setEnabled(full);
  }
}

void HeatMapView::exportWithDialog(const QString& suffix) {
  askWhereToSave(this, tr("Export the landscape"), suffix, [this](const QString& path) {
    const QString problem = exportPicture(path);
    if (!problem.isEmpty()) Q_EMIT exportFailed(problem);
  });
}

void HeatMapView::contextMenuEvent(QContextMenuEvent* event) {
  hideTip();
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->addAction(icon(QStringLiteral("explore")), tr("Open the picked point in Explore"), this, &HeatMapView::chosen)
      ->setEnabled(!empty());
  menu->addAction(icon(QStringLiteral("zoom-fit")), tr("Show all"), this, &HeatMapView::showAll)->setEnabled(!empty());
  menu->addSeparator();
  fillMenu(menu);
  menu->popup(event->globalPos());
}

bool HeatMapView::event(QEvent* event) {
  claimKeys(event, {Qt::Key_Plus, Qt::Key_Minus, Qt::Key_Left, Qt::Key_Right, Qt::Key_Up, Qt::Key_Down, Qt::Key_Home,
                    Qt::Key_0, Qt::Key_Return, Qt::Key_Enter});
  return QWidget::event(event);
}

void HeatMapView::keyPressEvent(QKeyEvent* event) {
  if (empty()) return QWidget::keyPressEvent(event);
  if (event->matches(QKeySequence::Copy)) return copyToClipboard();
  // As in other plots + − zoom; the arrows move the picked point, with Shift what is seen.
  const bool shift = event->modifiers() & Qt::ShiftModifier;
  const auto move = [&](int x, int y) {
    if (!shift) return step(x, y);
    m_canvas.pan(0.1 * x, 0.1 * y);
    m_canvas.replot();
  };
  switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Minus:
      m_canvas.zoom(event->key() == Qt::Key_Plus ? 0.8 : 1.25);
      return m_canvas.replot();
    case Qt::Key_Left:
      return move(-1, 0);
    case Qt::Key_Right:
      return move(1, 0);
    case Qt::Key_Up:
      return move(0, 1);
    case Qt::Key_Down:
      return move(0, -1);
    case Qt::Key_Home:
    case Qt::Key_0:
      return showAll();
    case Qt::Key_Return:
    case Qt::Key_Enter:
      Q_EMIT chosen();
      return;
    default:
      QWidget::keyPressEvent(event);
  }
}

void HeatMapView::step(int columns, int rows) {
  const auto width = static_cast<std::ptrdiff_t>(m_surface->x.size());
  const auto height = static_cast<std::ptrdiff_t>(m_surface->y.size());
  const auto index = static_cast<std::ptrdiff_t>(picked()->index);
  const auto column = std::clamp<std::ptrdiff_t>(index % width + columns, 0, width - 1);
  const auto row = std::clamp<std::ptrdiff_t>(index / width + rows, 0, height - 1);
  pick({m_surface->x[static_cast<std::size_t>(column)], m_surface->y[static_cast<std::size_t>(row)]});
}

}  // namespace whorl::ui
