// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QListView>

namespace whorl::ui {

/// A row of thumbnails: arrow keys walk through it, the wheel scrolls it sideways.
class Filmstrip : public QListView {
  Q_OBJECT

 public:
  static constexpr int kCell = 58;

  explicit Filmstrip(QWidget* parent = nullptr);
  QSize sizeHint() const override;

  void selectRow(int row);

 Q_SIGNALS:
  /// A person or selectRow() moved to another picture.
  void rowChosen(int row);

 protected:
  void wheelEvent(QWheelEvent* event) override;
  void currentChanged(const QModelIndex& current, const QModelIndex& previous) override;
};

}  // namespace whorl::ui
