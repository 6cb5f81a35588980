// SPDX-License-Identifier: GPL-3.0-or-later
// Closing the window: at once, or after a question.
#include <QAction>
#include <QMessageBox>
#include <QPushButton>

#include "tests/ui/window_world.h"
#include "ui/commands/command_registry.h"
#include "ui/pages/train_page.h"
#include "ui/pages/train_run.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;

class MainWindowCloseTest : public QObject {
  Q_OBJECT

  using World = test::WindowWorld;

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  /// A training is hours of work; the list of jobs may be hidden.
  void closingAsksWhileATrainingRuns() {
    Door door;  // outlives the worker that waits at it
    World world;
    world.engine->onTrainStep = [&](std::int64_t step, const JobContext& context) {
      if (step > 5) door.wait(context.stopToken());
    };
    auto* train = world.window->findChild<TrainPage*>();
    QTRY_VERIFY(train->findChild<QPushButton*>("start")->isEnabled());
    train->startTraining();
    QTRY_COMPARE(train->run()->lastEvent().epoch, std::int64_t{1});
    const auto question = [&] { return world.child<QMessageBox>("close_question"); };
    const auto answer = [&](const char* text) {
      for (QAbstractButton* button : question()->buttons()) {
        if (button->text() == QLatin1String(text)) button->click();
      }
    };
    QVERIFY(!world.window->close());
    QVERIFY(world.window->isVisible() && question()->isVisible());
    QVERIFY2(question()->text().contains("epoch 1"), qPrintable(question()->text()));
    QVERIFY(question()->informativeText().contains("no checkpoint"));
    answer("Go on");
    QTRY_VERIFY(!question());
    QVERIFY(world.window->isVisible() && train->run()->state().active());
    world.window->commands()->action("file.quit")->trigger();
    answer("Stop and quit");
    QTRY_VERIFY(!world.window->isVisible());
  }

  void closingAsksNothingWhileNothingRuns() {
    World world;
    QVERIFY(world.window->close());
    QVERIFY(!world.child<QMessageBox>("close_question"));
  }
};

QTEST_MAIN(MainWindowCloseTest)
#include "main_window_close_test.moc"
