// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/evaluate_page.h"

#include <QAction>
#include <QLabel>
#include <QSignalSpy>
#include <QTextBrowser>

#include <cmath>
#include <set>

#include "tests/ui/pages/evaluate_world.h"
#include "tests/ui/ui_test.h"
#include "ui/evaluate/evaluate_plots.h"
#include "ui/evaluate/recipe_bar.h"
#include "ui/pages/notice_bar.h"

using namespace whorl;
using namespace whorl::ui;
using World = whorl::test::EvaluateWorld;

class EvaluatePageTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void thePlanIsShownAtOnce() {
    World world;
    QTRY_VERIFY(world.planned());
    QCOMPARE(world.combo("recipe")->currentText(), QString("Blobs, grey box"));
    QCOMPARE(world.combo("preset")->count(), 2);
    QCOMPARE(world.page->grid()->rowCount(), 2);
    QCOMPARE(world.shown(0, 0), QString("≈ 1 min 00 s"));
    QTRY_COMPARE(world.page->findChild<QLabel*>("evaluate_phase")->text(),
                 QString("4 cells, 4 to compute, about 4 min 00 s"));
    QVERIFY(!world.button("stop")->isEnabled());
    QCOMPARE(world.engine->recipeRuns.finished.size(), std::size_t{0});
  }

  void theGridFillsInWhileCellsCome() {
    World world(true);
    QTRY_VERIFY(world.planned());
    QSignalSpy jobs(world.session.get(), &EngineSession::jobAdded);
    world.button("run")->click();
    QCOMPARE(jobs.count(), 1);
    QTRY_COMPARE(world.state(0, 0), CellState::Running);
    QCOMPARE(world.state(0, 1), CellState::Waiting);
    QCOMPARE(world.shown(0, 1), QString("≈ 1 min 00 s"));  // as it was planned
    QVERIFY(!world.button("run")->isEnabled());
    QVERIFY(!world.combo("recipe")->isEnabled());
    world.gate->open(1);
    QTRY_COMPARE(world.state(0, 0), CellState::Done);
    QCOMPARE(world.shown(0, 0), QString("91.00"));
    QTRY_COMPARE(world.state(0, 1), CellState::Running);
    QCOMPARE(world.state(1, 1), CellState::Waiting);
    world.gate->open(1000);
    QTRY_COMPARE(world.phase(), EvaluatePhase::Finished);
    QCOMPARE(world.state(1, 0), CellState::Done);
    QCOMPARE(world.shown(1, 0), QString("95.00"));
    QCOMPARE(world.state(1, 1), CellState::Failed);
    QVERIFY(world.combo("recipe")->isEnabled());
    auto* notice = world.page->findChild<NoticeBar*>();
    QVERIFY(notice->isVisible());
    QVERIFY2(notice->text().contains("one cell failed"), qPrintable(notice->text()));
  }

  /// From the first cell on, while nothing has ended yet: on the page and in the list of jobs.
  void aRunSaysHowLongItTakes() {
    World world(true);
    QTRY_VERIFY(world.planned());
    QSignalSpy forecasts(world.session.get(), &EngineSession::jobForecast);
    world.button("run")->click();
    const auto* phase = world.page->findChild<QLabel*>("evaluate_phase");
    QTRY_VERIFY2(phase->text().startsWith("Running, about 3 min 5") || phase->text().endsWith("4 min 00 s left"),
                 qPrintable(phase->text()));
    world.gate->open(1);
    QTRY_COMPARE(world.state(0, 1), CellState::Running);
    QTRY_VERIFY(forecasts.count() > 0);
    const auto last = forecasts.last()[1].value<JobForecast>();
    QVERIFY(last.secondsLeft && *last.secondsLeft < 180);  // three cells, and the first was quick
    QVERIFY(last.fraction && *last.fraction >= 0 && *last.fraction < 0.5);
    world.gate->open(1000);
    QTRY_COMPARE(world.phase(), EvaluatePhase::Finished);
    const auto told = forecasts.count();
    QTest::qWait(700);
    QCOMPARE(forecasts.count(), told);
  }

  void aFailedCellSaysWhy() {
    World world;
    QTRY_VERIFY(world.planned());
    QVERIFY(world.runToEnd());
    QVERIFY(world.page->grid()->index(1, 1).data(Qt::ToolTipRole).toString().contains("output isn't finite"));
    world.choose(1, 1);
    QVERIFY(world.page->plots()->details()->toPlainText().contains("the network's output isn't finite"));
    QVERIFY(!World::drawn(world.page->plots()->rocPlot()));
    world.page->openImages();
    QVERIFY(world.problem().contains("output isn't finite"));
  }

  void claimsHaveVerdicts() {
    World world;
    QTRY_VERIFY(world.planned());
    const EvaluatePlots* plots = world.page->plots();
    const int tab = plots->indexOf(plots->checks());
    QVERIFY(plots->isTabVisible(tab));
    QCOMPARE(plots->tabText(tab), QString("Checks"));
    QCOMPARE(plots->checks()->toPlainText().count("… open"), 2);
    QVERIFY(world.runToEnd());
    QCOMPARE(plots->tabText(tab), QString("Checks (1 ✗)"));
    const QString text = plots->checks()->toPlainText();
    // What doesn't hold comes first, though the recipe has it last.
    QVERIFY2(text.indexOf("✗ does not hold") < text.indexOf("✓ holds") && text.contains("✗ does not hold"),
             qPrintable(text));
    QVERIFY2(text.contains("many steps <do> it") && text.contains("90.00 % (83.00–94.00)"), qPrintable(text));
    QVERIFY2(text.contains("at least 100.00 %") && text.contains("at most 50.00 %"), qPrintable(text));
    // A recipe without claims has no such tab.
    QVERIFY(world.page->recipes()->choose("blobs-budget"));
    world.page->openRecipe("blobs-budget");
    QTRY_VERIFY(!plots->isTabVisible(tab));
  }

  void stoppingKeepsWhatIsFinishedAndResumes() {
    World world(true);
    QTRY_VERIFY(world.planned());
    world.button("run")->click();
    world.gate->open(2);
    QTRY_COMPARE(world.state(1, 0), CellState::Running);
    world.button("stop")->click();
    QVERIFY(!world.button("stop")->isEnabled());
    QTRY_COMPARE(world.phase(), EvaluatePhase::Stopped);
    QCOMPARE(world.state(0, 1), CellState::Done);
    QCOMPARE(world.state(1, 0), CellState::Waiting);
    QCOMPARE(world.button("run")->text(), QString("Resume"));
    QVERIFY(world.problem().isEmpty());
    world.gate->open(1000);
    QVERIFY(world.runToEnd());
    QCOMPARE(world.state(1, 0), CellState::Done);
    QVERIFY(world.page->grid()->index(0, 1).data(GridModel::KeptRole).toBool());
    QVERIFY(!world.page->grid()->index(1, 0).data(GridModel::KeptRole).toBool());
  }

  void chosenCellsAloneAreComputed() {
    World world;
    QTRY_VERIFY(world.planned());
    world.choose(1, 0);
    for (QAction* action : world.page->table()->actions()) {
      if (action->text() == u"Compute the chosen cells") action->trigger();
    }
    QTRY_COMPARE(world.phase(), EvaluatePhase::Finished);
    QCOMPARE(world.engine->recipeRuns.finished, std::set<std::string>{"blobs-greybox/KD/FGSM"});
    QCOMPARE(world.state(0, 0), CellState::Waiting);
    QCOMPARE(world.state(1, 0), CellState::Done);
    world.choose(0, 0);
    for (QAction* action : world.page->table()->actions()) {
      if (action->text() == u"Compute the chosen cells again") action->trigger();
    }
    QTRY_COMPARE(world.phase(), EvaluatePhase::Finished);
    QCOMPARE(world.state(0, 0), CellState::Done);
    QCOMPARE(world.state(1, 0), CellState::Done);  // that the second run says nothing of it changes nothing
  }

  void everyPairOfQuickClicks_data() {
    QTest::addColumn<QString>("first");
    QTest::addColumn<QString>("second");
    for (const char* first : {"run", "stop"}) {
      for (const char* second : {"run", "stop"}) QTest::addRow("%s-%s", first, second) << first << second;
    }
  }
  void everyPairOfQuickClicks() {
    QFETCH(QString, first);
    QFETCH(QString, second);
    World world(true);
    QTRY_VERIFY(world.planned());
    world.button("run")->click();
    for (const QString& name : {first, second}) world.page->findChild<QPushButton*>(name)->click();
    world.gate->open(1000);
    QTRY_VERIFY(!world.page->run()->state().active());
    const bool stopped = first == u"stop" || second == u"stop";
    QCOMPARE(world.phase(), stopped ? EvaluatePhase::Stopped : EvaluatePhase::Finished);
    QVERIFY(world.runToEnd());
  }

  void metricsAreSwitchedFromTheList() {
    World world;
    QTRY_VERIFY(world.planned());
    QVERIFY(world.runToEnd());
    QComboBox* metric = world.combo("metric");
    metric->setCurrentIndex(metric->findData("success_rate"));
    Q_EMIT metric->activated(metric->currentIndex());
    QCOMPARE(world.shown(0, 0), QString("90.00"));
    QVERIFY(world.page->findChild<QLabel*>("legend")->text().contains("interval"));
    QCOMPARE(world.page->metricId(), QString("success_rate"));
  }

  void plotsShowWhatWasComputed() {
    World world;
    QTRY_VERIFY(world.planned());
    QVERIFY(!World::drawn(world.page->plots()->rocPlot()));
    QVERIFY(world.runToEnd());
    world.choose(0, 0);
    const CurvePlot* roc = world.page->plots()->rocPlot();
    QVERIFY(World::drawn(roc));
    QVERIFY2(roc->csv().startsWith("curve,x,y\nNeuralFP · FGSM,0,0\nNeuralFP · FGSM,0.050000000000000003,"
                                   "0.80000000000000004\nNeuralFP · FGSM,1,1\n"),
             qPrintable(roc->csv()));
    const QStringList logarithmic = world.page->plots()->logarithmicRocPlot()->csv().split('\n');
    QCOMPARE(logarithmic[1].section(',', 1, 1).toDouble(), 0.001);
    QVERIFY(std::abs(logarithmic[1].section(',', 2, 2).toDouble() - 0.016) < 1e-12);  // on the way to 80 % at 5 %
    QVERIFY(World::drawn(world.page->plots()->scorePlot()));
    double clean = 0;
    for (const QString& line : world.page->plots()->scorePlot()->csv().split('\n')) {
      if (line.startsWith("clean,")) clean += line.section(',', 2, 2).toDouble();
    }
    QVERIFY(std::abs(clean - 1) < 1e-9);
    QVERIFY(world.page->plots()->scorePlot()->valuesText().contains("τ at 5 % = 0.5"));
    QVERIFY(!World::drawn(world.page->plots()->budgetPlot()));
    const QString details = world.page->plots()->details()->toPlainText();
    for (const char* part : {"NeuralFP against FGSM", "91.00 %", "95 % interval 90.00–92.00", "90 of 100",
                             "the fake paper", "−4.00", "grey-box", "L2 1.5, Linf 0.3"}) {
      QVERIFY2(details.contains(QString::fromUtf8(part)), part);
    }
  }

  void aWholeColumnIsCompared() {
    World world;
    QTRY_VERIFY(world.planned());
    QVERIFY(world.runToEnd());
    world.page->table()->selectColumn(0);
    const CurvePlot* roc = world.page->plots()->rocPlot();
    QCOMPARE(roc->pointCount("NeuralFP · FGSM"), std::size_t{3});
    QCOMPARE(roc->pointCount("KD · FGSM"), std::size_t{3});
    QCOMPARE(roc->valuesText(), QString("NeuralFP 91.00, KD 95.00"));  // the attack is common to all
  }

  void budgetsBecomeCurves() {
    World world;
    QTRY_VERIFY(world.planned());
    QVERIFY(world.page->recipes()->choose("blobs-budget"));
    QTRY_VERIFY(world.planned() && world.page->grid()->columnCount() == 3);
    QVERIFY(world.runToEnd());
    world.choose(0, 1);
    const CurvePlot* budget = world.page->plots()->budgetPlot();
    QVERIFY(World::drawn(budget));
    const QString csv = budget->csv();
    QCOMPARE(budget->pointCount("NeuralFP · BIM: AUC"), std::size_t{3});
    for (const char* line : {"NeuralFP · BIM: AUC,0.10000000000000001,0.91000000000000003",
                             "NeuralFP · BIM: success,0.20000000000000001,0.90000000000000002"}) {
      QVERIFY2(csv.contains(QString::fromUtf8(line)), qPrintable(csv));
    }
    QVERIFY(csv.contains("evasion at 5 %,0.3"));
  }

  void closingInTheMiddleOfARunIsSafe() {
    World world(true);
    QTRY_VERIFY(world.planned());
    world.button("run")->click();
    QTRY_COMPARE(world.state(0, 0), CellState::Running);
    world.page.reset();
    world.session.reset();
    QCOMPARE(world.engine->recipeRuns.finished.size(), std::size_t{0});
  }

  void newsAreTakenInAFrame() {
    World world;
    QTRY_VERIFY(world.planned());
    QVERIFY(world.runToEnd());
    // As large as recipes get: 12 x 12 cells with full curves and scores, the whole grid chosen.
    RecipeResult large;
    for (int i = 0; i < 12; ++i) {
      large.detectors.push_back("D" + std::to_string(i));
      large.attacks.push_back("A" + std::to_string(i));
    }
    CellFigures figures = test::fakeFigures(1);
    figures.roc.clear();
    for (int i = 0; i < 400; ++i) figures.roc.push_back({1.0 - i / 400.0, i / 399.0, std::sqrt(i / 399.0)});
    figures.cleanScores.assign(2000, 0.25);
    figures.adversarialScores.assign(2000, 0.75);
    for (const auto& detector : large.detectors) {
      for (const auto& attack : large.attacks) {
        RecipeCell cell;
        cell.detector = detector;
        cell.attack = attack;
        cell.state = CellState::Done;
        cell.figures = figures;
        large.cells.push_back(cell);
      }
    }
    Q_EMIT world.page->run()->planned(large);
    world.page->table()->selectColumn(3);
    double slowest = 0;
    for (std::size_t i = 0; i < 20; ++i) {
      const double before = test::threadSeconds();
      Q_EMIT world.page->run()->cellsChanged({{i, large.cells[i]}});
      slowest = std::max(slowest, test::threadSeconds() - before);
    }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    constexpr double kFrame = 0.16;  // which make everything slower
#else
    constexpr double kFrame = 0.016;
#endif
    QVERIFY2(slowest < kFrame, qPrintable(QString("%1 ms").arg(1e3 * slowest)));
  }
};

QTEST_MAIN(EvaluatePageTest)
#include "evaluate_page_test.moc"
