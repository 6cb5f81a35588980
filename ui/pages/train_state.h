// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace whorl::ui {

enum class TrainPhase { Idle, Starting, Running, Pausing, Paused, Keeping, Cancelling, Finished, Cancelled, Failed };

/// The states of a training run as a person sees them; all buttons derive from can…(). Plain data, no threads.
///
///     Idle, Finished, Cancelled, Failed ── start ──▶ Starting
///     Starting ── jobRuns ──▶ Running
///     Running ── pause ──▶ Pausing ── jobPauses ──▶ Paused
///     Pausing, Paused ── resume ──▶ Running
///     Running, Pausing, Paused ── keep ──▶ Keeping           (stop, and keep what was learnt)
///     Starting, Running, Pausing, Paused, Keeping ── cancel ──▶ Cancelling
///     any of these ── jobFinishes / jobFails / jobCancels ──▶ Finished / Failed / Cancelled
///
/// What a person asks for and is not allowed returns false and changes nothing. What the job reports always counts, but
/// for reports of a run that has ended, and reports that a wish has overtaken (it runs, while a pause is asked for).
class TrainState {
 public:
  TrainPhase phase() const { return m_phase; }
  /// A job is under way.
  bool active() const;

  bool canStart() const { return !active(); }
  bool canPause() const { return m_phase == TrainPhase::Running; }
  bool canResume() const { return m_phase == TrainPhase::Pausing || m_phase == TrainPhase::Paused; }
  bool canKeep() const { return canPause() || canResume(); }
  bool canCancel() const { return active() && m_phase != TrainPhase::Cancelling; }

  bool start() { return go(canStart(), TrainPhase::Starting); }
  bool pause() { return go(canPause(), TrainPhase::Pausing); }
  bool resume() { return go(canResume(), TrainPhase::Running); }
  bool keep() { return go(canKeep(), TrainPhase::Keeping); }
  bool cancel() { return go(canCancel(), TrainPhase::Cancelling); }

  void jobRuns() { go(m_phase == TrainPhase::Starting || m_phase == TrainPhase::Paused, TrainPhase::Running); }
  void jobPauses() { go(m_phase == TrainPhase::Pausing || m_phase == TrainPhase::Running, TrainPhase::Paused); }
  void jobFinishes() { go(active(), TrainPhase::Finished); }
  void jobFails() { go(active(), TrainPhase::Failed); }
  void jobCancels() { go(active(), TrainPhase::Cancelled); }

 private:
  bool go(bool allowed, TrainPhase next) {
    if (allowed) m_phase = next;
    return allowed;
  }

  TrainPhase m_phase = TrainPhase::Idle;
};

inline bool TrainState::active() const {
  switch (m_phase) {
    case TrainPhase::Idle:
    case TrainPhase::Finished:
    case TrainPhase::Cancelled:
    case TrainPhase::Failed:
      return false;
    default:
      return true;
  }
}

}  // namespace whorl::ui
