// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/jobs/jobs_dock.h"

#include <QLabel>
#include <QProgressBar>
#include <QTest>
#include <QToolButton>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/jobs/job_row.h"
#include "ui/jobs/jobs_model.h"
#include "ui/session/engine_session.h"

using namespace whorl;
using namespace whorl::ui;

class JobsDockTest : public QObject {
  Q_OBJECT

  static QToolButton* button(const QWidget& in, const QString& text) {
    for (QToolButton* candidate : in.findChildren<QToolButton*>()) {
      if (candidate->text() == text && candidate->isVisible()) return candidate;
    }
    return nullptr;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void aJobIsPausedResumedAndCancelledByItsButtons() {
    EngineSession session(std::make_shared<test::FakeEngine>());
    JobsDock dock(&session);
    dock.resize(900, 140);
    dock.show();
    QVERIFY(QTest::qWaitForWindowExposed(&dock));
    std::atomic<int> steps{0};
    bool cancelled = false;
    session.run(
        this, Lane::Batch, QStringLiteral("Count"),
        [&steps](Engine&, const JobContext& context) {
          for (;;) {
            context.report({++steps, 0, "counting", {}});
            context.step();
          }
        },
        [] { QFAIL("it can't finish"); },
        [&cancelled](const Error& error) { cancelled = error.kind() == ErrorKind::Cancelled; });
    QTRY_COMPARE(dock.findChildren<JobRow*>().size(), 1);
    QTRY_VERIFY(button(dock, QStringLiteral("Pause")));
    button(dock, QStringLiteral("Pause"))->click();
    QTRY_VERIFY(button(dock, QStringLiteral("Resume")));
    button(dock, QStringLiteral("Resume"))->click();
    QTRY_VERIFY(button(dock, QStringLiteral("Pause")));
    button(dock, QStringLiteral("Cancel"))->click();
    QTRY_VERIFY(cancelled);
    QTRY_COMPARE(dock.model()->snapshot(0).state, JobState::Cancelled);
    QTRY_VERIFY(button(dock, QStringLiteral("Clear ended")));
    button(dock, QStringLiteral("Clear ended"))->click();
    QTRY_COMPARE(dock.findChildren<JobRow*>().size(), 0);
  }

  void shortWorkForTheEyeIsNotListed() {
    EngineSession session(std::make_shared<test::FakeEngine>());
    JobsDock dock(&session);
    bool done = false;
    session.run(
        this, Lane::Interactive, QStringLiteral("Look"), [](Engine&, const JobContext&) {}, [&done] { done = true; },
        [](const Error&) {});
    QTRY_VERIFY(done);
    QCOMPARE(dock.model()->rowCount(), 0);
  }
};

QTEST_MAIN(JobsDockTest)
#include "jobs_dock_test.moc"
