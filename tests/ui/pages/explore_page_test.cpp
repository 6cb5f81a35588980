// SPDX-License-Identifier: GPL-3.0-or-later
// Attacks on the Explore page: their iterates as they arrive, the way back through them, presets, and what doesn't fit.

#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QMenu>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QToolButton>

#include "tests/ui/window_world.h"
#include "ui/commands/command_registry.h"
#include "ui/explore/step_card.h"
#include "ui/explore/step_stack.h"
#include "ui/explore/timeline.h"
#include "ui/plots/trace_plot.h"
#include "ui/widgets/class_bars.h"
#include "ui/widgets/image_view.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;

class ExplorePageTest : public QObject {
  Q_OBJECT

  struct World : test::WindowWorld {
    ExplorePage* page() const { return window->explore(); }
    Timeline* timeline() const { return page()->timeline(); }
    bool firstPicture() const {
      return nextPicture([] {});
    }
    StepCard* card(int index) const {
      const auto cards = window->findChildren<StepCard*>();
      return cards.at(index < 0 ? cards.size() + index : index);
    }
    QString note(int index) const { return card(index)->findChild<QLabel*>("note")->text(); }
    void add(const char* attack) const {
      child<QToolButton>("add_step")->menu()->findChild<QAction*>(QString::fromLatin1(attack))->trigger();
    }
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void iteratesArriveWhileTheAttackRuns() {
    Door door;  // outlives the worker that waits at it
    World world;
    QVERIFY(world.firstPicture());
    const QImage before = world.child<ImageView>("view_result")->image();
    world.engine->onAttackStep = [&](std::int64_t step, const JobContext& context) {
      if (step == 5) door.wait(context.stopToken());
    };
    QSignalSpy shown(world.page(), &ExplorePage::pictureShown);
    world.window->steps()->setParameters(world.window->steps()->steps()[0].id,
                                         {{"epsilon", 0.5}, {"step_size", 0.05}, {"steps", std::int64_t{10}}},
                                         "epsilon");
    QTRY_COMPARE(world.timeline()->plot()->pointCount(), std::size_t{5});
    QVERIFY(world.note(0).contains("step 4"));
    QVERIFY(world.child<ImageView>("view_result")->image() != before);
    QVERIFY(std::abs(world.page()->result()->norms.linf - 0.2) < 1e-5);  // four of ten steps
    QVERIFY(world.child<QLabel>("summary")->text().startsWith("Step 4"));
    QVERIFY(!world.child<QSlider>("timeline_slider")->isEnabled());
    QCOMPARE(shown.count(), 0);
    door.open();
    QTRY_COMPARE(shown.count(), 1);
    QVERIFY(std::abs(world.page()->result()->norms.linf - 0.5) < 1e-5);
    QCOMPARE(world.timeline()->plot()->pointCount(), std::size_t{11});
  }

  /// Nothing of one model stands under the name of another, and nothing is said of one that isn't loaded.
  void anotherModelIsLoadedWhereItSaysSo() {
    Door first, second;  // outlive the worker that waits at them
    World world;
    world.engine->onExplore = [&](const ExploreRequest& request, const JobContext& context) {
      (request.model == "glyphs-plain" ? second : first).wait(context.stopToken());
    };
    auto* distances = world.child<ClassBars>("distances");
    QTRY_COMPARE(distances->placeholder(), QString("Loading glyphs-fingerprint…"));
    QVERIFY(world.nextPicture([&] { first.open(); }));
    QVERIFY(!world.child<ImageView>("view_result")->image().isNull());
    world.page()->showModel("glyphs-plain");
    QTRY_COMPARE(distances->placeholder(), QString("Loading glyphs-plain…"));
    QVERIFY(world.child<ImageView>("view_result")->image().isNull());
    QVERIFY(!world.page()->result());
    // Whoever changes their mind doesn't wait for the first choice.
    QVERIFY(world.nextPicture([&] { world.page()->showModel("glyphs-fingerprint"); }));
    QVERIFY(!world.page()->result()->before.fingerprintDistances.empty());
    QVERIFY(world.nextPicture([&] {
      second.open();
      world.page()->showModel("glyphs-plain");
    }));
    QVERIFY(distances->placeholder().contains("without fingerprints"));
  }

  void scrubbingShowsEachIterateWithItsVerdict() {
    World world;
    QVERIFY(world.firstPicture());
    QTRY_COMPARE(world.engine->judged.load(), 11);
    const ExploreResult result = *world.page()->result();
    const QImage original = world.child<ImageView>("view_original")->image();
    auto* slider = world.child<QSlider>("timeline_slider");
    QTest::keyClick(slider, Qt::Key_Home);
    QCOMPARE(world.child<ImageView>("view_result")->image(), original);
    QTRY_COMPARE(world.page()->result()->after.predicted, result.before.predicted);
    QTRY_COMPARE(world.page()->result()->norms.l0, std::int64_t{0});
    QVERIFY(world.child<QLabel>("summary")->text().startsWith("Step 0"));
    QTest::keyClick(slider, Qt::Key_Right);
    QVERIFY(std::abs(world.page()->result()->norms.linf - 0.03) < 1e-5);
    QVERIFY(!world.page()->result()->after.probabilities.empty());
    QVERIFY(world.timeline()->plot()->valueText(4) != QString("–"));
    QTest::keyClick(slider, Qt::Key_End);
    QVERIFY(world.page()->result()->result == result.result);
    QVERIFY(!world.child<QLabel>("summary")->text().startsWith("Step"));
  }

  void aStoppedAttackKeepsItsWay() {
    World world;
    QVERIFY(world.firstPicture());
    world.engine->onAttackStep = [](std::int64_t step, const JobContext& context) {
      if (step == 5) Door().wait(context.stopToken());
    };
    world.window->steps()->setParameters(world.window->steps()->steps()[0].id,
                                         {{"epsilon", 0.5}, {"step_size", 0.05}, {"steps", std::int64_t{10}}},
                                         "epsilon");
    QTRY_COMPARE(world.timeline()->plot()->pointCount(), std::size_t{5});
    QTest::mouseClick(world.child<QToolButton>("timeline_play"), Qt::LeftButton);
    QVERIFY(world.note(0).contains("Stopped at step 4"));
    auto* slider = world.child<QSlider>("timeline_slider");
    QVERIFY(slider->isEnabled());
    QTest::keyClick(slider, Qt::Key_Home);
    QTRY_COMPARE(world.page()->result()->norms.l0, std::int64_t{0});
    QVERIFY(std::abs(world.page()->result()->norms.linf) < 1e-9);
  }

  /// A new value while an attack streams: its news stop, and only the newest request's are shown.
  void onlyTheNewestStreams() {
    World world;
    QVERIFY(world.firstPicture());
    std::atomic<bool> held = true;
    world.engine->onAttackStep = [&](std::int64_t step, const JobContext& context) {
      if (step == 3 && held) Door().wait(context.stopToken());
    };
    const int id = world.window->steps()->steps()[0].id;
    const auto set = [&](double epsilon) {
      world.window->steps()->setParameters(id, {{"epsilon", epsilon}, {"step_size", 0.05}, {"steps", std::int64_t{10}}},
                                           "epsilon");
    };
    set(0.9);
    QTRY_COMPARE(world.timeline()->plot()->pointCount(), std::size_t{3});
    held = false;
    QVERIFY(world.nextPicture([&] { set(0.2); }));
    QVERIFY(std::abs(world.page()->result()->norms.linf - 0.2) < 1e-5);
    QCOMPARE(world.timeline()->plot()->pointCount(), std::size_t{11});
  }

  void anAttackThatDoesNotFitSaysSoOnItsCard() {
    World world;
    QVERIFY(world.firstPicture());
    QVERIFY(world.nextPicture([&] { world.add("jsma"); }));
    QVERIFY(world.note(-1).contains("needs a target class"));
    QVERIFY(world.note(0).contains("Fooled") || world.note(0).contains("fool"));
    auto* target = world.card(-1)->findChild<QWidget*>("target");
    QVERIFY(!target->isVisible());
    QVERIFY(world.nextPicture([&] { world.card(-1)->findChild<QCheckBox*>("targeted")->click(); }));
    QVERIFY(!world.note(-1).contains("needs a target"));
    QVERIFY(target->isVisible());
    QCOMPARE(qobject_cast<QDoubleSpinBox*>(target)->maximum(), 9.0);  // the model's classes
    qobject_cast<QDoubleSpinBox*>(target)->setValue(4);
    QVERIFY(world.nextPicture([&] { world.card(-1)->findChild<QCheckBox*>("targeted")->click(); }));
    QCOMPARE(world.window->steps()->steps().back().request.parameters.integer("target"), std::int64_t{-1});
  }

  void aSecondAttackDoesNotTakeTheCredit() {
    World world;
    QVERIFY(world.firstPicture());
    world.window->steps()->setParameters(world.window->steps()->steps()[0].id,
                                         {{"epsilon", 1.0}, {"step_size", 0.2}, {"steps", std::int64_t{10}}},
                                         "epsilon");
    QVERIFY(world.nextPicture([&] { world.add("fgsm"); }));
    QTRY_VERIFY(world.note(-1).contains("wrong before"));
    QVERIFY(!world.note(-1).contains("Fooled"));
    QVERIFY(!world.note(-1).contains("lready misclassified"));
  }

  void anAdaptivePresetMakesTheAttackerAdaptive() {
    World world;
    QVERIFY(world.firstPicture());
    auto* presets = world.card(0)->findChild<QComboBox*>("preset");
    const int row = presets->findText("adaptive");
    QVERIFY(world.nextPicture([&] {
      presets->setCurrentIndex(row);
      Q_EMIT presets->activated(row);
    }));
    const StepRequest& step = world.window->steps()->steps()[0].request;
    QCOMPARE(step.threatModel, std::string("adaptive-white-box"));
    QCOMPARE(step.parameters.real("detector_weight"), 2.0);
    QVERIFY(world.card(0)->findChild<QWidget*>("detector_weight"));
    QCOMPARE(world.card(0)->findChild<QComboBox*>("threat_model")->currentText(), QString("Adaptive white box"));
    // One step back, whatever it changed.
    QVERIFY(world.nextPicture([&] { world.window->commands()->action("edit.undo")->trigger(); }));
    QCOMPARE(world.window->steps()->steps()[0].request.threatModel, std::string());
    QVERIFY(!world.window->steps()->steps()[0].request.parameters.has("detector_weight"));
    // A model without fingerprints has nothing to adapt to.
    world.window->commands()->action("edit.redo")->trigger();
    auto* models = world.child<QComboBox>("model");
    QVERIFY(world.nextPicture([&] { models->setCurrentIndex(models->findData("glyphs-plain")); }));
    QTRY_VERIFY(world.note(0).contains("no fingerprints"));
  }

  void undoIsGreyOnOtherPages() {
    World world;
    QVERIFY(world.firstPicture());
    QVERIFY(world.nextPicture([&] { world.add("fgsm"); }));
    QAction* undo = world.window->commands()->action("edit.undo");
    QVERIFY(undo->isEnabled());
    QVERIFY(world.window->showPage("train"));
    QVERIFY(!undo->isEnabled());
    QVERIFY(world.window->showPage("explore"));
    QVERIFY(undo->isEnabled());
  }

  /// What is measured is the GUI thread's own processor time between two frames, which a busy test machine doesn't
  /// change.
  void staysLiveWhileAnAttackStreams() {
    World world;
    QVERIFY(world.firstPicture());
    world.engine->onAttackStep = [](std::int64_t, const JobContext&) {};
    world.window->steps()->setParameters(world.window->steps()->steps()[0].id,
                                         {{"epsilon", 0.5}, {"step_size", 0.05}, {"steps", std::int64_t{1000}}},
                                         "epsilon");
    double longest = 0;
    std::vector<double> frames;
    double last = test::threadSeconds();
    QTimer timer;
    connect(&timer, &QTimer::timeout, &timer, [&] {
      const double now = test::threadSeconds();
      frames.push_back(now - last);
      longest = std::max(longest, now - last);
      last = now;
      world.child<ImageView>("view_result")->update();
    });
    timer.start(16);
    QTRY_VERIFY_WITH_TIMEOUT(frames.size() >= 60, 30'000);
    timer.stop();
    std::sort(frames.begin(), frames.end());
    const double typical = frames[frames.size() / 2];
    qInfo("GUI thread between two frames while an attack streams: typically %.1f ms, at most %.1f ms", 1e3 * typical,
          1e3 * longest);
    QVERIFY2(typical < 0.016, qPrintable(QString::number(1e3 * typical)));
    QVERIFY2(longest < 1.0 / 30, qPrintable(QString::number(1e3 * longest)));
  }
};

QTEST_MAIN(ExplorePageTest)
#include "explore_page_test.moc"
