// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractListModel>
#include <QElapsedTimer>
#include <QString>
#include <QTimer>

#include <memory>
#include <optional>
#include <vector>

#include "core/service/types.h"
#include "ui/jobs/rate_meter.h"
#include "ui/session/engine_session.h"

namespace whorl::ui {

/// What is shown of one job.
struct JobSnapshot {
  std::uint64_t id = 0;
  QString title;
  JobState state = JobState::Queued;
  QString stateText;     ///< "Running", "Failed", …
  double fraction = -1;  ///< 0 to 1; -1: the end is not known
  QString rate;          ///< "" while unknown
  QString timeLeft;      ///< "about 3 min 05 s left"; once ended "took 12 s"
  QString message;       ///< what it is doing, or why it failed
  bool canPause = false;
  bool canResume = false;
  bool canCancel = false;

  bool operator==(const JobSnapshot&) const = default;
};

/// All jobs of the session, newest first, ended ones until they are cleared. Jobs report from their workers as often as
/// they like; the model looks at them at most ten times a second. GUI thread only.
class JobsModel : public QAbstractListModel {
  Q_OBJECT

 public:
  enum Role { SnapshotRole = Qt::UserRole, StateRole, FractionRole };
  /// Ended jobs beyond this number make room, oldest first.
  static constexpr int kMostEnded = 50;

  explicit JobsModel(QObject* parent = nullptr);

  int rowCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;

  const JobSnapshot& snapshot(int row) const { return m_rows[static_cast<std::size_t>(row)].shown; }
  /// Jobs that have not ended.
  int activeCount() const;

  void add(const std::shared_ptr<Job>& job);
  /// What is expected of one of them, instead of what its rate says.
  void setForecast(const std::shared_ptr<Job>& job, const JobForecast& forecast);
  /// Has a look at all jobs soon; many calls become one look.
  void refreshSoon();
  void clearEnded();

  void pause(int row);
  void resume(int row);
  void cancel(int row);

 Q_SIGNALS:
  void activeCountChanged(int count);

 private:
  struct Row {
    std::shared_ptr<Job> job;
    RateMeter meter;
    std::optional<JobForecast> forecast;
    JobSnapshot shown;
  };
  void refresh();
  JobSnapshot look(Row& row) const;
  void dropRows(bool (*remove)(const Row&), int keepEnded);

  std::vector<Row> m_rows;
  QTimer m_soon;
  QTimer m_tick;
  int m_lastActive = 0;
};

/// Name of a state for people.
QString jobStateText(JobState state);

}  // namespace whorl::ui
