// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QLabel;
class QPushButton;

namespace whorl::ui {

/// What stands where there is nothing to show yet: a sign, a sentence, and perhaps a way on.
class EmptyState : public QWidget {
  Q_OBJECT

 public:
  explicit EmptyState(QWidget* parent = nullptr);
  /// `action` "" for no button.
  void set(const QString& icon, const QString& title, const QString& text, const QString& action = {});
  QString title() const;

 Q_SIGNALS:
  void actionWanted();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void drawSign();

  QString m_icon;
  QLabel* m_sign;
  QLabel* m_title;
  QLabel* m_text;
  QPushButton* m_action;
};

}  // namespace whorl::ui
