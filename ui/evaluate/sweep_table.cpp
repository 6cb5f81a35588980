// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/sweep_table.h"

#include <QHeaderView>
#include <QSignalBlocker>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ui/jobs/format.h"

namespace whorl::ui {

namespace {

constexpr int kDetector = Qt::UserRole;
constexpr int kAttack = Qt::UserRole + 1;
/// Above it viridis is light: dark text is read better there.
constexpr double kLight = 0.55;

double valueOf(const RecipeCell* cell, GridMetric metric) {
  if (!cell || cell->state != CellState::Done || !cell->figures) return std::nan("");
  const auto figure = metricValue(*cell->figures, metric);
  return figure ? figure->value : std::nan("");
}

QString parameterName(const std::string& name) { return QString::fromStdString(name).replace(u'_', u' '); }

QTableWidgetItem* itemOf(const RecipeCell* cell, double value, double share, const QString& where) {
  auto* item = new QTableWidgetItem(hundredths(value));
  item->setFlags(cell ? Qt::ItemIsEnabled | Qt::ItemIsSelectable : Qt::NoItemFlags);
  item->setTextAlignment(Qt::AlignCenter);
  if (!cell) return item;
  item->setData(kDetector, QString::fromStdString(cell->detector));
  item->setData(kAttack, QString::fromStdString(cell->attack));
  const bool known = std::isfinite(value);
  item->setToolTip(known ? where : SweepTable::tr("%1: not computed yet").arg(where));
  if (!known) return item;
  const auto [red, green, blue] = sweepColour(share);
  item->setBackground(QColor(red, green, blue));
  item->setForeground(share > kLight ? QColor(0x11, 0x11, 0x11) : QColor(Qt::white));
  return item;
}

}  // namespace

SweepTable::SweepTable(QWidget* parent) : QTableWidget(parent) {
  setObjectName(QStringLiteral("sweep"));
  setAccessibleName(tr("Sweep as a heat map"));
  setEditTriggers(NoEditTriggers);
  setSelectionMode(SingleSelection);
  setCornerButtonEnabled(false);
  setTabKeyNavigation(false);
  setFrameShape(NoFrame);
  horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  horizontalHeader()->setHighlightSections(false);
  verticalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  verticalHeader()->setHighlightSections(false);
  verticalHeader()->setDefaultAlignment(Qt::AlignRight | Qt::AlignVCenter);
  connect(this, &QTableWidget::currentItemChanged, this, [this](QTableWidgetItem* item) {
    if (item) Q_EMIT cellChosen(item->data(kDetector).toString(), item->data(kAttack).toString());
  });
}

bool SweepTable::showSweep(const RecipeResult& result, const RecipeCell& cell, GridMetric metric) {
  const QSignalBlocker quiet(this);
  clear();
  setRowCount(0);
  const auto map = sweepMap(sweptCells(result, cell.detectorFamily, cell.attack));
  if (!map) return false;
  std::vector<double> values;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const RecipeCell* one : map->cells) {
    const double value = values.emplace_back(valueOf(one, metric));
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  }
  const int columns = static_cast<int>(map->x.size()), rows = static_cast<int>(map->y.size());
  setColumnCount(columns);
  setRowCount(rows);
  const auto name = [](const std::string& parameter, double value) {
    return QStringLiteral("%1 = %2").arg(parameterName(parameter), numberText(value));
  };
  for (int column = 0; column < columns; ++column) {
    setHorizontalHeaderItem(column, new QTableWidgetItem(name(map->xName, map->x[static_cast<std::size_t>(column)])));
  }
  for (int row = 0; row < rows; ++row) {
    // The greatest above, as in a plot.
    const auto y = static_cast<std::size_t>(rows - 1 - row);
    setVerticalHeaderItem(row, new QTableWidgetItem(name(map->yName, map->y[y])));
    for (int column = 0; column < columns; ++column) {
      const std::size_t index = y * map->x.size() + static_cast<std::size_t>(column);
      const double share = high > low ? (values[index] - low) / (high - low) : 1;
      const QString where = name(map->xName, map->x[static_cast<std::size_t>(column)]) + QStringLiteral(", ") +
                            name(map->yName, map->y[y]);
      setItem(row, column, itemOf(map->cells[index], values[index], share, where));
      if (map->cells[index] && map->cells[index]->detector == cell.detector) setCurrentCell(row, column);
    }
  }
  return true;
}

}  // namespace whorl::ui
