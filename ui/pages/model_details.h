// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include <vector>

#include "ui/pages/model_past.h"

class QCheckBox;
class QLabel;
class QTreeWidget;

namespace whorl::ui {

/// What is known of the chosen model; of two or more, what sets them apart. Ctrl+C copies the chosen lines.
class ModelDetails : public QWidget {
  Q_OBJECT

 public:
  explicit ModelDetails(QWidget* parent = nullptr);

  void setEntries(const std::vector<ModelEntry>& entries);
  QTreeWidget* tree() const { return m_tree; }

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void fill();

  std::vector<ModelEntry> m_entries;
  QLabel* m_title;
  QLabel* m_hint;
  QCheckBox* m_onlyDifferences;
  QTreeWidget* m_tree;
};

}  // namespace whorl::ui
