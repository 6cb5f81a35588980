// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/scheduled_job.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/base/error.h"
#include "core/base/log.h"

namespace whorl::detail {
namespace {

constexpr auto kProgressInterval = std::chrono::milliseconds(50);

std::exception_ptr cancelledError() { return std::make_exception_ptr(Error(ErrorKind::Cancelled, "cancelled")); }

bool isCancellation(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return e.kind() == ErrorKind::Cancelled;
  } catch (...) {
    return false;
  }
}

}  // namespace

std::exception_ptr currentErrorAsOurs() {
  try {
    throw;
  } catch (const Error&) {
    return std::current_exception();
  } catch (const std::bad_alloc&) {
    return std::make_exception_ptr(Error(ErrorKind::OutOfMemory, "out of memory", {}, "use a smaller batch"));
  } catch (const std::exception& e) {
    return std::make_exception_ptr(Error(ErrorKind::Internal, e.what()));
  } catch (...) {
    return std::make_exception_ptr(Error(ErrorKind::Internal, "an exception of unknown type"));
  }
}

bool Shared::interactiveIsBusy() const {
  const std::size_t lane = laneIndex(Lane::Interactive);
  // Somebody who paused interactive work doesn't wait for it.
  if (running[lane]) return !running[lane]->heldByPause();
  return !queues[lane].empty();
}

// With the mutex held.
void ScheduledJob::setState(JobState state) {
  m_state = state;
  m_events.push_back(Event::Changed);
  m_shared->changed.notify_all();
}

void ScheduledJob::refuse() {
  m_work = nullptr;
  m_state = JobState::Cancelled;
  m_error = cancelledError();
}

double ScheduledJob::seconds() const {
  const std::lock_guard lock(m_shared->mutex);
  if (m_started == Clock::time_point{}) return 0;
  const auto end = m_ended == Clock::time_point{} ? Clock::now() : m_ended;
  return std::chrono::duration<double>(end - m_started).count();
}

/// Calls the observer for all events that wait, in order and one at a time whichever thread they come from: a thread
/// that finds another one delivering leaves its events to it. No lock is held during a call.
void ScheduledJob::deliver() {
  std::unique_lock lock(m_shared->mutex);
  if (m_delivering) return;
  m_delivering = true;
  while (!m_events.empty()) {
    const Event event = m_events.front();
    m_events.pop_front();
    lock.unlock();
    const auto& call = event == Event::Changed ? m_observer.changed : m_observer.progressed;
    try {
      if (call) call(*this);
    } catch (const std::exception& e) {
      log::error("an observer of \"" + m_title + "\" threw: " + e.what());
    } catch (...) {
      log::error("an observer of \"" + m_title + "\" threw");
    }
    lock.lock();
  }
  if (isTerminal(m_state)) {  // no event comes after this; what the observer holds is let go
    lock.unlock();
    m_observer = {};
    lock.lock();
  }
  m_delivering = false;
  m_shared->changed.notify_all();
}

void ScheduledJob::finish(std::exception_ptr error) {
  m_work = nullptr;
  {
    const std::lock_guard lock(m_shared->mutex);
    m_ended = Clock::now();
    if (m_progressUntold) m_events.push_back(Event::Progressed);
    m_progressUntold = false;
    m_error = std::move(error);
    if (!m_error) {
      setState(JobState::Finished);
    } else {
      setState(isCancellation(m_error) ? JobState::Cancelled : JobState::Failed);
    }
  }
  deliver();
}

void ScheduledJob::cancel() {
  std::function<void(JobContext&)> dropped;
  {
    const std::lock_guard lock(m_shared->mutex);
    if (isTerminal(m_state) || m_stopWanted) return;
    m_stopWanted = true;
    auto& queue = m_shared->queues[laneIndex(m_lane)];
    const auto place = std::find_if(queue.begin(), queue.end(), [this](const auto& job) { return job.get() == this; });
    if (m_state == JobState::Queued && place != queue.end()) {
      queue.erase(place);  // whoever calls holds the job: this doesn't destroy it
      dropped.swap(m_work);
      m_error = cancelledError();
      setState(JobState::Cancelled);
    } else {
      setState(JobState::Stopping);
    }
  }
  m_stop.request_stop();
  deliver();
}

void ScheduledJob::pause() {
  {
    const std::lock_guard lock(m_shared->mutex);
    if (isTerminal(m_state) || m_stopWanted) return;
    m_pauseWanted = true;
    if (m_state == JobState::Running) setState(JobState::Paused);
  }
  deliver();
}

void ScheduledJob::resume() {
  {
    const std::lock_guard lock(m_shared->mutex);
    m_pauseWanted = false;
    if (m_state == JobState::Paused) setState(JobState::Running);
  }
  deliver();
}

void ScheduledJob::wait() {
  std::unique_lock lock(m_shared->mutex);
  // Also for the observer's last call: what it refers to may go away once wait() has returned.
  m_shared->changed.wait(lock, [this] { return isTerminal(m_state) && m_events.empty() && !m_delivering; });
}

void ScheduledJob::report(const Progress& progress) {
  {
    const std::lock_guard lock(m_shared->mutex);
    m_progress = progress;
    m_progressUntold = true;
    const auto now = Clock::now();
    if (now - m_progressTold < kProgressInterval) return;
    m_progressTold = now;
    m_progressUntold = false;
    m_events.push_back(Event::Progressed);
  }
  deliver();
}

void ScheduledJob::betweenSteps() {
  std::unique_lock lock(m_shared->mutex);
  const auto mayGoOn = [this] {
    if (m_stopWanted) return true;
    if (m_pauseWanted) return false;
    return m_lane != Lane::Batch || !m_shared->interactiveIsBusy();
  };
  if (!mayGoOn()) {
    if (m_progressUntold) {  // it will stand still for a while: tell where
      m_progressUntold = false;
      m_progressTold = Clock::now();
      m_events.push_back(Event::Progressed);
      lock.unlock();
      deliver();
      lock.lock();
    }
    m_shared->changed.wait(lock, mayGoOn);
  }
  if (m_stopWanted) throw Error(ErrorKind::Cancelled, "cancelled");
}

/// False if the job was cancelled before it began.
bool ScheduledJob::waitToStart() {
  {
    std::unique_lock lock(m_shared->mutex);
    m_started = Clock::now();
    if (!m_stopWanted) setState(m_pauseWanted ? JobState::Paused : JobState::Running);
  }
  deliver();
  std::unique_lock lock(m_shared->mutex);
  m_shared->changed.wait(lock, [this] { return m_stopWanted || !m_pauseWanted; });
  return !m_stopWanted;
}

void ScheduledJob::run(const std::exception_ptr& workerProblem) {
  std::exception_ptr error = workerProblem;
  if (!waitToStart()) {
    error = cancelledError();
  } else if (!error) {
    JobContext context(
        m_stop.get_token(), [this](const Progress& progress) { report(progress); }, [this] { betweenSteps(); });
    try {
      m_work(context);
    } catch (...) {
      error = currentErrorAsOurs();
    }
  }
  finish(std::move(error));
}

}  // namespace whorl::detail
