// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/grid_model.h"

#include <algorithm>
#include <utility>

#include "ui/jobs/format.h"

namespace whorl::ui {

namespace {

QString line(const QString& name, const QString& value) {
  return QStringLiteral("<br>%1: <b>%2</b>").arg(name, value.toHtmlEscaped());
}

QString withInterval(const Figure& figure) {
  const QString interval = intervalText(figure);
  return hundredths(figure.value) + (interval.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(interval));
}

int placeOf(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin());
}

/// A run doesn't say again what its plan expected.
void keepEstimate(RecipeCell& cell, const RecipeCell& before) {
  const bool ahead = cell.state == CellState::Waiting || cell.state == CellState::Running;
  const bool wasAhead = before.state == CellState::Waiting || before.state == CellState::Running;
  if (ahead && wasAhead && cell.seconds == 0) cell.seconds = before.seconds;
}

}  // namespace

GridModel::GridModel(QObject* parent) : QAbstractTableModel(parent) {}

int GridModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_result.detectors.size());
}

int GridModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_result.attacks.size());
}

std::size_t GridModel::placeAt(int row, int column) const {
  return static_cast<std::size_t>(row) * m_result.attacks.size() + static_cast<std::size_t>(column);
}

const RecipeCell* GridModel::cell(const QModelIndex& index) const {
  if (!index.isValid() || index.model() != this) return nullptr;
  const int place = m_places[placeAt(index.row(), index.column())];
  return place < 0 ? nullptr : &m_result.cells[static_cast<std::size_t>(place)];
}

QVariant GridModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const RecipeCell* cell = this->cell(index);
  switch (role) {
    case Qt::DisplayRole:
      return cell ? text(*cell) : QString();
    case Qt::ToolTipRole:
      return cell ? tip(*cell) : tr("The recipe doesn’t ask for this pair.");
    case Qt::TextAlignmentRole:
      return QVariant::fromValue(Qt::Alignment(Qt::AlignCenter));
    case Qt::AccessibleTextRole: {
      const QString row = headerData(index.row(), Qt::Vertical, Qt::DisplayRole).toString();
      const QString column = headerData(index.column(), Qt::Horizontal, Qt::DisplayRole).toString();
      const QStringList parts = {row, column, cell ? text(*cell) : tr("no cell"), cell ? note(*cell) : QString()};
      return parts.join(QStringLiteral(", "));
    }
    case StateRole:
      return cell ? static_cast<int>(cell->state) : -1;
    case NoteRole:
      return cell ? note(*cell) : QString();
    case KeptRole:
      return cell && cell->kept;
    case DifferenceRole: {
      const auto difference =
          cell && m_metric == GridMetric::AucSuccessful ? publishedDifference(*cell) : std::optional<double>();
      return difference ? QVariant(*difference) : QVariant();
    }
    default:
      return {};
  }
}

QVariant GridModel::headerData(int section, Qt::Orientation orientation, int role) const {
  const auto& names = orientation == Qt::Horizontal ? m_result.attacks : m_result.detectors;
  if (section < 0 || section >= static_cast<int>(names.size())) return {};
  const QString name = QString::fromStdString(names[static_cast<std::size_t>(section)]);
  if (role == Qt::DisplayRole) return name;
  if (role == Qt::ToolTipRole)
    return orientation == Qt::Horizontal ? tr("Attack: %1").arg(name) : tr("Detector: %1").arg(name);
  return {};
}

QString GridModel::text(const RecipeCell& cell) const {
  switch (cell.state) {
    case CellState::Waiting:
      return cell.seconds >= 1 ? tr("≈ %1").arg(durationText(cell.seconds)) : tr("waiting");
    case CellState::Running:
      return tr("running…");
    case CellState::Failed:
      return tr("⚠ failed");
    case CellState::Done:
      break;
  }
  const auto value = cell.figures ? metricValue(*cell.figures, m_metric) : std::nullopt;
  return value ? hundredths(value->value) : QStringLiteral("–");
}

QString GridModel::note(const RecipeCell& cell) const {
  const bool compared = m_metric == GridMetric::AucSuccessful && cell.published;
  if (cell.state != CellState::Done || !cell.figures) {
    return compared ? tr("published %1").arg(hundredths(*cell.published)) : QString();
  }
  if (const auto difference = publishedDifference(cell); compared && difference) return pointsText(*difference);
  if (compared) return tr("published %1").arg(hundredths(*cell.published));
  const auto value = metricValue(*cell.figures, m_metric);
  return value ? intervalText(*value) : QString();
}

QString GridModel::tip(const RecipeCell& cell) const {
  QString tip = QStringLiteral("<b>%1</b> · %2")
                    .arg(QString::fromStdString(cell.detector).toHtmlEscaped(),
                         QString::fromStdString(cell.attack).toHtmlEscaped());
  if (cell.state == CellState::Failed) return tip + line(tr("failed"), QString::fromStdString(cell.problem));
  if (cell.state == CellState::Running) tip += QStringLiteral("<br>") + tr("being computed");
  if (cell.state == CellState::Waiting) {
    const QString problem = QString::fromStdString(cell.problem).toHtmlEscaped();
    tip += QStringLiteral("<br>") + (problem.isEmpty()
                                         ? tr("not computed yet, expected to take %1 beside what it shares with others")
                                               .arg(durationText(cell.seconds))
                                         : tr("not computed yet; %1").arg(problem));
  }
  if (cell.figures) {
    const CellFigures& figures = *cell.figures;
    tip += line(tr("AUC, successful"), withInterval(figures.aucSuccessful));
    tip += line(tr("AUC, all"), withInterval(figures.aucAll));
    tip += line(tr("success rate"),
                tr("%1 of %2 images: %3")
                    .arg(countText(figures.successes), countText(figures.attacked), withInterval(figures.successRate)));
    if (const auto evasion = metricValue(figures, GridMetric::Evasion)) {
      tip += line(tr("evasion at 5 %"), withInterval(*evasion));
    }
  }
  if (cell.published) {
    const QString source = QString::fromStdString(cell.publishedSource);
    tip += line(tr("published"),
                source.isEmpty() ? hundredths(*cell.published) : tr("%1, %2").arg(hundredths(*cell.published), source));
  }
  if (cell.kept) tip += QStringLiteral("<br>") + tr("kept from an earlier run");
  return tip;
}

void GridModel::place() {
  m_places.assign(m_result.detectors.size() * m_result.attacks.size(), -1);
  for (std::size_t i = 0; i < m_result.cells.size(); ++i) {
    const int row = placeOf(m_result.detectors, m_result.cells[i].detector);
    const int column = placeOf(m_result.attacks, m_result.cells[i].attack);
    if (row >= 0 && column >= 0) m_places[placeAt(row, column)] = static_cast<int>(i);
  }
}

void GridModel::setResult(const RecipeResult& result) {
  const auto alike = [](const RecipeCell& a, const RecipeCell& b) {
    return a.detector == b.detector && a.attack == b.attack;
  };
  const bool same =
      rowCount() > 0 && columnCount() > 0 && result.detectors == m_result.detectors &&
      result.attacks == m_result.attacks &&
      std::equal(result.cells.begin(), result.cells.end(), m_result.cells.begin(), m_result.cells.end(), alike);
  if (same) {
    const std::vector<RecipeCell> before = std::exchange(m_result, result).cells;
    for (std::size_t i = 0; i < before.size(); ++i) keepEstimate(m_result.cells[i], before[i]);
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
    return;
  }
  beginResetModel();
  m_result = result;
  place();
  endResetModel();
}

QModelIndex GridModel::indexOf(const RecipeCell& cell) const {
  const int row = placeOf(m_result.detectors, cell.detector);
  const int column = placeOf(m_result.attacks, cell.attack);
  return row < 0 || column < 0 ? QModelIndex() : index(row, column);
}

void GridModel::setCell(std::size_t index, const RecipeCell& cell) {
  if (index >= m_result.cells.size()) return;
  const RecipeCell before = std::exchange(m_result.cells[index], cell);
  keepEstimate(m_result.cells[index], before);
  const QModelIndex place = indexOf(cell);
  if (place.isValid()) Q_EMIT dataChanged(place, place);
}

void GridModel::setMetric(GridMetric metric) {
  if (metric == m_metric) return;
  m_metric = metric;
  if (rowCount() > 0 && columnCount() > 0) {
    Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
  }
}

int GridModel::countOf(CellState state) const {
  return static_cast<int>(std::count_if(m_result.cells.begin(), m_result.cells.end(),
                                        [state](const RecipeCell& cell) { return cell.state == state; }));
}

}  // namespace whorl::ui
