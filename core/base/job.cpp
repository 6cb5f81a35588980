// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/job.h"

#include <utility>

#include "core/base/error.h"

namespace whorl {

JobContext::JobContext(std::stop_token stop, ProgressSink sink, std::function<void()> betweenSteps)
    : m_stop(std::move(stop)), m_sink(std::move(sink)), m_betweenSteps(std::move(betweenSteps)) {}

void JobContext::throwIfStopped() const {
  if (m_stop.stop_requested()) throw Error(ErrorKind::Cancelled, "cancelled");
}

void JobContext::step() const {
  throwIfStopped();
  if (m_betweenSteps) m_betweenSteps();
  throwIfStopped();
}

void JobContext::report(const Progress& progress) const {
  if (m_sink) m_sink(progress);
}

}  // namespace whorl
