// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_run.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include <nlohmann/json.hpp>

#include "ui/pages/train_resume.h"

namespace whorl::ui {

namespace {

/// A run that was stopped early can still be continued.
bool stoppedEarly(const TrainResult& result) {
  const nlohmann::json document = nlohmann::json::parse(result.json, nullptr, false);
  return document.is_object() && document.value("stopped_early", false);
}

}  // namespace

/// What the training worker and the GUI thread share of one run. It outlives both, as each holds it.
struct TrainRun::Channel {
  static constexpr std::size_t kMostWaiting = 20000;

  std::atomic<bool> keep{false};
  std::mutex mutex;
  std::vector<TrainEvent> waiting;

  void put(const TrainEvent& event) {
    const std::lock_guard lock(mutex);
    if (waiting.size() >= kMostWaiting) thin();
    waiting.push_back(event);
  }
  std::vector<TrainEvent> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(waiting, {});
  }

 private:
  void thin() {
    bool drop = false;
    std::erase_if(waiting, [&drop](const TrainEvent& event) { return !event.epochEnd && (drop = !drop); });
  }
};

TrainRun::TrainRun(EngineSession* session, QObject* parent) : QObject(parent), m_session(session), m_follower(session) {
  connect(&m_follower, &JobFollower::beat, this, &TrainRun::handOver);
  connect(&m_follower, &JobFollower::stateChanged, this, &TrainRun::follow);
}

bool TrainRun::start(const TrainRequest& request) {
  if (!m_session->ready() || !m_state.start()) return false;
  m_request = request;
  m_channel = std::make_shared<Channel>();
  m_meter.reset();
  m_last = {};
  const auto work = [request, channel = m_channel](Engine& engine, const JobContext& context) {
    TrainHooks hooks;
    hooks.onEvent = [channel](const TrainEvent& event) { channel->put(event); };
    hooks.stopAndKeep = [channel] { return channel->keep.load(); };
    if (!request.checkpoint.empty()) saveTrainRequest(request);
    TrainResult result = engine.train(request, context, hooks);
    if (!request.checkpoint.empty() && !stoppedEarly(result)) removeBrokenOff(request.checkpoint);
    return result;
  };
  const auto done = [this](const TrainResult& result) {
    m_state.jobFinishes();
    Q_EMIT phaseChanged();
    Q_EMIT finished(result);
    m_session->announceModels();
  };
  const auto failed = [this](const Error& error) {
    error.kind() == ErrorKind::Cancelled ? m_state.jobCancels() : m_state.jobFails();
    Q_EMIT phaseChanged();
    Q_EMIT this->failed(errorText(error));
  };
  const QString name = QString::fromStdString(request.modelName.empty() ? request.architecture : request.modelName);
  m_follower.run(Lane::Training, tr("Train %1").arg(name), work, done, failed);
  Q_EMIT phaseChanged();
  return true;
}

bool TrainRun::pause() {
  if (!m_state.pause()) return false;
  m_follower.job()->pause();
  Q_EMIT phaseChanged();
  return true;
}

bool TrainRun::resume() {
  if (!m_state.resume()) return false;
  m_meter.skipGap();
  m_follower.job()->resume();
  Q_EMIT phaseChanged();
  return true;
}

bool TrainRun::stopAndKeep() {
  const bool held = m_state.canResume();
  if (!m_state.keep()) return false;
  m_channel->keep = true;
  if (held) m_follower.job()->resume();  // it stops at its next step, so it has to get there
  Q_EMIT phaseChanged();
  return true;
}

bool TrainRun::cancel() {
  if (!m_state.cancel()) return false;
  m_follower.job()->cancel();
  Q_EMIT phaseChanged();
  return true;
}

void TrainRun::follow(JobState state) {
  const TrainPhase before = m_state.phase();
  switch (state) {
    case JobState::Running:
      m_state.jobRuns();
      break;
    case JobState::Paused:
      m_state.jobPauses();
      break;
    default:
      break;  // its end is told by done and failed; stopping from elsewhere shows as cancelling below
  }
  if (state == JobState::Stopping && m_state.canCancel()) m_state.cancel();
  if (m_state.phase() == before) return;
  if (before == TrainPhase::Paused) m_meter.skipGap();
  Q_EMIT phaseChanged();
}

void TrainRun::handOver() {
  const std::vector<TrainEvent> events = m_channel->take();
  if (events.empty()) return;
  m_last = events.back();
  m_meter.update(m_last.step, m_follower.job()->seconds());
  Q_EMIT eventsArrived(events);
}

}  // namespace whorl::ui
