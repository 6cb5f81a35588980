// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTimer>
#include <QWidget>

#include <memory>

#include "core/service/types.h"

class QLabel;
class QProgressBar;
class QPushButton;

namespace whorl::ui {

class EngineSession;
class InlineMessage;

/// What is known of the chosen data set, and the offer to fetch it where it isn't on this machine.
class TrainFetch : public QWidget {
  Q_OBJECT

 public:
  explicit TrainFetch(EngineSession* session, QWidget* parent = nullptr);
  /// Asks a download that is under way to stop; what has come is kept for the next time.
  ~TrainFetch() override;

  void setDataset(const DatasetInfo& dataset);
  bool fetching() const { return m_job != nullptr; }

 Q_SIGNALS:
  void fetched(const QString& dataset);

 private:
  void startOrCancel();
  void showProgress();
  void ended();

  EngineSession* m_session;
  DatasetInfo m_dataset;
  std::shared_ptr<Job> m_job;
  QLabel* m_facts;
  QPushButton* m_fetch;
  QProgressBar* m_bar;
  InlineMessage* m_problem;
  QTimer m_poll;
};

}  // namespace whorl::ui
