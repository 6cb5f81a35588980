// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace whorl {

/// A live figure of running work, such as {"loss", 0.12}.
struct Metric {
  std::string name;
  double value = 0;

  bool operator==(const Metric&) const = default;
};

/// How far work has come. `total` 0 means that the end is not known.
struct Progress {
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::string message;
  std::vector<Metric> metrics;
};

using ProgressSink = std::function<void(const Progress&)>;

/// What long work gets from whoever started it: a stop token, a place to report to, and a place
/// to wait at.
/// Work calls `step()` between two steps (one batch), which is where cancelling, pausing and yielding take effect.
class JobContext {
 public:
  /// Never stopped, never paused, silent: for tests and for short work.
  JobContext() = default;
  /// `betweenSteps` is called by step(); the scheduler pauses and yields in it.
  JobContext(std::stop_token stop, ProgressSink sink, std::function<void()> betweenSteps = nullptr);

  bool stopRequested() const { return m_stop.stop_requested(); }
  const std::stop_token& stopToken() const { return m_stop; }

  /// Throws Error(Cancelled) when a stop was requested.
  void throwIfStopped() const;

  /// Between two steps: waits while paused, lets interactive work go first, then as throwIfStopped().
  void step() const;

  /// Reports progress. Called on the working thread; the sink must be short and must not call back.
  void report(const Progress& progress) const;

 private:
  std::stop_token m_stop;
  ProgressSink m_sink;
  std::function<void()> m_betweenSteps;
};

}  // namespace whorl
