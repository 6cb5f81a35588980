// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/compare/compare_grid.h"

#include <QLocale>

#include <algorithm>

namespace whorl::ui {

namespace {

/// Pixels stay squares: these pictures are small, and smoothing would hide what an attack did.
QImage thumbnail(const QImage& picture) {
  return picture.scaled(CompareGrid::kSide, CompareGrid::kSide, Qt::KeepAspectRatio, Qt::FastTransformation);
}

QString verdict(const CompareCell& cell) {
  const QString answer =
      QStringLiteral("%1 · %2 %").arg(cell.answer, QLocale().toString(100 * cell.probability, 'f', 1));
  if (!cell.accepted) return answer;
  return answer + QStringLiteral("\n") + (*cell.accepted ? CompareGrid::tr("accepted") : CompareGrid::tr("rejected"));
}

QString words(const CompareCell& cell) {
  switch (cell.state) {
    case CompareCell::State::Waiting:
      return QStringLiteral("–");
    case CompareCell::State::Running:
      return CompareGrid::tr("…");
    case CompareCell::State::Failed:
      return CompareGrid::tr("failed");
    case CompareCell::State::Done:
      return (cell.fooled ? QStringLiteral("✗ ") : QStringLiteral("✓ ")) + verdict(cell);
  }
  return {};
}

QString tip(const CompareCell& cell) {
  if (cell.state == CompareCell::State::Failed) return cell.problem.toHtmlEscaped();
  if (cell.state != CompareCell::State::Done) return {};
  const QLocale locale;
  return CompareGrid::tr("%1. Change: L2 %2, L∞ %3. A double click opens it on the Explore page.")
      .arg(cell.fooled ? CompareGrid::tr("Not what it is") : CompareGrid::tr("Rightly read"),
           locale.toString(cell.l2, 'g', 3), locale.toString(cell.linf, 'g', 3));
}

}  // namespace

CompareGrid::CompareGrid(QObject* parent) : QAbstractTableModel(parent) {}

void CompareGrid::restart(const std::vector<ModelInfo>& models, const std::vector<CompareColumn>& columns) {
  beginResetModel();
  m_models = models;
  m_columns = columns;
  m_cells.assign(models.size() * columns.size(), {});
  endResetModel();
}

void CompareGrid::setCell(int row, int column, const CompareCell& cell) {
  if (row < 0 || row >= rowCount() || column < 0 || column >= columnCount()) return;
  CompareCell& kept = m_cells[place(row, column)];
  kept = cell;
  if (!kept.picture.isNull()) kept.picture = thumbnail(kept.picture);
  const QModelIndex changed = index(row, column);
  Q_EMIT dataChanged(changed, changed);
}

void CompareGrid::giveUp() {
  for (CompareCell& cell : m_cells) {
    if (cell.state == CompareCell::State::Running) cell.state = CompareCell::State::Waiting;
  }
  if (!m_cells.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

const CompareCell& CompareGrid::cell(int row, int column) const { return m_cells[place(row, column)]; }

int CompareGrid::doneCount() const {
  return static_cast<int>(std::count_if(m_cells.begin(), m_cells.end(), [](const CompareCell& cell) {
    return cell.state == CompareCell::State::Done || cell.state == CompareCell::State::Failed;
  }));
}

int CompareGrid::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_models.size());
}

int CompareGrid::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_columns.size());
}

QVariant CompareGrid::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const CompareCell& shown = cell(index.row(), index.column());
  switch (role) {
    case Qt::DisplayRole:
      return words(shown);
    case Qt::DecorationRole:
      return shown.picture.isNull() ? QVariant() : QVariant(shown.picture);
    case Qt::ToolTipRole:
      return tip(shown);
    case Qt::TextAlignmentRole:
      return int(Qt::AlignHCenter | Qt::AlignTop);
    case Qt::AccessibleTextRole:
      return CompareGrid::tr("%1, %2: %3")
          .arg(headerData(index.row(), Qt::Vertical, Qt::DisplayRole).toString(),
               headerData(index.column(), Qt::Horizontal, Qt::DisplayRole).toString(), words(shown));
    default:
      return {};
  }
}

QVariant CompareGrid::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole && role != Qt::ToolTipRole) return {};
  if (orientation == Qt::Horizontal) return m_columns[static_cast<std::size_t>(section)].title;
  return QString::fromStdString(m_models[static_cast<std::size_t>(section)].name);
}

}  // namespace whorl::ui
