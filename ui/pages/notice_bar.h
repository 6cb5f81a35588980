// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

class QLabel;
class QPushButton;
class QToolButton;

namespace whorl::ui {

/// Good or neutral news in a line, with one thing to do about it ("Deleted … Undo"); hidden while there are none.
class NoticeBar : public QFrame {
  Q_OBJECT

 public:
  explicit NoticeBar(QWidget* parent = nullptr);

  /// Shows `text`; without `action` there is no button.
  void showNotice(const QString& text, const QString& action = {});
  void dismiss();
  QString text() const;
  QPushButton* actionButton() const { return m_action; }

 Q_SIGNALS:
  void actionClicked();
  /// A person closed it.
  void dismissed();

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QLabel* m_text;
  QPushButton* m_action;
  QToolButton* m_close;
};

}  // namespace whorl::ui
