// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <memory>
#include <vector>

#include "core/service/types.h"
#include "ui/jobs/rate_meter.h"
#include "ui/pages/train_state.h"
#include "ui/session/job_follower.h"

namespace whorl::ui {

/// One training run after another, seen from the GUI thread: what a person may ask for (TrainState), and what the run
/// reports. Events are collected by the training worker and handed over at most 20 times a second; when nobody looks
/// for long, the oldest steps are thinned out, never the ends of epochs. GUI thread only.
class TrainRun : public QObject {
  Q_OBJECT

 public:
  /// A run that is under way when this dies is asked to stop.
  explicit TrainRun(EngineSession* session, QObject* parent = nullptr);

  const TrainState& state() const { return m_state; }
  const TrainRequest& request() const { return m_request; }
  /// Steps a second, smoothed; 0 while unknown.
  double stepsPerSecond() const { return m_meter.rate(); }
  std::optional<double> secondsLeft() const { return m_meter.secondsLeft(m_last.step, m_last.steps); }
  const TrainEvent& lastEvent() const { return m_last; }

  // Each returns whether it is allowed now; if not, nothing happens.
  bool start(const TrainRequest& request);
  bool pause();
  bool resume();
  bool stopAndKeep();
  bool cancel();

 Q_SIGNALS:
  void phaseChanged();
  /// In the order in which they happened; all of a run come before its end is told.
  void eventsArrived(const std::vector<whorl::TrainEvent>& events);
  void finished(const whorl::TrainResult& result);
  /// Also when it was cancelled (the phase tells). `problem` says what happened and what to do.
  void failed(const QString& problem);

 private:
  struct Channel;
  void handOver();
  void follow(JobState state);

  EngineSession* m_session;
  TrainState m_state;
  TrainRequest m_request;
  std::shared_ptr<Channel> m_channel;
  JobFollower m_follower;
  RateMeter m_meter;
  TrainEvent m_last;
};

}  // namespace whorl::ui
