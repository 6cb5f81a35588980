// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "core/service/engine.h"

namespace whorl::ui {

/// One job at a time, of which only the newest request counts: a new one cancels the one that runs, and what still
/// waits is forgotten. GUI thread only.
class NewestRequest {
 public:
  /// Starts the job of the request of that number.
  using Start = std::function<std::shared_ptr<Job>(std::uint64_t number)>;

  NewestRequest() = default;
  NewestRequest(const NewestRequest&) = delete;
  NewestRequest& operator=(const NewestRequest&) = delete;
  ~NewestRequest() {
    if (m_running) m_running->cancel();
  }

  /// Returns the request's number. `start` is called at once, or when the job that runs has ended; where the engine is
  /// not `ready`, with what ended() starts.
  std::uint64_t ask(Start start, bool ready) {
    ++m_newest;
    m_pending = std::move(start);
    if (m_running) {
      m_running->cancel();
    } else if (ready) {
      startPending();
    }
    return m_newest;
  }
  /// Forgets what runs and what waits.
  void cancel() {
    ++m_newest;
    m_pending = nullptr;
    if (m_running) m_running->cancel();
  }
  /// The job has ended: what waits begins.
  void ended() {
    m_running.reset();
    startPending();
  }

  /// Null where nothing runs.
  const std::shared_ptr<Job>& running() const { return m_running; }
  bool waiting() const { return m_pending != nullptr; }
  bool isNewest(std::uint64_t number) const { return number == m_newest; }

 private:
  void startPending() {
    if (!m_pending) return;
    const Start start = std::exchange(m_pending, nullptr);
    m_running = start(m_newest);
  }

  std::shared_ptr<Job> m_running;
  Start m_pending;
  std::uint64_t m_newest = 0;
};

}  // namespace whorl::ui
