// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_state.h"

#include <QTest>

#include <map>
#include <vector>

using namespace whorl::ui;

namespace {

enum class Wish { Start, Pause, Resume, Keep, Cancel };
constexpr Wish kWishes[] = {Wish::Start, Wish::Pause, Wish::Resume, Wish::Keep, Wish::Cancel};

bool wish(TrainState& state, Wish what) {
  switch (what) {
    case Wish::Start:
      return state.start();
    case Wish::Pause:
      return state.pause();
    case Wish::Resume:
      return state.resume();
    case Wish::Keep:
      return state.keep();
    case Wish::Cancel:
      return state.cancel();
  }
  return false;
}

bool can(const TrainState& state, Wish what) {
  switch (what) {
    case Wish::Start:
      return state.canStart();
    case Wish::Pause:
      return state.canPause();
    case Wish::Resume:
      return state.canResume();
    case Wish::Keep:
      return state.canKeep();
    case Wish::Cancel:
      return state.canCancel();
  }
  return false;
}

/// A state in each phase, by the ways that lead there.
std::map<TrainPhase, TrainState> everyPhase() {
  std::map<TrainPhase, TrainState> states;
  const auto keep = [&](const TrainState& state) { states[state.phase()] = state; };
  TrainState state;
  keep(state);
  state.start();
  keep(state);
  state.jobRuns();
  keep(state);
  const TrainState running = state;
  state.pause();
  keep(state);
  state.jobPauses();
  keep(state);
  state.keep();
  keep(state);
  state.cancel();
  keep(state);
  state.jobCancels();
  keep(state);
  state = running;
  state.jobFinishes();
  keep(state);
  state = running;
  state.jobFails();
  keep(state);
  return states;
}

}  // namespace

class TrainStateTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void allPhasesCanBeReached() { QCOMPARE(everyPhase().size(), std::size_t{10}); }

  /// From each phase, each pair of wishes: allowed exactly when can…() says so, and a refused one changes nothing.
  void everyPairOfQuickClicks() {
    for (const auto& [phase, start] : everyPhase()) {
      for (Wish first : kWishes) {
        for (Wish second : kWishes) {
          TrainState state = start;
          for (Wish what : {first, second}) {
            const TrainPhase before = state.phase();
            const bool allowed = can(state, what);
            QCOMPARE(wish(state, what), allowed);
            if (!allowed) QCOMPARE(state.phase(), before);
            if (allowed) QVERIFY(!can(state, what));  // the same wish is never granted twice in a row
          }
        }
      }
    }
  }

  void anActiveRunCanAlwaysBeEnded() {
    for (const auto& [phase, start] : everyPhase()) {
      if (!start.active()) continue;
      QVERIFY(start.canCancel() || phase == TrainPhase::Cancelling);
      TrainState state = start;
      state.jobFinishes();
      QCOMPARE(state.phase(), TrainPhase::Finished);
      QVERIFY(state.canStart() && !state.canCancel() && !state.canPause() && !state.canKeep());
    }
  }

  void lateReportsOfAnEndedRunAreLeftOut() {
    TrainState state;
    state.start();
    state.jobRuns();
    state.jobCancels();
    state.jobRuns();
    state.jobPauses();
    state.jobFinishes();
    QCOMPARE(state.phase(), TrainPhase::Cancelled);
  }

  void aWishOvertakesReports() {
    TrainState state;
    state.start();
    state.jobRuns();
    state.pause();
    state.jobRuns();  // was on its way
    QCOMPARE(state.phase(), TrainPhase::Pausing);
    state.keep();
    state.jobPauses();
    QCOMPARE(state.phase(), TrainPhase::Keeping);
  }
};

QTEST_APPLESS_MAIN(TrainStateTest)
#include "train_state_test.moc"
