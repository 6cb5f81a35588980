// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QToolButton;

namespace whorl::ui {

/// A titled part of a form that folds away.
class TrainSection : public QWidget {
  Q_OBJECT

 public:
  TrainSection(const QString& title, QWidget* content, bool open, QWidget* parent = nullptr);
  bool isOpen() const;

 Q_SIGNALS:
  void toggled(bool open);

 private:
  QToolButton* m_header;
};

}  // namespace whorl::ui
