// SPDX-License-Identifier: GPL-3.0-or-later
// The Evaluate page in the window: what it hands to Explore, and what the session remembers.
#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QSettings>
#include <QSignalSpy>
#include <QTableView>
#include <QTemporaryDir>

#include "tests/ui/window_world.h"
#include "ui/commands/command_registry.h"
#include "ui/evaluate/grid_model.h"
#include "ui/evaluate/recipe_bar.h"
#include "ui/explore/step_stack.h"
#include "ui/pages/evaluate_page.h"
#include "ui/widgets/inline_message.h"

using namespace whorl;
using namespace whorl::ui;

class MainWindowEvaluateTest : public QObject {
  Q_OBJECT

  struct World : test::WindowWorld {
    using WindowWorld::WindowWorld;
    ExplorePage* page() const { return explore(); }
    QString message() const { return window->findChild<InlineMessage*>("explore_message")->text(); }
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void pagesByKeyboard() {
    World world;
    QVERIFY(QTest::qWaitForWindowExposed(world.window.get()));
    world.window->activateWindow();
    const std::pair<Qt::Key, const char*> pages[] = {
        {Qt::Key_2, "landscape"}, {Qt::Key_3, "theory"}, {Qt::Key_4, "train"},  {Qt::Key_5, "evaluate"},
        {Qt::Key_6, "similar"},   {Qt::Key_7, "models"}, {Qt::Key_1, "explore"}};
    for (const auto& [key, name] : pages) {
      QTest::keyClick(world.window.get(), key, Qt::ControlModifier);
      QCOMPARE(world.window->currentPage(), QString::fromLatin1(name));
    }
  }

  void attackedImagesOfACellAreShownInExplore() {
    World world;
    QVERIFY(world.firstPicture());
    EvaluatePage* evaluate = world.window->evaluate();
    QTRY_VERIFY(evaluate->grid()->rowCount() > 0);
    evaluate->startRun();
    QTRY_COMPARE(evaluate->run()->state().phase(), EvaluatePhase::Finished);
    world.window->commands()->action("page.evaluate")->trigger();
    evaluate->table()->setCurrentIndex(evaluate->grid()->index(0, 1));
    QVERIFY(world.nextPicture([&] { world.window->commands()->action("evaluate.images")->trigger(); }));
    QTRY_VERIFY(world.page()->source() && world.page()->source()->title.startsWith("BIM-b, no. 0"));
    // The clean original is the original, and what the run made of it the result.
    QTRY_VERIFY(world.page()->result()->input == *world.page()->source()->clean);
    QTRY_VERIFY(world.page()->result()->result == *world.page()->source()->image);
    QCOMPARE(world.page()->result()->before.predicted, 0);
    QCOMPARE(world.page()->result()->after.predicted, 1);
    QVERIFY(world.page()->result()->norms.l2 > 1);
    QVERIFY(world.page()->findChild<QLabel*>("summary")->text().contains("The attack turned"));
    const auto labels = world.page()->findChildren<QLabel*>();
    QVERIFY(std::any_of(labels.begin(), labels.end(),
                        [](const QLabel* each) { return each->text() == u"Attacked by BIM-b, in the run"; }));
    QCOMPARE(world.window->currentPage(), QString("explore"));
    QCOMPARE(*world.page()->source()->label, 0);
    // They are attacked already: the steps are off, and undo switches them on again.
    QVERIFY(!world.window->steps()->steps().front().request.enabled);
    QCOMPARE(world.page()->findChild<QComboBox*>("dataset")->currentText(), QString("BIM-b"));
    QVERIFY(world.nextPicture([&] { world.page()->neighbour(1); }));
    QTRY_VERIFY(world.page()->source()->title.contains("no. 1, “1”, the attack failed"));
    // Back to the data set, and to the attacked images again.
    auto* sources = world.page()->findChild<QComboBox*>("dataset");
    sources->setCurrentIndex(sources->findText("Glyphs"));
    QTRY_VERIFY(world.page()->source()->dataset == u"glyphs");
    sources->setCurrentIndex(sources->findText("BIM-b"));
    QTRY_VERIFY(world.page()->source()->title.startsWith("BIM-b, no. 0"));
  }

  void attackedImagesThatCantBeReadAreTold() {
    World world;
    QVERIFY(world.firstPicture());
    world.page()->openAttacked("/elsewhere/gone.safetensors", "glyphs-fingerprint", "gone");
    QTRY_VERIFY(world.message().contains("no file of attacked images"));
    QVERIFY(world.page()->result().has_value());
  }

  void theRecipeIsRemembered() {
    QTemporaryDir folder;
    QCoreApplication::setOrganizationName("whorl-test");
    QSettings::setDefaultFormat(QSettings::IniFormat);
    QSettings::setPath(QSettings::IniFormat, QSettings::UserScope, folder.path());
    {
      World world({true, folder.path()});
      QTRY_VERIFY(world.window->evaluate()->recipes()->recipe());
      world.window->evaluate()->recipes()->choose("blobs-greybox", "paper");
      world.window->evaluate()->setMetric(GridMetric::Evasion);
      world.window->showPage("evaluate");
      QVERIFY(world.window->close());
    }
    World world({true, folder.path()});
    QTRY_VERIFY(world.window->evaluate()->recipes()->recipe());
    QCOMPARE(world.window->evaluate()->presetName(), QString("paper"));
    QCOMPARE(world.window->evaluate()->metricId(), QString("evasion_5"));
    QCOMPARE(world.window->currentPage(), QString("evaluate"));
  }

  void imagesOfAModelThatIsNotListedAreShownWithIt() {
    World world;
    world.engine->hiddenModels = {test::FakeEngine::blobModel("in the store", {1, 28, 28}, 10)};
    QVERIFY(world.firstPicture());
    QVERIFY(world.nextPicture(
        [&] { world.page()->openAttacked("/nowhere/bim.safetensors", "/nowhere/in the store.safetensors", "BIM"); }));
    QTRY_COMPARE(world.page()->model()->name, std::string("in the store"));
    QTRY_VERIFY(world.page()->source()->title.startsWith("BIM, no. 0"));
    world.session->announceModels();  // the lists come anew: it is kept
    QTRY_COMPARE(world.page()->findChild<QComboBox*>("model")->currentText(), QString("in the store"));
    world.page()->openAttacked("/nowhere/bim.safetensors", "/nowhere/gone.safetensors", "BIM");
    QTRY_VERIFY(world.message().contains("no such model"));
  }
};

QTEST_MAIN(MainWindowEvaluateTest)
#include "main_window_evaluate_test.moc"
