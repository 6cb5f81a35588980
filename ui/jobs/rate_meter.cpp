// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/rate_meter.h"

#include <algorithm>

namespace whorl::ui {

namespace {
constexpr double kMemorySeconds = 10;
/// Shorter intervals measure the clock rather than the work.
constexpr double kShortestSample = 0.2;
}  // namespace

void RateMeter::update(std::int64_t done, double seconds) {
  if (m_haveLast && (done < m_lastDone || seconds < m_lastSeconds)) reset();
  if (!m_haveLast) {
    m_lastDone = done;
    m_lastSeconds = seconds;
    m_haveLast = true;
    return;
  }
  const double elapsed = seconds - m_lastSeconds;
  if (elapsed < kShortestSample) return;
  const double sample = static_cast<double>(done - m_lastDone) / elapsed;
  // Weight of the new sample: a plain mean while the average is younger than its memory.
  m_seen = std::min(m_seen + elapsed, kMemorySeconds);
  const double weight = std::min(1.0, elapsed / m_seen);
  m_rate += weight * (sample - m_rate);
  m_lastDone = done;
  m_lastSeconds = seconds;
}

std::optional<double> RateMeter::secondsLeft(std::int64_t done, std::int64_t total) const {
  if (m_rate <= 0 || total <= 0) return std::nullopt;
  return static_cast<double>(std::max<std::int64_t>(total - done, 0)) / m_rate;
}

}  // namespace whorl::ui
