// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/jobs_model.h"

#include <algorithm>

#include "ui/jobs/format.h"

namespace whorl::ui {

namespace {

constexpr int kSoonMs = 100;
constexpr int kTickMs = 500;

/// The jobs that count images say so themselves; for the others the meter counts steps.
double reportedRate(const Progress& progress) {
  for (const Metric& metric : progress.metrics) {
    if (metric.name == "images_per_second") return metric.value;
  }
  return 0;
}

bool ended(const JobSnapshot& shown) { return isTerminal(shown.state); }

}  // namespace

QString jobStateText(JobState state) {
  switch (state) {
    case JobState::Queued:
      return JobsModel::tr("Waiting");
    case JobState::Running:
      return JobsModel::tr("Running");
    case JobState::Paused:
      return JobsModel::tr("Paused");
    case JobState::Stopping:
      return JobsModel::tr("Stopping");
    case JobState::Finished:
      return JobsModel::tr("Finished");
    case JobState::Failed:
      return JobsModel::tr("Failed");
    case JobState::Cancelled:
      return JobsModel::tr("Cancelled");
  }
  return {};
}

JobsModel::JobsModel(QObject* parent) : QAbstractListModel(parent) {
  m_soon.setSingleShot(true);
  m_soon.setInterval(kSoonMs);
  m_tick.setInterval(kTickMs);
  connect(&m_soon, &QTimer::timeout, this, &JobsModel::refresh);
  connect(&m_tick, &QTimer::timeout, this, &JobsModel::refresh);
}

int JobsModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant JobsModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid)) return {};
  const JobSnapshot& shown = snapshot(index.row());
  switch (role) {
    case Qt::DisplayRole:
      return shown.title;
    case Qt::ToolTipRole:
      return shown.message;
    case Qt::AccessibleTextRole:
      return QStringLiteral("%1, %2").arg(shown.title, shown.stateText);
    case StateRole:
      return static_cast<int>(shown.state);
    case FractionRole:
      return shown.fraction;
    default:
      return {};
  }
}

int JobsModel::activeCount() const {
  return static_cast<int>(
      std::count_if(m_rows.begin(), m_rows.end(), [](const Row& row) { return !ended(row.shown); }));
}

void JobsModel::add(const std::shared_ptr<Job>& job) {
  if (!job) return;
  for (const Row& row : m_rows) {
    if (row.job == job) return;
  }
  beginInsertRows({}, 0, 0);
  m_rows.insert(m_rows.begin(), Row{job, {}, {}, {}});
  m_rows.front().shown = look(m_rows.front());
  endInsertRows();
  m_tick.start();
  refreshSoon();
}

void JobsModel::setForecast(const std::shared_ptr<Job>& job, const JobForecast& forecast) {
  for (Row& row : m_rows) {
    if (row.job == job) row.forecast = forecast;
  }
  refreshSoon();
}

void JobsModel::refreshSoon() {
  if (!m_soon.isActive()) m_soon.start();
}

JobSnapshot JobsModel::look(Row& row) const {
  const Job& job = *row.job;
  JobSnapshot shown;
  shown.id = job.id();
  shown.title = QString::fromStdString(job.title());
  shown.state = job.state();
  shown.stateText = jobStateText(shown.state);
  const Progress progress = job.progress();
  const double seconds = job.seconds();
  if (progress.total > 0) {
    shown.fraction = std::clamp(static_cast<double>(progress.done) / static_cast<double>(progress.total), 0.0, 1.0);
  }
  if (row.forecast && row.forecast->fraction) shown.fraction = *row.forecast->fraction;
  shown.message = QString::fromStdString(progress.message);
  if (isTerminal(shown.state)) {
    if (shown.state == JobState::Finished) shown.fraction = 1;
    if (shown.state == JobState::Failed) shown.message = errorText(job.error());
    shown.timeLeft = seconds > 0 ? tr("took %1").arg(durationText(seconds)) : QString();
    return shown;
  }
  const bool running = shown.state == JobState::Running;
  const bool pausable = job.lane() != Lane::Interactive;
  shown.canPause = running && pausable;
  shown.canResume = shown.state == JobState::Paused;
  shown.canCancel = shown.state != JobState::Stopping;
  if (!running) {
    row.meter.skipGap();
    return shown;
  }
  row.meter.update(progress.done, seconds);
  const double images = reportedRate(progress);
  shown.rate = images > 0 ? tr("%1 images/s").arg(countText(static_cast<std::int64_t>(images))) : QString();
  const auto left = row.forecast ? row.forecast->secondsLeft : row.meter.secondsLeft(progress.done, progress.total);
  if (left) {
    shown.timeLeft = tr("%1 left").arg(durationText(*left));
  }
  return shown;
}

void JobsModel::refresh() {
  for (std::size_t i = 0; i < m_rows.size(); ++i) {
    Row& row = m_rows[i];
    if (ended(row.shown)) continue;
    JobSnapshot now = look(row);
    if (now == row.shown) continue;
    row.shown = std::move(now);
    const QModelIndex changed = index(static_cast<int>(i));
    Q_EMIT dataChanged(changed, changed);
  }
  dropRows([](const Row& row) { return ended(row.shown); }, kMostEnded);
  const int active = activeCount();
  if (active == 0) m_tick.stop();
  if (active != m_lastActive) {
    m_lastActive = active;
    Q_EMIT activeCountChanged(active);
  }
}

void JobsModel::clearEnded() {
  dropRows([](const Row& row) { return ended(row.shown); }, 0);
}

/// Removes the rows that `remove` names, but for the newest `keep` of them.
void JobsModel::dropRows(bool (*remove)(const Row&), int keep) {
  int seen = static_cast<int>(std::count_if(m_rows.begin(), m_rows.end(), remove));
  for (int i = rowCount() - 1; i >= 0 && seen > keep; --i) {
    if (!remove(m_rows[static_cast<std::size_t>(i)])) continue;
    beginRemoveRows({}, i, i);
    m_rows.erase(m_rows.begin() + i);
    endRemoveRows();
    --seen;
  }
}

void JobsModel::pause(int row) {
  m_rows.at(static_cast<std::size_t>(row)).job->pause();
  refreshSoon();
}

void JobsModel::resume(int row) {
  m_rows.at(static_cast<std::size_t>(row)).job->resume();
  refreshSoon();
}

void JobsModel::cancel(int row) {
  m_rows.at(static_cast<std::size_t>(row)).job->cancel();
  refreshSoon();
}

}  // namespace whorl::ui
