// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace whorl {

/// How long a recipe's run still takes: what its plan expects of each cell, scaled by what the finished ones really
/// took. Cells are of very different lengths and go through several steps, so their number a minute says nothing. Time
/// is given by the caller, so it can be tested without a clock.
class RunForecast {
 public:
  /// Expected seconds of each cell: 0 where nothing is to be done, negative where that isn't known.
  void start(std::vector<double> expected);
  /// Forgets the run.
  void clear() { start({}); }
  void begin(std::size_t cell);
  /// It was computed, or failed.
  void end(std::size_t cell);
  /// So many seconds of work went by.
  void pass(double seconds);

  /// Nothing while it can't be said: a cell's length isn't known, or the last one takes longer than expected.
  std::optional<double> secondsLeft() const;
  /// Share of all the time, 0 to 1, never falling; nothing while it isn't known.
  std::optional<double> fraction() const;

 private:
  double scale() const;

  std::vector<double> m_expected;  ///< 0 once a cell has ended
  std::optional<std::size_t> m_current;
  double m_inCurrent = 0;         ///< seconds
  double m_took = 0;              ///< seconds of ended cells
  double m_tookAsExpected = 0;    ///< what was expected of them
  double m_all = 0;               ///< expected of all cells at the start
  mutable double m_fraction = 0;  ///< the largest that was told
};

}  // namespace whorl
