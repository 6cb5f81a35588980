// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <QImage>
#include <QString>

#include <optional>
#include <vector>

#include "core/service/types.h"

namespace whorl::ui {

/// What is done to the image in one column.
struct CompareColumn {
  QString title;
  std::vector<StepRequest> steps;
};

/// What one model makes of the image after one column's steps.
struct CompareCell {
  enum class State { Waiting, Running, Done, Failed };
  State state = State::Waiting;
  QImage picture;
  QString answer;                ///< the predicted class
  double probability = 0;        ///< of it
  std::optional<bool> accepted;  ///< by the fingerprints; none without them
  bool fooled = false;  ///< another class than the true one (or, where that isn't known, than before the steps)
  double l2 = 0;
  double linf = 0;
  QString problem;  ///< why there is nothing to show
};

/// One image under several columns of steps (across) by several models (down). GUI thread only.
class CompareGrid : public QAbstractTableModel {
  Q_OBJECT

 public:
  static constexpr int kSide = 96;  ///< of a picture, in points

  explicit CompareGrid(QObject* parent = nullptr);

  /// All cells wait.
  void restart(const std::vector<ModelInfo>& models, const std::vector<CompareColumn>& columns);
  void setCell(int row, int column, const CompareCell& cell);
  /// What still waits or runs waits no longer: the run has ended before its turn.
  void giveUp();

  const std::vector<ModelInfo>& models() const { return m_models; }
  const std::vector<CompareColumn>& columns() const { return m_columns; }
  const CompareCell& cell(int row, int column) const;
  int doneCount() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  std::size_t place(int row, int column) const { return std::size_t(row) * m_columns.size() + std::size_t(column); }

  std::vector<ModelInfo> m_models;
  std::vector<CompareColumn> m_columns;
  std::vector<CompareCell> m_cells;
};

}  // namespace whorl::ui
