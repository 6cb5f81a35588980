// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/trace_judge.h"

#include <QSignalSpy>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/session/engine_session.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::FakeEngine;

class TraceJudgeTest : public QObject {
  Q_OBJECT

  static Trace trace(int count) {
    std::vector<AttackTracePoint> points;
    for (int i = 0; i < count; ++i) {
      points.push_back({i, 0, 0, 0, 0, FakeEngine::blobImage({1, 28, 28}, i % 10, std::uint64_t(i))});
    }
    return std::make_shared<const std::vector<AttackTracePoint>>(std::move(points));
  }

  static std::shared_ptr<const Image> original() {
    return std::make_shared<const Image>(FakeEngine::blobImage({1, 28, 28}, 0, 0));
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void judgesAllAFewAtATime() {
    auto engine = std::make_shared<FakeEngine>();
    EngineSession session(engine);
    TraceJudge judge(&session);
    QSignalSpy judged(&judge, &TraceJudge::judged);
    judge.start("glyphs-fingerprint", original(), trace(40));
    QVERIFY(!judge.at(0));
    QTRY_COMPARE(judged.count(), 3);
    QCOMPARE(engine->judged.load(), 40);
    for (std::size_t i = 0; i < 40; ++i) {
      QVERIFY(judge.at(i));
      QCOMPARE(judge.at(i)->verdict.predicted, int(i % 10));
    }
    QCOMPARE(judge.at(0)->norms.l0, std::int64_t{0});
    QVERIFY(judge.at(1)->norms.l2 > 0);
    QVERIFY(!judge.at(40));
  }

  void whatIsLookedAtComesFirst() {
    EngineSession session(std::make_shared<FakeEngine>());
    TraceJudge judge(&session);
    QSignalSpy judged(&judge, &TraceJudge::judged);
    judge.start("glyphs-fingerprint", original(), trace(200));
    judge.prefer(101);  // fine, not coarse: it would be among the last
    QTRY_VERIFY(judged.count() >= 2);
    QCOMPARE(judged[1][0].value<std::vector<std::size_t>>().front(), std::size_t{101});
  }

  void forgets() {
    EngineSession session(std::make_shared<FakeEngine>());
    TraceJudge judge(&session);
    QSignalSpy judged(&judge, &TraceJudge::judged);
    judge.start("glyphs-fingerprint", original(), trace(100));
    judge.clear();
    judge.start("glyphs-plain", original(), trace(5));
    QTRY_COMPARE(judged.count(), 1);
    QVERIFY(judge.at(4)->verdict.fingerprintDistances.empty());
    QVERIFY(!judge.at(5));
  }

  void errorsAreTold() {
    EngineSession session(std::make_shared<FakeEngine>());
    TraceJudge judge(&session);
    QSignalSpy failed(&judge, &TraceJudge::failed);
    judge.start("nothing", original(), trace(5));
    QTRY_COMPARE(failed.count(), 1);
  }
};

QTEST_GUILESS_MAIN(TraceJudgeTest)
#include "trace_judge_test.moc"
