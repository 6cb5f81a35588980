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
  bool isOpen() const { return m_open; }

 Q_SIGNALS:
  void toggled(bool open);

 private:
  void setOpen(bool open);

  QToolButton* m_header;
  QWidget* m_content;
  bool m_open;
};

}  // namespace whorl::ui
