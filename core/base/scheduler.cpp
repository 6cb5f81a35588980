// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/scheduler.h"

#include <pthread.h>

#include <thread>
#include <utility>
#include <vector>

#include "core/base/scheduled_job.h"

namespace whorl {
namespace {

using detail::ScheduledJob;
using detail::Shared;

void workerLoop(const std::shared_ptr<Shared>& shared, Lane lane, const std::function<void(Lane)>& onStart) {
  constexpr std::array<const char*, detail::kLanes> kNames{"whorl-interact", "whorl-batch", "whorl-train"};
  const std::size_t index = detail::laneIndex(lane);
  pthread_setname_np(pthread_self(), kNames[index]);
  std::exception_ptr problem;
  try {
    if (onStart) onStart(lane);
  } catch (...) {
    problem = detail::currentErrorAsOurs();  // each job of this lane ends with it
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
      shared->queues[detail::laneIndex(lane)].push_back(job);
    }
    shared->changed.notify_all();
  }
  job->announce();
  return job;
}

}  // namespace whorl
