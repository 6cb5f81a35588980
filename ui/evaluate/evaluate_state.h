// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace whorl::ui {

enum class EvaluatePhase { Idle, Starting, Running, Paused, Stopping, Finished, Stopped, Failed };

/// The states of a recipe's run as a person sees them; all buttons derive from can…(). Plain data, no threads.
///
///     Idle, Finished, Stopped, Failed ── start ──▶ Starting ── jobRuns ──▶ Running
///     Running ── jobPauses ──▶ Paused ── jobRuns ──▶ Running        (pausing is the Jobs dock's)
///     Starting, Running, Paused ── stop ──▶ Stopping
///     any of these ── jobFinishes / jobFails / jobCancels ──▶ Finished / Failed / Stopped
///
/// What a person asks for and is not allowed returns false and changes nothing. Going on after Stopped or Failed is
/// another start: the run store has what was finished.
class EvaluateState {
 public:
  EvaluatePhase phase() const { return m_phase; }
  /// A job is under way.
  bool active() const {
    return m_phase == EvaluatePhase::Starting || m_phase == EvaluatePhase::Running ||
           m_phase == EvaluatePhase::Paused || m_phase == EvaluatePhase::Stopping;
  }
  bool canStart() const { return !active(); }
  bool canStop() const { return active() && m_phase != EvaluatePhase::Stopping; }

  bool start() { return go(canStart(), EvaluatePhase::Starting); }
  bool stop() { return go(canStop(), EvaluatePhase::Stopping); }
  /// Another recipe: what became of the last run is no longer told.
  void forget() { go(!active(), EvaluatePhase::Idle); }

  void jobRuns() { go(m_phase == EvaluatePhase::Starting || m_phase == EvaluatePhase::Paused, EvaluatePhase::Running); }
  void jobPauses() { go(m_phase == EvaluatePhase::Running, EvaluatePhase::Paused); }
  void jobFinishes() { go(active(), EvaluatePhase::Finished); }
  void jobFails() { go(active(), EvaluatePhase::Failed); }
  void jobCancels() { go(active(), EvaluatePhase::Stopped); }

 private:
  bool go(bool allowed, EvaluatePhase next) {
    if (allowed) m_phase = next;
    return allowed;
  }

  EvaluatePhase m_phase = EvaluatePhase::Idle;
};

}  // namespace whorl::ui
