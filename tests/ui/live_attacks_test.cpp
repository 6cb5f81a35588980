// SPDX-License-Identifier: GPL-3.0-or-later
// The Explore page over the real engine: every attack that it has runs from its card, and leaves an outcome, a trace to
// go back through and a verdict of each step.
#include <QCheckBox>
#include <QElapsedTimer>
#include <QLabel>
#include <QMenu>
#include <QSignalSpy>
#include <QSlider>
#include <QTemporaryDir>
#include <QToolButton>

#include "tests/ui/ui_test.h"
#include "ui/explore/step_card.h"
#include "ui/explore/step_stack.h"
#include "ui/explore/timeline.h"
#include "ui/main_window.h"
#include "ui/pages/explore_page.h"
#include "ui/plots/trace_plot.h"
#include "ui/session/engine_session.h"

using namespace whorl;
using namespace whorl::ui;

class LiveAttacksTest : public QObject {
  Q_OBJECT

  QTemporaryDir m_folder;
  std::unique_ptr<EngineSession> m_session;
  std::unique_ptr<MainWindow> m_window;

  ExplorePage* page() const { return m_window->explore(); }

  template <class Act>
  bool nextPicture(Act act) const {
    QSignalSpy shown(page(), &ExplorePage::pictureShown);
    act();
    return QTest::qWaitFor([&shown] { return shown.count() > 0; }, 120'000);
  }

  /// Fewer steps than people would take: this is about the window.
  static Parameters quick(const AttackInfo& attack, const std::string& threatModel) {
    Parameters values = resolve(attack.spec.name, attack.spec.parameters, {});
    const auto less = [&](const char* name, std::int64_t most) {
      if (values.has(name) && std::holds_alternative<std::int64_t>(values.values().at(name)) &&
          values.integer(name) > most) {
        values.set(name, most);
      }
    };
    less("steps", 20);
    less("search_steps", 2);
    less("restarts", 1);
    less("pairs", 16);
    if (values.has("targeted") && attack.spec.name == "jsma") values.set("targeted", true);
    if (threatModel == "adaptive-white-box") {
      for (const ParameterSpec& spec : attack.adaptiveParameters) values.set(spec.name, spec.defaultValue);
    }
    return values;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void initTestCase() {
    test::failOnWarnings();
    m_session = std::make_unique<EngineSession>();
    m_window = std::make_unique<MainWindow>(m_session.get(), MainWindow::Options{false, {}});
    m_window->show();
    m_window->explore()->showModel(QStringLiteral("glyphs-fingerprint"));
    EngineOptions options;
    options.userFolder = m_folder.path().toStdString();
    options.reservedCores = 1;
    QVERIFY(nextPicture([&] { m_session->load(options); }));
  }

  void cleanupTestCase() {
    m_window.reset();
    m_session.reset();
  }

  void everyAttackRunsFromItsCard_data() {
    QTest::addColumn<QString>("attack");
    QTest::addColumn<QString>("threatModel");
    for (const AttackInfo& info : m_session->engine().attacks()) {
      const QString name = QString::fromStdString(info.spec.name);
      const QString least = QString::fromStdString(info.threatModel);
      QTest::addRow("%s, %s", qPrintable(name), qPrintable(least)) << name << least;
      if (!info.adaptiveParameters.empty()) {
        QTest::addRow("%s, adaptive", qPrintable(name)) << name << QStringLiteral("adaptive-white-box");
      }
    }
  }

  void everyAttackRunsFromItsCard() {
    QFETCH(QString, attack);
    QFETCH(QString, threatModel);
    const std::vector<AttackInfo> attacks = m_session->engine().attacks();
    const auto info = std::find_if(attacks.begin(), attacks.end(),
                                   [&](const AttackInfo& each) { return each.spec.name == attack.toStdString(); });
    QVERIFY(info != attacks.end());
    StepStack* stack = m_window->steps();
    QVERIFY(nextPicture([&] { stack->replaceAll({}); }));
    // The menu's step, made quicker.
    QMenu* menu = m_window->findChild<QToolButton*>("add_step")->menu();
    QAction* add = menu->findChild<QAction*>(attack);
    QVERIFY(add);
    QVERIFY(nextPicture([&] {
      add->trigger();
      StepRequest step = stack->steps().back().request;
      step.threatModel = threatModel.toStdString();
      step.parameters = quick(*info, step.threatModel);
      stack->replace(stack->steps().back().id, step, "quick");
    }));
    const ExploreResult result = *page()->result();
    QCOMPARE(result.steps.size(), std::size_t{1});
    QVERIFY2(result.steps[0].problem.empty(), result.steps[0].problem.c_str());
    QVERIFY(result.steps[0].success.has_value());
    auto* card = m_window->findChildren<StepCard*>().last();
    QVERIFY(card->findChild<QLabel*>("note")->isVisible());
    // Nothing of the form is cut off.
    QVERIFY2(card->minimumSizeHint().width() <= card->width(),
             qPrintable(QString::number(card->minimumSizeHint().width())));
    // And back through its steps.
    auto* slider = m_window->findChild<QSlider*>("timeline_slider");
    QVERIFY2(slider->isEnabled(), "no trace");
    slider->setValue(0);
    QTRY_VERIFY_WITH_TIMEOUT(!page()->result()->after.probabilities.empty(), 30'000);
    QVERIFY(!page()->result()->after.fingerprintDistances.empty());
    slider->setValue(slider->maximum());
    QVERIFY(page()->result()->result == result.result);
  }

  /// A long attack: its steps arrive, it can be stopped at once, and what was reached stays.
  void aLongAttackStreamsAndStops() {
    StepStack* stack = m_window->steps();
    QVERIFY(nextPicture([&] { stack->replaceAll({}); }));
    stack->replaceAll(
        {{"bim",
          {{"epsilon", 0.3}, {"step_size", 1e-4}, {"steps", std::int64_t{100000}}, {"stop", std::string("last")}}}});
    auto* plot = m_window->findChild<TracePlot*>();
    QTRY_VERIFY_WITH_TIMEOUT(plot->pointCount() > 5, 60'000);
    QVERIFY(page()->result()->norms.l2 > 0);
    QElapsedTimer clock;
    clock.start();
    QTest::mouseClick(m_window->findChild<QToolButton*>("timeline_play"), Qt::LeftButton);
    QVERIFY(clock.elapsed() < 200);
    QVERIFY(m_window->findChild<QSlider*>("timeline_slider")->isEnabled());
    QVERIFY(nextPicture([&] { stack->replaceAll({}); }));
  }

  /// Every preset runs too, but for the length that makes it slow.
  void presetsFit() {
    for (const AttackInfo& info : m_session->engine().attacks()) {
      const Operation operation{info.spec, true, info.threatModel, info.presets, info.adaptiveParameters};
      for (const AttackPresetInfo& preset : info.presets) {
        const StepRequest step = withPreset(operation, {info.spec.name, {}}, preset);
        for (const auto& [name, value] : preset.parameters.values()) {
          QVERIFY2(step.parameters.has(name), (info.spec.name + " " + preset.name + ": " + name).c_str());
          QVERIFY2(toText(step.parameters.values().at(name)) == toText(value),
                   (info.spec.name + " " + preset.name + ": " + name).c_str());
        }
      }
    }
  }
};

QTEST_MAIN(LiveAttacksTest)
#include "live_attacks_test.moc"
