// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>

#include <optional>
#include <vector>

#include "ui/evaluate/metric.h"

namespace whorl::ui {

/// A recipe's grid: detectors down, attacks across. Values only: nothing is read or computed while it paints.
class GridModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Role {
    StateRole = Qt::UserRole,  ///< int of CellState; -1 where the grid has no cell
    NoteRole,                  ///< the second line: interval, or published figure
    DifferenceRole,            ///< double, points; invalid where there is none, or another metric is shown
    KeptRole                   ///< bool
  };

  explicit GridModel(QObject* parent = nullptr);

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  /// Another grid, or news of all cells of this one: then what is chosen stays chosen.
  void setResult(const RecipeResult& result);
  /// A cell's news; `index` into the result's cells. Others than the grid's are ignored.
  void setCell(std::size_t index, const RecipeCell& cell);
  void setMetric(GridMetric metric);

  GridMetric metric() const { return m_metric; }
  const RecipeResult& result() const { return m_result; }
  /// Null where the grid has none.
  const RecipeCell* cell(const QModelIndex& index) const;
  QModelIndex indexOf(const RecipeCell& cell) const;
  int countOf(CellState state) const;

 private:
  std::size_t placeAt(int row, int column) const;  ///< in m_places
  QString text(const RecipeCell& cell) const;
  QString note(const RecipeCell& cell) const;
  QString tip(const RecipeCell& cell) const;
  void place();

  RecipeResult m_result;
  std::vector<int> m_places;  ///< by row and column: index into the cells, -1 for none
  GridMetric m_metric = GridMetric::AucSuccessful;
};

}  // namespace whorl::ui
