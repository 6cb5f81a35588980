// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QScrollArea>

namespace whorl::ui {

/// Scrolls a column up and down, and is always wide enough for it: beside the scroll bar, not below it.
class ColumnArea : public QScrollArea {
  Q_OBJECT

 public:
  explicit ColumnArea(QWidget* parent = nullptr);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void fitWidth();
};

}  // namespace whorl::ui
