// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QString>

class QLabel;
class QToolButton;

namespace whorl::ui {

/// What went wrong, in words, next to what caused it; hidden while there is nothing to say.
class InlineMessage : public QFrame {
  Q_OBJECT

 public:
  explicit InlineMessage(QWidget* parent = nullptr);

  /// "" hides it.
  void setText(const QString& text);
  QString text() const;

 protected:
  void changeEvent(QEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  QLabel* m_icon;
  QLabel* m_text;
  QToolButton* m_close;
};

}  // namespace whorl::ui
