// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/engine_session.h"

#include <QSignalSpy>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;

class EngineSessionTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void loadsOnAnotherThread() {
    EngineSession session;
    QSignalSpy ready(&session, &EngineSession::engineReady);
    std::thread::id loader;
    session.load([&loader] {
      loader = std::this_thread::get_id();
      return std::make_shared<FakeEngine>();
    });
    QVERIFY(!session.ready());
    QTRY_COMPARE(ready.count(), 1);
    QVERIFY(session.ready());
    QVERIFY(loader != std::this_thread::get_id());
  }

  void tellsWhyLoadingFailed() {
    EngineSession session;
    QSignalSpy failed(&session, &EngineSession::engineFailed);
    session.load([]() -> std::shared_ptr<Engine> {
      throw Error(ErrorKind::Failed, "libtorch is missing", "libwhorl-engine.so", "install it");
    });
    QTRY_COMPARE(failed.count(), 1);
    QCOMPARE(failed[0][0].toString(), QString("libwhorl-engine.so: Libtorch is missing. Install it"));
    QVERIFY(!session.ready());
  }

  void bringsResultsToTheGuiThread() {
    EngineSession session(std::make_shared<FakeEngine>());
    int answer = 0;
    std::thread::id worker, receiver;
    session.run(
        this, Lane::Interactive, "sum",
        [&worker](Engine&, const JobContext&) {
          worker = std::this_thread::get_id();
          return 42;
        },
        [&](int value) {
          answer = value;
          receiver = std::this_thread::get_id();
        },
        [](const Error&) { QFAIL("failed"); });
    QCOMPARE(answer, 0);
    QTRY_COMPARE(answer, 42);
    QVERIFY(worker != receiver);
    QVERIFY(receiver == std::this_thread::get_id());
  }

  void tellsErrors() {
    EngineSession session(std::make_shared<FakeEngine>());
    QString message;
    session.run(
        this, Lane::Batch, "fails",
        [](Engine&, const JobContext&) { throw Error(ErrorKind::BadInput, "no such thing", "a.png", "look again"); },
        [] { QFAIL("done"); }, [&](const Error& error) { message = errorText(error); });
    QTRY_COMPARE(message, QString("a.png: No such thing. Look again"));
  }

  void cancelledJobsFailAsCancelled() {
    EngineSession session(std::make_shared<FakeEngine>());
    ErrorKind kind = ErrorKind::Internal;
    Door door;
    auto job = session.run(
        this, Lane::Batch, "waits",
        [&door](Engine&, const JobContext& context) {
          door.wait(context.stopToken());
          context.throwIfStopped();
        },
        [] { QFAIL("done"); }, [&](const Error& error) { kind = error.kind(); });
    job->cancel();
    QTRY_COMPARE(int(kind), int(ErrorKind::Cancelled));
  }

  void saysNothingToTheDead() {
    EngineSession session(std::make_shared<FakeEngine>());
    Door door;
    auto context = std::make_unique<QObject>();
    bool called = false;
    auto job = session.run(
        context.get(), Lane::Batch, "late", [&door](Engine&, const JobContext& job) { door.wait(job.stopToken()); },
        [&] { called = true; }, [&](const Error&) { called = true; });
    QSignalSpy changed(&session, &EngineSession::jobChanged);
    context.reset();
    door.open();
    QTRY_VERIFY(isTerminal(job->state()));
    QTRY_VERIFY(changed.count() > 0);
    QCoreApplication::processEvents();
    QVERIFY(!called);
  }

  void announcesLongJobsOnly() {
    EngineSession session(std::make_shared<FakeEngine>());
    QSignalSpy added(&session, &EngineSession::jobAdded);
    int ended = 0;
    const auto done = [&ended] { ++ended; };
    session.run(
        this, Lane::Interactive, "short", [](Engine&, const JobContext&) {}, done, [](const Error&) {});
    QCOMPARE(added.count(), 0);
    session.run(
        this, Lane::Training, "long", [](Engine&, const JobContext&) {}, done, [](const Error&) {});
    QCOMPARE(added.count(), 1);
    QTRY_COMPARE(ended, 2);
  }

  void endsWithWorkUnderWay() {
    auto engine = std::make_shared<FakeEngine>();
    Door never;
    {
      EngineSession session(engine);
      session.run(
          this, Lane::Training, "endless",
          [&never](Engine&, const JobContext& context) { never.wait(context.stopToken()); }, [] {},
          [](const Error&) {});
      session.run(
          this, Lane::Training, "queued", [](Engine&, const JobContext&) {}, [] {}, [](const Error&) {});
    }
    QCOMPARE(engine.use_count(), 1L);
  }

  void aFloodOfReportsIsFewEvents() {
    EngineSession session(std::make_shared<FakeEngine>());
    QSignalSpy changed(&session, &EngineSession::jobChanged);
    bool ended = false;
    session.run(
        this, Lane::Batch, "floods",
        [](Engine&, const JobContext& context) {
          for (int i = 0; i < 100'000; ++i) context.report({i, 100'000, "x", {}});
        },
        [&] { ended = true; }, [](const Error&) {});
    QTRY_VERIFY(ended);
    QVERIFY2(changed.count() < 1000, qPrintable(QString::number(changed.count())));
  }
};

QTEST_GUILESS_MAIN(EngineSessionTest)
#include "engine_session_test.moc"
