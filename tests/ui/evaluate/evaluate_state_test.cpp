// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/evaluate_state.h"

#include <QTest>

#include "tests/ui/ui_test.h"

using namespace whorl::ui;

class EvaluateStateTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { whorl::test::failOnWarnings(); }

  void aRunGoesItsWay() {
    EvaluateState state;
    QVERIFY(state.canStart() && !state.canStop() && !state.stop());
    QVERIFY(state.start() && !state.start());
    QCOMPARE(state.phase(), EvaluatePhase::Starting);
    state.jobRuns();
    state.jobPauses();
    QCOMPARE(state.phase(), EvaluatePhase::Paused);
    state.jobRuns();
    QCOMPARE(state.phase(), EvaluatePhase::Running);
    QVERIFY(state.stop() && !state.stop());
    state.jobRuns();  // a wish has overtaken it
    QCOMPARE(state.phase(), EvaluatePhase::Stopping);
    state.forget();
    QVERIFY(state.active());
    state.jobCancels();
    QCOMPARE(state.phase(), EvaluatePhase::Stopped);
    state.jobFails();  // it has ended
    QCOMPARE(state.phase(), EvaluatePhase::Stopped);
    QVERIFY(state.start());
    state.jobFinishes();
    QCOMPARE(state.phase(), EvaluatePhase::Finished);
    state.forget();
    QCOMPARE(state.phase(), EvaluatePhase::Idle);
  }
};

QTEST_MAIN(EvaluateStateTest)
#include "evaluate_state_test.moc"
