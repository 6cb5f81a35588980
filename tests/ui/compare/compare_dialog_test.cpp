// SPDX-License-Identifier: GPL-3.0-or-later
// The grid of models and attacks over the fake engine, from Explore and back.
#include "ui/compare/compare_dialog.h"

#include <QAbstractItemModelTester>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>
#include <QToolButton>
#include <QUndoStack>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/explore/step_stack.h"
#include "ui/main_window.h"
#include "ui/pages/explore_page.h"
#include "ui/session/engine_session.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;

class CompareDialogTest : public QObject {
  Q_OBJECT

  struct World {
    std::shared_ptr<FakeEngine> engine = std::make_shared<FakeEngine>();
    std::unique_ptr<EngineSession> session = std::make_unique<EngineSession>(engine);
    std::unique_ptr<MainWindow> window = std::make_unique<MainWindow>(session.get(), MainWindow::Options{false, {}});

    bool open() {
      QSignalSpy shown(window->explore(), &ExplorePage::pictureShown);
      window->show();
      if (!QTest::qWaitFor([&] { return shown.count() > 0; }, 10'000)) return false;
      window->explore()->openCompare();
      return true;
    }
    CompareDialog* dialog() const { return window->findChild<CompareDialog*>(); }
    CompareGrid* grid() const { return dialog()->grid(); }
    bool complete() const { return !dialog()->run()->busy() && grid()->doneCount() == size(); }
    int size() const { return grid()->rowCount() * grid()->columnCount(); }
    QAction* choice(const char* button, const QString& text) const {
      for (QAction* action : dialog()->findChild<QToolButton*>(QString::fromLatin1(button))->menu()->actions()) {
        if (action->text() == text) return action;
      }
      return nullptr;
    }
    QString shown(int row, int column) const { return grid()->index(row, column).data().toString(); }
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void everyCellIsWhatTheEngineSays() {
    World world;
    QVERIFY(world.open());
    QTRY_VERIFY_WITH_TIMEOUT(world.complete(), 20'000);
    const CompareGrid* grid = world.grid();
    const QAbstractItemModelTester tester(world.grid(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(grid->rowCount(), 3);
    QVERIFY(grid->columnCount() >= 3);
    QCOMPARE(grid->headerData(0, Qt::Horizontal, Qt::DisplayRole).toString(), QString("As it is"));
    QCOMPARE(grid->headerData(1, Qt::Vertical, Qt::DisplayRole).toString(), QString("glyphs-plain"));
    const SourceImage source = *world.window->explore()->source();
    for (int row = 0; row < grid->rowCount(); ++row) {
      for (int column = 0; column < grid->columnCount(); ++column) {
        ExploreRequest request;
        request.model = grid->models()[std::size_t(row)].id;
        request.image = *source.image;
        request.label = source.label;
        request.imageIndex = source.index;
        request.steps = grid->columns()[std::size_t(column)].steps;
        const ExploreResult expected = world.engine->explore(request, JobContext{}, {});
        const CompareCell& cell = grid->cell(row, column);
        QCOMPARE(cell.state, CompareCell::State::Done);
        QCOMPARE(cell.answer, QString::number(expected.after.predicted));
        QCOMPARE(cell.probability, expected.after.probabilities[std::size_t(expected.after.predicted)]);
        QCOMPARE(cell.fooled, expected.after.predicted != *source.label);
        QCOMPARE(cell.accepted.has_value(), grid->models()[std::size_t(row)].fingerprints > 0);
        QVERIFY(!cell.picture.isNull());
        QVERIFY2(world.shown(row, column).startsWith(cell.fooled ? "✗" : "✓"), qPrintable(world.shown(row, column)));
      }
    }
    const QRegularExpression judged(QStringLiteral("\n(accepted|rejected)$"));
    QVERIFY2(world.shown(0, 0).contains(judged), qPrintable(world.shown(0, 0)));
    QVERIFY(!world.shown(1, 0).contains(judged));  // without fingerprints nobody judges
  }

  void choicesMakeRowsAndColumns() {
    World world;
    QVERIFY(world.open());
    QTRY_VERIFY_WITH_TIMEOUT(world.complete(), 20'000);
    const int columns = world.grid()->columnCount();
    world.choice("compare_models", "shapes-fingerprint")->trigger();
    QCOMPARE(world.grid()->rowCount(), 2);
    world.choice("compare_attacks", "As it is")->trigger();
    QCOMPARE(world.grid()->columnCount(), columns - 1);
    QTRY_VERIFY_WITH_TIMEOUT(world.complete(), 20'000);
    for (const char* name : {"glyphs-fingerprint", "glyphs-plain"}) world.choice("compare_models", name)->trigger();
    QCOMPARE(world.size(), 0);
    QTRY_VERIFY(!world.dialog()->run()->busy());
  }

  void aCellOpensOnExploreAndCanBeUndone() {
    World world;
    QVERIFY(world.open());
    QTRY_VERIFY_WITH_TIMEOUT(world.complete(), 20'000);
    const auto before = world.window->steps()->requests();
    const int last = world.grid()->columnCount() - 1;
    const auto wanted = world.grid()->columns()[std::size_t(last)].steps;
    QVERIFY(before != wanted);
    Q_EMIT world.dialog()->table()->activated(world.grid()->index(1, last));
    QCOMPARE(world.window->steps()->requests(), wanted);
    QTRY_COMPARE(world.window->explore()->model()->id, std::string("glyphs-plain"));
    world.window->steps()->undoStack()->undo();
    QCOMPARE(world.window->steps()->requests(), before);
  }

  void followsTheImageAndStopsWhenClosed() {
    World world;
    QVERIFY(world.open());
    QTRY_VERIFY_WITH_TIMEOUT(world.complete(), 20'000);
    const QImage first = world.grid()->cell(0, 0).picture;
    world.window->explore()->neighbour(1);
    QTRY_VERIFY_WITH_TIMEOUT(world.complete() && world.grid()->cell(0, 0).picture != first, 20'000);
    world.dialog()->close();
    QTRY_VERIFY(!world.dialog()->run()->busy());
    const int asked = world.engine->exploreStarted;
    world.window->explore()->neighbour(1);
    QTest::qWait(600);
    QVERIFY(world.engine->exploreStarted - asked <= 2);  // Explore alone
  }

  void stopLeavesTheRestWaiting() {
    World world;
    QVERIFY(world.open());
    QTRY_VERIFY_WITH_TIMEOUT(world.complete(), 20'000);
    Door door;
    world.engine->onExplore = [&](const ExploreRequest&, const JobContext& context) { door.wait(context.stopToken()); };
    world.choice("compare_attacks", "As it is")->trigger();
    QTRY_COMPARE(world.grid()->cell(0, 0).state, CompareCell::State::Running);
    world.dialog()->findChild<QPushButton*>()->click();
    QCOMPARE(world.grid()->cell(0, 0).state, CompareCell::State::Waiting);
    door.open();
    QTRY_VERIFY(!world.dialog()->run()->busy());
    QCOMPARE(world.grid()->doneCount(), 0);
  }

  void whatFailsSaysWhy() {
    ExploreResult result;
    result.steps = {{"fgsm", 0, {}, "", false, "it has <no> gradients"}};
    const CompareCell cell = compareCell(result, FakeEngine::blobModel("x", {1, 28, 28}, 0), 3);
    QCOMPARE(cell.state, CompareCell::State::Failed);
    CompareGrid grid;
    grid.restart({FakeEngine::blobModel("x", {1, 28, 28}, 0)}, {{"FGSM", {}}});
    grid.setCell(0, 0, cell);
    grid.setCell(5, 5, cell);  // of an older question
    QCOMPARE(grid.index(0, 0).data().toString(), QString("failed"));
    QCOMPARE(grid.index(0, 0).data(Qt::ToolTipRole).toString(), QString("it has &lt;no&gt; gradients"));
  }
};

QTEST_MAIN(CompareDialogTest)
#include "compare_dialog_test.moc"
