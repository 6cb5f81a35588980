// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "ui/jobs/jobs_model.h"

class QLabel;
class QProgressBar;
class QToolButton;

namespace whorl::ui {

/// A label that gives way: text that doesn't fit ends in "…", and is whole in the tooltip.
class ElidedLabel : public QWidget {
  Q_OBJECT

 public:
  explicit ElidedLabel(QWidget* parent = nullptr);
  void setText(const QString& text);
  QString text() const { return m_text; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString m_text;
};

/// One line of the Jobs dock: title, what it is doing, progress, time left, and the two buttons.
class JobRow : public QWidget {
  Q_OBJECT

 public:
  explicit JobRow(QWidget* parent = nullptr);
  void show(const JobSnapshot& snapshot);
  using QWidget::show;

 Q_SIGNALS:
  void pauseClicked();
  void resumeClicked();
  void cancelClicked();

 private:
  QLabel* m_title;
  ElidedLabel* m_message;
  QProgressBar* m_bar;
  QLabel* m_figures;
  QToolButton* m_pause;
  QToolButton* m_cancel;
  bool m_resumes = false;
};

}  // namespace whorl::ui
