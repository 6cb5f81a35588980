// SPDX-License-Identifier: GPL-3.0-or-later
// What comes into the Evaluate page and leaves it.
#include <QApplication>
#include <QClipboard>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QToolButton>

#include <algorithm>
#include <set>

#include "tests/ui/pages/evaluate_world.h"
#include "tests/ui/ui_test.h"
#include "ui/evaluate/grid_text.h"
#include "ui/evaluate/recipe_bar.h"
#include "ui/pages/notice_bar.h"

using namespace whorl;
using namespace whorl::ui;
using World = whorl::test::EvaluateWorld;

class EvaluatePageFilesTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void tablesAreCopiedAndExported() {
    World world;
    QTRY_VERIFY(world.planned());
    QVERIFY(world.runToEnd());
    world.page->table()->setFocus();
    QTest::keyClick(world.page->table(), Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QApplication::clipboard()->text(), gridText(*world.page->grid(), GridFormat::Text));
    world.page->copyTable(GridFormat::Latex);
    QVERIFY(QApplication::clipboard()->text().contains("\\toprule"));
    QTemporaryDir folder;
    for (const char* suffix : {"csv", "md", "tex", "txt"}) {
      const QString path = folder.filePath(QStringLiteral("table.") + suffix);
      QCOMPARE(world.page->exportTable(path), QString());
      QFile file(path);
      QVERIFY(file.open(QIODevice::ReadOnly));
      QCOMPARE(QString::fromUtf8(file.readAll()), gridText(*world.page->grid(), *gridFormatOf(path)));
    }
    QVERIFY(world.page->exportTable(folder.filePath("table.xlsx")).contains(".xlsx"));
    QVERIFY(world.page->exportTable("/nowhere/table.csv").contains("could not be written"));
  }

  void enterOpensTheAttackedImages() {
    World world;
    QTRY_VERIFY(world.planned());
    QSignalSpy wanted(world.page.get(), &EvaluatePage::imagesWanted);
    world.choose(0, 1);
    world.page->table()->setFocus();
    QTest::keyClick(world.page->table(), Qt::Key_Return);
    QCOMPARE(wanted.count(), 0);
    QVERIFY(world.problem().contains("run the cell first"));
    QVERIFY(world.runToEnd());
    QTest::keyClick(world.page->table(), Qt::Key_Return);
    QCOMPARE(wanted.count(), 1);
    QCOMPARE(wanted[0][0].toString(), QString("/nowhere/BIM-b.safetensors"));
    QCOMPARE(wanted[0][1].toString(), QString("/nowhere/glyphs-fingerprint.safetensors"));
    QVERIFY(world.problem().isEmpty());
  }

  /// Also in another session than that of the run: what is finished stands in the store.
  void whatIsFinishedCanBeReported() {
    QTemporaryDir folder;
    World world(false, folder.path().toStdString());
    QTRY_VERIFY(world.planned());
    world.engine->recipeRuns.finished = {"blobs-greybox/KD/FGSM"};
    world.page->reload();
    QTRY_COMPARE(world.state(1, 0), CellState::Done);
    auto* report = world.page->findChild<QToolButton*>("report");
    QVERIFY(report->isEnabled());
    QVERIFY(world.page->recipes()->choose("blobs-budget"));
    QTRY_VERIFY(world.planned() && world.page->grid()->columnCount() == 3);
    QVERIFY(!report->isEnabled());
    QVERIFY(world.page->recipes()->choose("blobs-greybox"));
    QTRY_VERIFY(report->isEnabled());
    world.page->openReport();  // nothing is written yet: that comes first, of the finished cells alone
    QTRY_COMPARE(world.phase(), EvaluatePhase::Finished);
    QCOMPARE(world.engine->recipeRuns.finished.size(), std::size_t{1});
    QVERIFY(world.page->findChild<NoticeBar*>()->actionButton()->isVisible());
  }

  /// Here no program opens anything.
  void aReportThatCannotBeOpenedSaysWhereItIs() {
    QTemporaryDir folder;
    World world(false, folder.path().toStdString());
    QTRY_VERIFY(world.planned());
    QVERIFY(world.runToEnd());
    world.page->openReport();
    QVERIFY2(world.problem().contains("reports/blobs-greybox-quick/report.html"), qPrintable(world.problem()));
    world.page->findChild<NoticeBar*>()->actionButton()->click();
    QVERIFY(world.problem().contains("report.html"));
  }

  /// Files of one name have folders of their own, also where the name has dots.
  void reportsOfFilesDontMix() {
    QTemporaryDir folder;
    World world(false, folder.path().toStdString());
    QTRY_VERIFY(world.planned());
    std::set<std::string> folders;
    for (const char* id :
         {"blobs-greybox", "/a/blobs-greybox.toml", "/b/blobs-greybox.toml", "/a/my.v1.toml", "/a/my.v2.toml"}) {
      RecipeInfo info = *world.page->recipes()->recipe();
      info.id = id;
      world.page->recipes()->addOpened(info);
      QVERIFY(world.page->recipes()->choose(QString::fromLatin1(id)));
      QVERIFY2(folders.insert(world.page->reportFolder()).second, id);
    }
    QVERIFY(std::any_of(folders.begin(), folders.end(),
                        [](const auto& each) { return each.find("/my.v2-") != std::string::npos; }));
  }

  void brokenRecipesSayWhyAndCantBeRun() {
    World world;
    QTRY_VERIFY(world.planned());
    QVERIFY(world.page->recipes()->choose("/nowhere/broken.toml"));
    QVERIFY(world.problem().contains("broken.toml:3"));
    QVERIFY(!world.button("run")->isEnabled());
    world.button("run")->click();
    QCOMPARE(world.phase(), EvaluatePhase::Idle);
    QCOMPARE(world.page->grid()->rowCount(), 0);
    QVERIFY(world.page->recipes()->choose("blobs-greybox", "paper"));
    QTRY_VERIFY(world.planned());
    QVERIFY(world.problem().isEmpty());
    QCOMPARE(world.page->presetName(), QString("paper"));
  }

  void recipeFilesAreOpened() {
    World world;
    QTRY_VERIFY(world.planned());
    world.page->openRecipe("/home/me/mine.toml");
    QTRY_COMPARE(world.page->recipeId(), QString("/home/me/mine.toml"));
    QCOMPARE(world.combo("recipe")->currentText(), QString("Mine"));
    QTRY_VERIFY(world.planned());
    QVERIFY(world.runToEnd());
    world.page->openRecipe("/home/me/other.toml");
    QTRY_VERIFY(world.problem().contains("no such recipe"));
    QCOMPARE(world.page->recipeId(), QString("/home/me/mine.toml"));
  }

  void recipesAreReadAgain() {
    World world;
    QTRY_VERIFY(world.planned());
    QVERIFY(world.page->recipes()->choose("blobs-budget"));
    QTRY_VERIFY(world.planned() && world.page->grid()->columnCount() == 3);
    world.engine->recipeRuns.finished = {"blobs-budget/KD/BIM ε=0.1"};  // by another program, say
    world.page->table()->setFocus();
    QTest::keyClick(world.page->table(), Qt::Key_F5);
    QTRY_COMPARE(world.state(1, 0), CellState::Done);
    QCOMPARE(world.page->recipeId(), QString("blobs-budget"));
    QCOMPARE(world.button("run")->text(), QString("Resume"));
  }

  void theChoiceIsRestored() {
    for (const bool early : {true, false}) {
      World world;
      if (!early) QTRY_VERIFY(world.planned());
      world.page->restore("blobs-greybox", "paper", "evasion_5");
      QTRY_VERIFY(world.planned());
      QCOMPARE(world.page->recipeId(), QString("blobs-greybox"));
      QCOMPARE(world.page->presetName(), QString("paper"));
      QCOMPARE(world.page->metricId(), QString("evasion_5"));
      QCOMPARE(world.combo("metric")->currentData().toString(), QString("evasion_5"));
      QCOMPARE(world.page->grid()->result().preset, std::string("paper"));
    }
    World world;
    world.page->restore("/gone/mine.toml", {}, "no-such-metric");  // a file of the last session
    QTRY_COMPARE(world.page->recipeId(), QString("/gone/mine.toml"));
    QCOMPARE(world.page->metricId(), QString("auc_successful"));
  }
};

QTEST_MAIN(EvaluatePageFilesTest)
#include "evaluate_page_files_test.moc"
