// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "core/nn/thread_scope.h"

namespace whorl {

/// Computes batches 0 … count − 1 on `workers` threads (the caller's among them) of `threadsEach` intra-operator
/// threads, and hands each result over in the batches' order, one at a time.
///
/// `work(batch)` → Result runs concurrently, `deliver(batch, Result&&)` under a lock. A worker whose results nobody has
/// waited for yet pauses, so that at most two batches a worker are in memory. The first exception of either stops all
/// and is rethrown. On a busy machine workers of one thread keep their speed where threads inside an operator collapse.
template <class Result>
class BatchWorkers {
 public:
  BatchWorkers(std::int64_t count, int workers, int threadsEach)
      : m_count(count), m_workers(workers), m_threadsEach(threadsEach) {}

  template <class Work, class Deliver>
  void run(const Work& work, const Deliver& deliver) {
    {
      // The threads live as long as this run: the scheduler's own stay free for what a person asks meanwhile.
      std::vector<std::jthread> others;
      for (int k = 1; k < m_workers; ++k) others.emplace_back([&] { loop(work, deliver); });
      loop(work, deliver);
    }
    if (m_problem) std::rethrow_exception(m_problem);
  }

 private:
  template <class Work, class Deliver>
  void loop(const Work& work, const Deliver& deliver) {
    const ThreadScope threads(m_threadsEach);
    try {
      for (;;) {
        const std::int64_t batch = take();
        if (batch < 0) return;
        Result result = work(batch);
        const std::lock_guard lock(m_mutex);
        m_ready.emplace(batch, std::move(result));
        // Inside the lock: whoever completes the sequence hands over all that follows.
        while (!m_ready.empty() && m_ready.begin()->first == m_delivered && !m_problem) {
          auto next = m_ready.extract(m_ready.begin());
          deliver(m_delivered, std::move(next.mapped()));
          ++m_delivered;
        }
        m_changed.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(m_mutex);
      if (!m_problem) m_problem = std::current_exception();
      m_changed.notify_all();
    }
  }

  /// The next batch; −1 when there is none, or when something failed.
  std::int64_t take() {
    std::unique_lock lock(m_mutex);
    m_changed.wait(lock, [this] {
      return m_problem || m_taken >= m_count || m_taken - m_delivered < 2 * static_cast<std::int64_t>(m_workers);
    });
    return m_problem || m_taken >= m_count ? -1 : m_taken++;
  }

  std::int64_t m_count;
  int m_workers;
  int m_threadsEach;
  std::mutex m_mutex;
  std::condition_variable m_changed;
  std::map<std::int64_t, Result> m_ready;
  std::int64_t m_taken = 0;
  std::int64_t m_delivered = 0;
  std::exception_ptr m_problem;
};

}  // namespace whorl
