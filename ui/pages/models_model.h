// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include <vector>

#include "ui/pages/model_past.h"

namespace whorl::ui {

/// The models as a table. Values only: nothing is read while it paints.
class ModelsModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column {
    Name,
    Source,
    Architecture,
    Dataset,
    Objective,
    TestAccuracy,
    Fingerprints,
    Threshold,
    Trained,
    Size,
    ColumnCount
  };
  enum Role { SortRole = Qt::UserRole, IdRole };

  using QAbstractTableModel::QAbstractTableModel;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  void setEntries(std::vector<ModelEntry> entries);
  const ModelEntry& entry(int row) const { return m_entries[static_cast<std::size_t>(row)]; }

 private:
  QString text(const ModelEntry& entry, int column) const;
  QString text(const QDateTime& time, const QString& format) const;
  QVariant sortKey(const ModelEntry& entry, int column) const;

  std::vector<ModelEntry> m_entries;
};

/// Finds models by words, each of which must be in some column, in the path or in the problem; sorts numbers as
/// numbers.
class ModelsFilter : public QSortFilterProxyModel {
  Q_OBJECT

 public:
  explicit ModelsFilter(QObject* parent = nullptr);
  void setWords(const QString& words);

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  QStringList m_words;
};

enum class TableFormat { Text, Csv, Markdown };

/// Rows of a table with its header: tab-separated, CSV (RFC 4180) or Markdown. Without `rows`, all.
QString tableText(const QAbstractItemModel& model, TableFormat format, const std::vector<int>& rows = {});

}  // namespace whorl::ui
