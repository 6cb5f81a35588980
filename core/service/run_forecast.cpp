// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/run_forecast.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace whorl {

namespace {
/// The plan's word counts as much as this share of it, taken exactly as long as expected: so that the first short cell
/// alone doesn't say how all others will go.
constexpr double kPlanWeight = 0.05;
}  // namespace

void RunForecast::start(std::vector<double> expected) {
  *this = RunForecast();
  m_expected = std::move(expected);
  for (const double seconds : m_expected) m_all += std::max(seconds, 0.0);
}

void RunForecast::begin(std::size_t cell) {
  m_current = cell;
  m_inCurrent = 0;
}

void RunForecast::end(std::size_t cell) {
  if (cell >= m_expected.size()) return;
  // What nothing was expected of (kept in the store) teaches nothing, and took nothing worth counting.
  if (m_current == cell && m_expected[cell] > 0) {
    m_took += m_inCurrent;
    m_tookAsExpected += m_expected[cell];
  }
  if (m_current == cell) m_current.reset();
  m_expected[cell] = 0;
}

void RunForecast::pass(double seconds) {
  if (m_current) m_inCurrent += seconds;
}

double RunForecast::scale() const {
  const double prior = kPlanWeight * m_all;
  const double ended = prior > 0 ? (m_took + prior) / (m_tookAsExpected + prior) : 1;
  if (!m_current || *m_current >= m_expected.size()) return ended;
  // A cell that takes longer than that says so before its end.
  const double begun = m_tookAsExpected + std::max(m_expected[*m_current], 0.0);
  return begun > 0 ? std::max(ended, (m_took + m_inCurrent) / begun) : ended;
}

std::optional<double> RunForecast::secondsLeft() const {
  if (std::any_of(m_expected.begin(), m_expected.end(), [](double seconds) { return seconds < 0; })) return {};
  const double factor = scale();
  const double toCome = std::accumulate(m_expected.begin(), m_expected.end(), 0.0) * factor;
  const bool inOne = m_current && *m_current < m_expected.size();
  const double left = inOne ? toCome - std::min(m_inCurrent, m_expected[*m_current] * factor) : toCome;
  if (left < 1) return {};
  return left;
}

std::optional<double> RunForecast::fraction() const {
  const auto left = secondsLeft();
  const double gone = m_took + m_inCurrent;
  if (left) m_fraction = std::max(m_fraction, gone / (gone + *left));
  return m_fraction > 0 || left ? std::optional(m_fraction) : std::nullopt;
}

}  // namespace whorl
