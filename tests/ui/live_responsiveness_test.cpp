// SPDX-License-Identifier: GPL-3.0-or-later
// The window over the real engine at its busiest: a training, an attack and a landscape at once leave the GUI thread
// free, and a slider's move is seen soon. Processor times are the thread's own, so that a busy machine doesn't count.
#include <QApplication>
#include <QElapsedTimer>
#include <QSignalSpy>

#include <algorithm>
#include <memory>
#include <vector>

#include "tests/ui/live_window.h"
#include "ui/explore/step_stack.h"
#include "ui/pages/landscape_page.h"
#include "ui/pages/train_page.h"
#include "ui/pages/train_run.h"
#include "ui/plots/trace_plot.h"

using namespace whorl;
using namespace whorl::ui;

namespace {

/// Measures every event's handler, with all that it calls in turn.
class MeasuredApplication : public QApplication {
 public:
  using QApplication::QApplication;

  struct Handler {
    double processor = 0;  ///< milliseconds
    double wall = 0;
  };
  std::vector<Handler> handlers;
  bool measuring = false;

  bool notify(QObject* receiver, QEvent* event) override {
    if (!measuring || m_inside) return QApplication::notify(receiver, event);
    m_inside = true;
    QElapsedTimer wall;
    wall.start();
    const double before = 1e3 * test::threadSeconds();
    const bool taken = QApplication::notify(receiver, event);
    handlers.push_back({1e3 * test::threadSeconds() - before, double(wall.nsecsElapsed()) / 1e6});
    m_inside = false;
    return taken;
  }

 private:
  bool m_inside = false;
};

MeasuredApplication* application() { return static_cast<MeasuredApplication*>(QCoreApplication::instance()); }

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * double(values.size())))];
}

/// Most events are nothing: they would make any percentile look good.
constexpr double kWorthCounting = 0.2;
constexpr double kFrame = 16;
constexpr double kSeen = 50;

}  // namespace

class LiveResponsivenessTest : public QObject {
  Q_OBJECT

  test::LiveWindow m_live;
  std::unique_ptr<MainWindow>& m_window = m_live.window;

  void startTraining() {
    TrainRequest request;
    request.dataset = "glyphs";
    request.architecture = "nfp-mnist";
    request.objective = "fingerprint";
    request.parameters.set("epochs", std::int64_t{1000});
    request.parameters.set("fingerprints_per_step", std::int64_t{3});
    request.output = m_live.folder.filePath("live.safetensors").toStdString();
    request.checkpoint = m_live.folder.filePath("live.checkpoint").toStdString();
    request.limitTrain = 4000;
    TrainRun* run = m_window->findChild<TrainPage*>()->run();
    QSignalSpy events(run, &TrainRun::eventsArrived);
    QVERIFY(run->start(request));
    QVERIFY(QTest::qWaitFor([&] { return events.count() > 0; }, 60'000));
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void initTestCase() {
    test::failOnWarnings();
    QVERIFY(m_live.open("glyphs-fingerprint"));
  }

  void cleanupTestCase() { m_live.close(); }

  /// From a move of FGSM's slider to the picture that shows it.
  void aSlidersMoveIsSeenSoon() {
    StepStack* stack = m_window->steps();
    QSignalSpy shown(m_window->explore(), &ExplorePage::pictureShown);
    stack->replaceAll({{"fgsm", {{"epsilon", 0.1}}}});
    QVERIFY(QTest::qWaitFor([&] { return shown.count() > 0; }, 60'000));
    // A machine with other work may be slow for a while: the best of a few tries tells what the window can do.
    double best = 1e9;
    for (int attempt = 0; attempt < 4 && best > kSeen; ++attempt) {
      std::vector<double> waits;
      for (int move = 0; move < 15; ++move) {
        StepRequest step = stack->steps().back().request;
        step.parameters.set("epsilon", 0.05 + 0.01 * move);
        QElapsedTimer clock;
        clock.start();
        const auto before = shown.count();
        stack->replace(stack->steps().back().id, step, "epsilon");
        QVERIFY(QTest::qWaitFor([&] { return shown.count() > before; }, 60'000));
        waits.push_back(double(clock.nsecsElapsed()) / 1e6);
        QTest::qWait(5);
      }
      best = std::min(best, quantile(waits, 0.5));
    }
    qInfo("FGSM, from the slider to the picture: median %.1f ms", best);
    QVERIFY2(best <= kSeen, qPrintable(QString::number(best)));
  }

  void handlersAreShortWhileAllIsAtWork() {
    startTraining();
    StepStack* stack = m_window->steps();
    stack->replaceAll(
        {{"bim",
          {{"epsilon", 0.3}, {"step_size", 1e-4}, {"steps", std::int64_t{100000}}, {"stop", std::string("last")}}}});
    QVERIFY(m_window->showPage(QStringLiteral("explore")));
    auto* trace = m_window->findChild<TracePlot*>();
    QTRY_VERIFY_WITH_TIMEOUT(trace->pointCount() > 5, 60'000);
    auto* landscape = m_window->findChild<LandscapePage*>();
    QVERIFY(landscape);

    application()->handlers.clear();
    application()->measuring = true;
    QTimer drawing;
    connect(&drawing, &QTimer::timeout, this, [this] {
      for (QWidget* widget : m_window->findChildren<QWidget*>()) {
        if (widget->isVisible()) widget->update();
      }
    });
    drawing.start(50);
    std::size_t steps = 0;
    for (int turn = 0; turn < 3; ++turn) {
      QVERIFY(m_window->showPage(QStringLiteral("landscape")));
      QTest::qWait(1200);
      QVERIFY(landscape->controller()->busy() || landscape->complete() || turn == 0);
      const QWidget* map = landscape->map();
      for (int move = 0; move < 20; ++move) {
        QTest::mouseMove(landscape->map(), QPoint(20 + move * (map->width() - 40) / 20, map->height() / 2));
        QTest::qWait(15);
      }
      QVERIFY(m_window->showPage(QStringLiteral("explore")));
      QTest::qWait(600);
      steps = std::max(steps, static_cast<std::size_t>(trace->pointCount()));
      QVERIFY(m_window->showPage(QStringLiteral("train")));
      QTest::qWait(600);
    }
    application()->measuring = false;
    QVERIFY(steps > 5);
    QCOMPARE(m_window->findChild<TrainPage*>()->run()->state().phase(), TrainPhase::Running);

    std::vector<double> processor, wall;
    for (const auto& handler : application()->handlers) {
      if (handler.processor < kWorthCounting) continue;
      processor.push_back(handler.processor);
      wall.push_back(handler.wall);
    }
    QVERIFY(processor.size() > 100);
    qInfo(
        "%zu events, %zu of them over %.1f ms; the latter's processor time: median %.1f ms, 99th percentile %.1f ms, "
        "longest %.1f ms; wall time %.1f, %.1f, %.1f ms",
        application()->handlers.size(), processor.size(), kWorthCounting, quantile(processor, 0.5),
        quantile(processor, 0.99), quantile(processor, 1), quantile(wall, 0.5), quantile(wall, 0.99),
        quantile(wall, 1));
    QVERIFY2(quantile(processor, 0.99) <= kFrame, qPrintable(QString::number(quantile(processor, 0.99))));

    QVERIFY(m_window->findChild<TrainPage*>()->run()->cancel());
    stack->replaceAll({});
    QVERIFY(QTest::qWaitFor(
        [&] { return m_window->findChild<TrainPage*>()->run()->state().phase() == TrainPhase::Cancelled; }, 60'000));
  }
};

int main(int argc, char** argv) {
  MeasuredApplication app(argc, argv);
  LiveResponsivenessTest test;
  QTEST_SET_MAIN_SOURCE_PATH
  return QTest::qExec(&test, argc, argv);
}
#include "live_responsiveness_test.moc"
