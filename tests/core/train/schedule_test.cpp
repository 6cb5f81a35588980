// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/schedule.h"

#include <QTest>

#include "core/base/error.h"

using namespace whorl;

namespace {

Parameters schedule(const char* kind, const char* milestones = "") {
  return Parameters{{"learning_rate", 2e-3},         {"momentum", 0.9},
                    {"cycle_momentum", true},        {"decay_factor", 0.1},
                    {"schedule", std::string(kind)}, {"milestones", std::string(milestones)}};
}

}  // namespace

class ScheduleTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void constantStays() {
    const Schedule s(schedule("constant"), 100, 10);
    QCOMPARE(s.at(0).learningRate, 2e-3);
    QCOMPARE(s.at(99).learningRate, 2e-3);
    QCOMPARE(s.at(99).momentum, 0.9);
  }

  void cosineFallsFromPeakToNearZero() {
    const Schedule s(schedule("cosine"), 100, 10);
    QCOMPARE(s.at(0).learningRate, 2e-3);
    QVERIFY(qAbs(s.at(50).learningRate - 1e-3) < 1e-15);
    QVERIFY(s.at(99).learningRate > 0 && s.at(99).learningRate < 1e-6);
  }

  // Reference: torch.optim.lr_scheduler.OneCycleLR(max_lr=2e-3, total_steps=20) of PyTorch 2.13 on Adam.
  void oneCycleAsPyTorch_data() {
    QTest::addColumn<int>("step");
    QTest::addColumn<double>("learningRate");
    QTest::addColumn<double>("momentum");
    QTest::newRow("step 0") << 0 << 7.999999999999999e-05 << 0.95;
    QTest::newRow("step 1") << 1 << 0.0002633436854000504 << 0.9404508497187474;
    QTest::newRow("step 3") << 3 << 0.0013366563145999495 << 0.8845491502812526;
    QTest::newRow("step 5") << 5 << 0.002 << 0.85;
    QTest::newRow("step 6") << 6 << 0.001974928012470175 << 0.8512536043909088;
    QTest::newRow("step 12") << 12 << 0.0010000039999999999 << 0.8999999999999999;
    QTest::newRow("step 19") << 19 << 8e-09 << 0.95;
  }
  void oneCycleAsPyTorch() {
    QFETCH(int, step);
    QFETCH(double, learningRate);
    QFETCH(double, momentum);
    const StepRates rates = Schedule(schedule("one_cycle"), 20, 5).at(step);
    QVERIFY2(qAbs(rates.learningRate - learningRate) < 1e-12, qPrintable(QString::number(rates.learningRate, 'g', 12)));
    QVERIFY2(qAbs(rates.momentum - momentum) < 1e-12, qPrintable(QString::number(rates.momentum, 'g', 12)));
  }

  void oneCycleOfFewStepsStaysFinite() {
    for (int steps = 1; steps <= 5; ++steps) {
      const Schedule s(schedule("one_cycle"), steps, steps);
      for (int step = 0; step < steps; ++step) {
        QVERIFY(s.at(step).learningRate > 0 && s.at(step).learningRate <= 2e-3 * (1 + 1e-12));
        QVERIFY(s.at(step).momentum >= 0.85 - 1e-12 && s.at(step).momentum <= 0.95 + 1e-12);
      }
    }
  }

  void stepsFallAtMilestones() {
    const Schedule s(schedule("steps", "2, 5"), 100, 10);
    QCOMPARE(s.at(19).learningRate, 2e-3);
    QVERIFY(qAbs(s.at(20).learningRate - 2e-4) < 1e-15);
    QVERIFY(qAbs(s.at(49).learningRate - 2e-4) < 1e-15);
    QVERIFY(qAbs(s.at(50).learningRate - 2e-5) < 1e-15);
  }

  void badMilestonesAreRefused_data() {
    QTest::addColumn<QString>("text");
    for (const char* text : {"x", "3,2", "0", "-1", "nan", "5x", "1;2"}) QTest::newRow(text) << QString(text);
  }
  void badMilestonesAreRefused() {
    QFETCH(QString, text);
    try {
      Schedule(schedule("steps", text.toStdString().c_str()), 10, 10);
      QFAIL("accepted");
    } catch (const Error& error) {
      QVERIFY(error.kind() == ErrorKind::Usage);
      QVERIFY(error.message().find("milestones") != std::string::npos);
    }
  }
};

QTEST_APPLESS_MAIN(ScheduleTest)
#include "schedule_test.moc"
