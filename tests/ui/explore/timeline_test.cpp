// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/timeline.h"

#include <QLabel>
#include <QSignalSpy>
#include <QSlider>
#include <QToolButton>

#include <cmath>

#include "tests/ui/ui_test.h"
#include "ui/plots/trace_plot.h"

using namespace whorl;
using namespace whorl::ui;

class TimelineTest : public QObject {
  Q_OBJECT

  static AttackTracePoint point(int step) { return {step, 1.0 + step, step - 3.0, 0.1 * step, 0.01 * step, {}}; }

  static Trace trace(int steps) {
    std::vector<AttackTracePoint> points;
    for (int i = 0; i <= steps; ++i) points.push_back(point(2 * i));
    return std::make_shared<const std::vector<AttackTracePoint>>(std::move(points));
  }

  struct World {
    Timeline timeline;
    QSlider* slider = timeline.findChild<QSlider*>("timeline_slider");
    QToolButton* play = timeline.findChild<QToolButton*>("timeline_play");
    QLabel* place = timeline.findChild<QLabel*>("timeline_place");
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void beginsEmpty() {
    World world;
    QVERIFY(!world.slider->isEnabled() && !world.play->isEnabled());
    QVERIFY(!world.timeline.position());
  }

  void growsWhileAnAttackRuns() {
    World world;
    world.timeline.startLive(0.5);
    ExploreStep step{0, point(4), {}};
    step.verdict.fingerprintDistances = {0.7, 0.9};
    step.verdict.score = 0.7;
    world.timeline.addLive({step});
    QCOMPARE(world.timeline.plot()->pointCount(), std::size_t{1});
    QCOMPARE(world.timeline.plot()->valueText(4), QString("0.7"));
    QVERIFY(world.place->text().contains("step 4"));
    QVERIFY(!world.slider->isEnabled());
    QSignalSpy stop(&world.timeline, &Timeline::stopWanted);
    QTest::mouseClick(world.play, Qt::LeftButton);
    QCOMPARE(stop.count(), 1);
  }

  void scrubs() {
    World world;
    world.timeline.setTrace(trace(10), {3, 9, 9, 9, 0.4}, 0.5);
    QVERIFY(!world.timeline.position());  // the result
    QCOMPARE(world.slider->maximum(), 11);
    QSignalSpy moved(&world.timeline, &Timeline::positionChanged);
    QTest::keyClick(world.slider, Qt::Key_Left);
    QCOMPARE(world.timeline.position(), std::optional<std::size_t>(10));
    QTest::keyClick(world.slider, Qt::Key_Home);
    QCOMPARE(world.timeline.position(), std::optional<std::size_t>(0));
    QCOMPARE(world.place->text(), QString("step 0 of 20"));
    QCOMPARE(world.timeline.plot()->valueText(0), QString("1"));
    Q_EMIT world.timeline.plot()->scrubbed(7.2);  // nearest: step 8
    QCOMPARE(world.timeline.position(), std::optional<std::size_t>(4));
    QCOMPARE(moved.count(), 3);
    world.timeline.setScore(4, 0.25);
    QCOMPARE(world.timeline.plot()->valueText(4), QString("0.25"));
    QTest::keyClick(world.slider, Qt::Key_End);
    QVERIFY(!world.timeline.position());
    QVERIFY(!moved.last()[0].value<std::optional<std::size_t>>());
  }

  /// The figures at the end are those of the result, not of the last iterate.
  void endsAtWhatWasReturned() {
    World world;
    const TracePlot* plot = world.timeline.plot();
    world.timeline.setTrace(trace(10), {3, 9, 9, 9, 0.4}, 0.5);
    QCOMPARE(world.place->text(), QString("result: step 6 of 20"));
    QCOMPARE(plot->valueText(0), QString("7"));
    QCOMPARE(plot->valueText(1), QString("3"));
    QCOMPARE(plot->valueText(2), QString("0.6"));
    QCOMPARE(plot->valueText(4), QString("0.4"));
    world.timeline.setPosition(10);
    QCOMPARE(plot->valueText(2), QString("2"));
    world.timeline.setPosition(std::nullopt);
    QCOMPARE(plot->valueText(2), QString("0.6"));
    // It isn't among the iterates: found between two of them, or thinned out.
    world.timeline.setTrace(trace(10), {{}, 0.25, 1.5, 0.125, NAN}, {});
    QCOMPARE(world.place->text(), QString("result, after 20 steps"));
    const QStringList texts = {"–", "0.25", "1.5", "0.125", "–"};
    for (int row = 0; row < texts.size(); ++row) QCOMPARE(plot->valueText(static_cast<std::size_t>(row)), texts[row]);
    auto one = std::make_shared<const std::vector<AttackTracePoint>>(std::vector<AttackTracePoint>{point(1)});
    world.timeline.setTrace(one, {{}, 1, 1, 1, NAN}, {});
    QCOMPARE(world.place->text(), QString("result, after 1 step"));
  }

  void playsToTheResult() {
    World world;
    world.timeline.setTrace(trace(5), {}, {});
    QSignalSpy moved(&world.timeline, &Timeline::positionChanged);
    QTest::mouseClick(world.play, Qt::LeftButton);
    QCOMPARE(world.timeline.position(), std::optional<std::size_t>(0));
    QTRY_COMPARE(moved.count(), 7);  // six steps and the result
    QVERIFY(!world.timeline.position());
    QVERIFY(world.play->toolTip().contains("Play"));
  }

  void aNewTraceBeginsAtItsResult() {
    World world;
    world.timeline.setTrace(trace(5), {}, {});
    world.timeline.setPosition(2);
    world.timeline.setTrace(trace(8), {}, {});
    QVERIFY(!world.timeline.position());
    world.timeline.setTrace(nullptr, {}, {});
    QVERIFY(!world.slider->isEnabled());
  }
};

QTEST_MAIN(TimelineTest)
#include "timeline_test.moc"
