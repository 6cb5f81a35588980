// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "core/base/job.h"

namespace whorl {

/// Which of the scheduler's workers does the work.
enum class Lane {
  Interactive,  ///< what a person waits for: goes first, one at a time
  Batch,        ///< long work that yields to interactive work between steps
  Training,     ///< training has a worker of its own
};

enum class JobState { Queued, Running, Paused, Stopping, Finished, Failed, Cancelled };

/// Name for people and JSON: "queued", "running", …
std::string jobStateName(JobState state);

/// Finished, Failed or Cancelled.
bool isTerminal(JobState state);

/// One piece of submitted work. Any thread may call any method; none but wait() blocks.
class Job {
 public:
  virtual ~Job() = default;

  virtual std::uint64_t id() const = 0;
  virtual std::string title() const = 0;
  virtual Lane lane() const = 0;
  virtual JobState state() const = 0;
  /// The newest progress that was reported.
  virtual Progress progress() const = 0;
  /// Seconds since the work started (0 while queued; stands still once it has ended).
  virtual double seconds() const = 0;

  /// Asks the work to stop: state becomes Stopping at once (Cancelled if it was queued), the work ends at its next
  /// step.
  virtual void cancel() = 0;
  virtual void pause() = 0;
  virtual void resume() = 0;
  /// Blocks until the job has ended. Never call it from a worker of the same scheduler or from a GUI thread.
  virtual void wait() = 0;
  /// What the work threw, or null. Meaningful once the state is terminal. Foreign exceptions arrive as Error.
  virtual std::exception_ptr error() const = 0;
};

/// What a front end wants to hear of a job. Both are called on worker threads, or on the thread that calls submit(),
/// cancel(), pause() or resume(); never two at a time for one job, never with a lock held. They must be short and must
/// not wait. `changed` is called for every state (job.state() may already be a later one); `progressed` at most every
/// 50 ms, and for the last progress before the job ends. When wait() has returned, neither is called again.
struct JobObserver {
  std::function<void(const Job&)> changed;
  std::function<void(const Job&)> progressed;
};

/// The owner of all worker threads: three long-lived ones, one a lane, never a thread per job.
/// The destructor asks all work to stop, and waits for it.
class Scheduler {
 public:
  /// `onWorkerStart` runs first on each worker thread; nn/ uses it to deal out intra-operator threads.
  explicit Scheduler(std::function<void(Lane)> onWorkerStart = nullptr);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Queues work; doesn't block. Jobs of a lane run in the order in which they came.
  std::shared_ptr<Job> submit(Lane lane, std::string title, std::function<void(JobContext&)> work,
                              JobObserver observer = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace whorl
