// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace whorl::ui {

/// Smooths the speed of a job, so that rate and time left neither jump nor lag: an exponential average over some ten
/// seconds, with the plain mean until enough is known. Time is given by the caller, so it can be tested without a
/// clock.
class RateMeter {
 public:
  /// `done` units after `seconds` of work. Going backwards (another phase of the work) starts anew.
  void update(std::int64_t done, double seconds);
  /// Forgets where it was, but keeps the speed: after a pause.
  void skipGap() { m_haveLast = false; }
  void reset() { *this = RateMeter(); }

  /// Units per second; 0 while unknown.
  double rate() const { return m_rate; }
  /// Seconds until `total`; nothing while the rate is unknown.
  std::optional<double> secondsLeft(std::int64_t done, std::int64_t total) const;

 private:
  double m_rate = 0;
  double m_seen = 0;  ///< seconds that the average is built on
  std::int64_t m_lastDone = 0;
  double m_lastSeconds = 0;
  bool m_haveLast = false;
};

}  // namespace whorl::ui
