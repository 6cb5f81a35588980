// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/job.h"

#include <utility>

#include "core/base/error.h"

namespace whorl {

void PauseGate::pause() {
  const std::lock_guard lock(m_mutex);
  m_paused = true;
}

void PauseGate::resume() {
  {
    const std::lock_guard lock(m_mutex);
    m_paused = false;
  }
  m_changed.notify_all();
}

bool PauseGate::paused() const {
  const std::lock_guard lock(m_mutex);
  return m_paused;
}

void PauseGate::wait(std::stop_token stop) {
  std::unique_lock lock(m_mutex);
  m_changed.wait(lock, std::move(stop), [this] { return !m_paused; });
}

JobContext::JobContext(std::stop_token stop, ProgressSink sink, std::shared_ptr<PauseGate> gate,
                       std::function<void()> yield)
    : m_stop(std::move(stop)), m_sink(std::move(sink)), m_gate(std::move(gate)), m_yield(std::move(yield)) {}

void JobContext::throwIfStopped() const {
  if (m_stop.stop_requested()) throw Error(ErrorKind::Cancelled, "cancelled");
}

void JobContext::step() const {
  if (m_gate) m_gate->wait(m_stop);
  throwIfStopped();
  if (m_yield) m_yield();
  throwIfStopped();
}

void JobContext::report(const Progress& progress) const {
  if (m_sink) m_sink(progress);
}

}  // namespace whorl
