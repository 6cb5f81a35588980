// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/job_follower.h"

#include <QSignalSpy>

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;

class JobFollowerTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  /// What the worker put down last is fetched before the end is told, and nothing after.
  void beatsOnceMoreBeforeTheEnd() {
    EngineSession session(std::make_shared<FakeEngine>());
    JobFollower follower(&session);
    std::atomic<int> written{0};
    int fetched = 0;
    int fetchedAtTheEnd = -1;
    bool hadJob = true;
    connect(&follower, &JobFollower::beat, this, [&] {
      fetched = written;
      hadJob = hadJob && follower.job();
    });
    Door door;
    follower.run(
        Lane::Batch, "writes",
        [&](Engine&, const JobContext& context) {
          door.wait(context.stopToken());
          written = 7;
          return 42;
        },
        [&](int result) {
          fetchedAtTheEnd = fetched;
          QCOMPARE(result, 42);
          QVERIFY(!follower.job());
        },
        [](const Error&) { QFAIL("failed"); });
    QVERIFY(follower.job());
    QSignalSpy beats(&follower, &JobFollower::beat);
    QTRY_VERIFY(beats.count() > 0);  // while it works, too
    door.open();
    QTRY_COMPARE(fetchedAtTheEnd, 7);
    QVERIFY(hadJob);
    const auto count = beats.count();
    QVERIFY(!beats.wait(3 * JobFollower::kBeatMs));
    QCOMPARE(beats.count(), count);
  }

  /// Its own job's states, whoever asked; never another's.
  void tellsTheStatesOfItsJob() {
    EngineSession session(std::make_shared<FakeEngine>());
    JobFollower follower(&session);
    JobFollower other(&session);
    QSignalSpy states(&follower, &JobFollower::stateChanged);
    QSignalSpy others(&other, &JobFollower::stateChanged);
    std::vector<JobState> told;
    connect(&follower, &JobFollower::stateChanged, this, [&](JobState state) { told.push_back(state); });
    Door door;
    ErrorKind kind = ErrorKind::Internal;
    follower.run(
        Lane::Batch, "waits",
        [&](Engine&, const JobContext& context) {
          door.wait(context.stopToken());
          context.throwIfStopped();
          return 0;
        },
        [](int) { QFAIL("done"); }, [&](const Error& error) { kind = error.kind(); });
    QTRY_VERIFY(std::count(told.begin(), told.end(), JobState::Running) > 0);
    follower.job()->cancel();
    QTRY_COMPARE(int(kind), int(ErrorKind::Cancelled));
    QVERIFY(states.count() > 0);
    QCOMPARE(others.count(), 0);
  }

  void aSecondJobMayFollowFromTheFirstsEnd() {
    EngineSession session(std::make_shared<FakeEngine>());
    JobFollower follower(&session);
    int answer = 0;
    const auto failed = [](const Error&) { QFAIL("failed"); };
    follower.run(
        Lane::Batch, "first", [](Engine&, const JobContext&) { return 1; },
        [&](int) {
          follower.run(
              Lane::Batch, "second", [](Engine&, const JobContext&) { return 2; }, [&](int value) { answer = value; },
              failed);
        },
        failed);
    QTRY_COMPARE(answer, 2);
    QVERIFY(!follower.job());
  }

  void asksToStopWhenItDies() {
    EngineSession session(std::make_shared<FakeEngine>());
    Door never;
    std::atomic<bool> started{false};
    std::atomic<bool> stopped{false};
    bool told = false;
    auto follower = std::make_unique<JobFollower>(&session);
    follower->run(
        Lane::Batch, "endless",
        [&](Engine&, const JobContext& context) {
          started = true;
          never.wait(context.stopToken());
          stopped = context.stopRequested();
          return 0;
        },
        [&](int) { told = true; }, [&](const Error&) { told = true; });
    QTRY_VERIFY(started.load());
    follower.reset();
    QTRY_VERIFY(stopped.load());
    QCoreApplication::processEvents();
    QVERIFY(!told);
  }
};

QTEST_MAIN(JobFollowerTest)
#include "job_follower_test.moc"
