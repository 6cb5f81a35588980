// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "ui/jobs/jobs_model.h"

class QLabel;
class QProgressBar;
class QToolButton;

namespace whorl::ui {

class ElidedLabel;

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
