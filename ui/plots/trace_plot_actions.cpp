// SPDX-License-Identifier: GPL-3.0-or-later
// The menu and the data of a trace plot: apart from trace_plot.cpp, which alone pays for QCustomPlot's header.
#include <QContextMenuEvent>
#include <QMenu>

#include <cmath>

#include "ui/plots/trace_plot.h"
#include "ui/widgets/save_dialog.h"

namespace whorl::ui {

void TracePlot::contextMenuEvent(QContextMenuEvent* event) {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  const bool some = !m_x.empty();
  menu->addAction(tr("Copy picture"), this, &TracePlot::copyToClipboard)->setEnabled(some);
  for (const char* suffix : {"png", "svg", "pdf"}) {
    menu->addAction(tr("Export %1…").arg(QString::fromLatin1(suffix).toUpper()), this,
                    [this, suffix] { exportWithDialog(QString::fromLatin1(suffix)); })
        ->setEnabled(some);
  }
  menu->addAction(tr("Export data as CSV…"), this, [this] { exportWithDialog(QStringLiteral("csv")); })
      ->setEnabled(some);
  menu->popup(event->globalPos());
}

QString TracePlot::csv() const {
  QStringList cells{m_xLabel};
  for (const Row& row : m_rows) cells << row.key;
  QString text = cells.join(u',') + u'\n';
  for (std::size_t k = 0; k < m_x.size(); ++k) {
    cells = {QString::number(m_x[k], 'g', 17)};
    for (const auto& values : m_values) {
      cells << (std::isfinite(values[k]) ? QString::number(values[k], 'g', 17) : QString());
    }
    text += cells.join(u',') + u'\n';
  }
  return text;
}

void TracePlot::exportWithDialog(const QString& suffix) {
  askWhereToSave(this, tr("Export “%1”").arg(m_title), suffix, [this](const QString& path) {
    const QString problem = exportTo(path);
    if (!problem.isEmpty()) Q_EMIT exportFailed(problem);
  });
}

}  // namespace whorl::ui
