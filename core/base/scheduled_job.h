// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// How the scheduler keeps its jobs; for scheduler.cpp alone.

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "core/base/scheduler.h"

namespace whorl::detail {

constexpr std::size_t kLanes = 3;

inline std::size_t laneIndex(Lane lane) { return static_cast<std::size_t>(lane); }

/// The exception being handled, as an Error: a foreign type's message would be lost at the thread's border.
std::exception_ptr currentErrorAsOurs();

class ScheduledJob;

/// What workers and jobs share. Jobs may outlive the scheduler, so they hold it by shared_ptr.
/// `mutex` guards everything here and every mutable member of every job; it is never held while foreign code runs
/// (work, observers, stop callbacks, destructors of captured things), so there is no lock order to get wrong.
struct Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::array<std::deque<std::shared_ptr<ScheduledJob>>, kLanes> queues;
  std::array<std::shared_ptr<ScheduledJob>, kLanes> running;
  std::uint64_t nextId = 1;
  bool closing = false;

  bool interactiveIsBusy() const;
};

class ScheduledJob : public Job, public std::enable_shared_from_this<ScheduledJob> {
 public:
  ScheduledJob(std::shared_ptr<Shared> shared, std::uint64_t id, Lane lane, std::string title,
               std::function<void(JobContext&)> work, JobObserver observer)
      : m_shared(std::move(shared)),
        m_id(id),
        m_lane(lane),
        m_title(std::move(title)),
        m_work(std::move(work)),
        m_observer(std::move(observer)) {}

  std::uint64_t id() const override { return m_id; }
  std::string title() const override { return m_title; }
  Lane lane() const override { return m_lane; }
  JobState state() const override {
    const std::lock_guard lock(m_shared->mutex);
    return m_state;
  }
  Progress progress() const override {
    const std::lock_guard lock(m_shared->mutex);
    return m_progress;
  }
  double seconds() const override;
  void cancel() override;
  void pause() override;
  void resume() override;
  void wait() override;
  std::exception_ptr error() const override {
    const std::lock_guard lock(m_shared->mutex);
    return m_error;
  }

  /// On the lane's worker: does the work and ends the job.
  void run(const std::exception_ptr& workerProblem);
  /// Announces the state that the job was made in.
  void announce() { deliver(); }
  /// With the mutex held.
  bool heldByPause() const { return m_state == JobState::Paused; }
  /// With the mutex held, before anybody else knows the job: it will not run.
  void refuse();

 private:
  enum class Event { Changed, Progressed };

  void setState(JobState state);
  void finish(std::exception_ptr error);
  void deliver();
  void betweenSteps();
  void report(const Progress& progress);
  bool waitToStart();

  using Clock = std::chrono::steady_clock;

  const std::shared_ptr<Shared> m_shared;
  const std::uint64_t m_id;
  const Lane m_lane;
  const std::string m_title;
  std::function<void(JobContext&)> m_work;  ///< touched by whoever runs or ends the job alone
  JobObserver m_observer;                   ///< touched by the delivering thread alone

  std::stop_source m_stop;
  // Guarded by m_shared->mutex.
  JobState m_state = JobState::Queued;
  bool m_pauseWanted = false;
  bool m_stopWanted = false;
  Progress m_progress;
  bool m_progressUntold = false;
  Clock::time_point m_progressTold;  // the epoch: the first report is told at once
  Clock::time_point m_started;
  Clock::time_point m_ended;
  std::exception_ptr m_error;
  std::deque<Event> m_events{Event::Changed};
  bool m_delivering = false;
};

}  // namespace whorl::detail
