// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/scheduler.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"

namespace whorl {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLanes = 3;
constexpr auto kProgressInterval = std::chrono::milliseconds(50);

std::size_t laneIndex(Lane lane) { return static_cast<std::size_t>(lane); }

std::exception_ptr cancelledError() { return std::make_exception_ptr(Error(ErrorKind::Cancelled, "cancelled")); }

/// The exception being handled, as an Error: a foreign type's message would be lost at the thread's border.
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

bool isCancellation(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const Error& e) {
    return e.kind() == ErrorKind::Cancelled;
  } catch (...) {
    return false;
  }
}

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
        m_stop.get_token(), [this](const Progress& progress) { report(progress); }, nullptr,
        [this] { betweenSteps(); });
    try {
      m_work(context);
    } catch (...) {
      error = currentErrorAsOurs();
    }
  }
  finish(std::move(error));
}

void workerLoop(const std::shared_ptr<Shared>& shared, Lane lane, const std::function<void(Lane)>& onStart) {
  constexpr std::array<const char*, kLanes> kNames{"whorl-interact", "whorl-batch", "whorl-train"};
  const std::size_t index = laneIndex(lane);
  pthread_setname_np(pthread_self(), kNames[index]);
  std::exception_ptr problem;
  try {
    if (onStart) onStart(lane);
  } catch (...) {
    problem = currentErrorAsOurs();  // each job of this lane ends with it
  }
  std::unique_lock lock(shared->mutex);
  auto& queue = shared->queues[index];
  while (true) {
    shared->changed.wait(lock, [&] { return shared->closing || !queue.empty(); });
    if (queue.empty()) return;
    std::shared_ptr<ScheduledJob> job = std::move(queue.front());
    queue.pop_front();
    shared->running[index] = job;
    lock.unlock();
    job->run(problem);
    lock.lock();
    shared->running[index] = nullptr;
    shared->changed.notify_all();  // the batch lane may wait for the interactive one
    lock.unlock();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace

std::string jobStateName(JobState state) {
  switch (state) {
    case JobState::Queued:
      return "queued";
    case JobState::Running:
      return "running";
    case JobState::Paused:
      return "paused";
    case JobState::Stopping:
      return "stopping";
    case JobState::Finished:
      return "finished";
    case JobState::Failed:
      return "failed";
    case JobState::Cancelled:
      return "cancelled";
  }
  return "failed";
}

bool isTerminal(JobState state) {
  return state == JobState::Finished || state == JobState::Failed || state == JobState::Cancelled;
}

struct Scheduler::Impl {
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  std::vector<std::thread> workers;
};

Scheduler::Scheduler(std::function<void(Lane)> onWorkerStart) : m_impl(std::make_unique<Impl>()) {
  for (const Lane lane : {Lane::Interactive, Lane::Batch, Lane::Training}) {
    m_impl->workers.emplace_back(
        [shared = m_impl->shared, lane, onWorkerStart] { workerLoop(shared, lane, onWorkerStart); });
  }
}

Scheduler::~Scheduler() {
  std::vector<std::shared_ptr<ScheduledJob>> jobs;
  {
    const std::lock_guard lock(m_impl->shared->mutex);
    m_impl->shared->closing = true;
    for (const auto& job : m_impl->shared->running) {
      if (job) jobs.push_back(job);
    }
    for (const auto& queue : m_impl->shared->queues) jobs.insert(jobs.end(), queue.begin(), queue.end());
  }
  m_impl->shared->changed.notify_all();
  for (const auto& job : jobs) job->cancel();
  for (std::thread& worker : m_impl->workers) {
    // If the last owner was something that work or an observer held, this runs on a worker, which can't join itself; it
    // ends as soon as this call returns, and what it still touches belongs to `shared`.
    if (worker.get_id() == std::this_thread::get_id()) {
      worker.detach();
    } else {
      worker.join();
    }
  }
}

std::shared_ptr<Job> Scheduler::submit(Lane lane, std::string title, std::function<void(JobContext&)> work,
                                       JobObserver observer) {
  const std::shared_ptr<Shared>& shared = m_impl->shared;
  std::shared_ptr<ScheduledJob> job;
  {
    const std::lock_guard lock(shared->mutex);
    job = std::make_shared<ScheduledJob>(shared, shared->nextId++, lane, std::move(title), std::move(work),
                                         std::move(observer));
    if (shared->closing) {
      job->refuse();
    } else {
      shared->queues[laneIndex(lane)].push_back(job);
    }
    shared->changed.notify_all();
  }
  job->announce();
  return job;
}

}  // namespace whorl
