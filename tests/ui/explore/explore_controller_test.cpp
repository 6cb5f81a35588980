// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explore/explore_controller.h"

#include <QSignalSpy>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/session/engine_session.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;

class ExploreControllerTest : public QObject {
  Q_OBJECT

  static ExploreQuery query(double epsilon) {
    ExploreQuery query;
    query.image = std::make_shared<const Image>(FakeEngine::blobImage({1, 28, 28}, 3, 1));
    query.request.model = "glyphs-fingerprint";
    query.request.steps = {{"fgsm", {{"epsilon", epsilon}}, true}};
    return query;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void oneQuestionOneAnswer() {
    EngineSession session(std::make_shared<FakeEngine>());
    ExploreController controller(&session);
    QSignalSpy finished(&controller, &ExploreController::finished), busy(&controller, &ExploreController::busyChanged);
    const auto number = controller.ask(query(0.3));
    QVERIFY(controller.busy());
    QTRY_COMPARE(finished.count(), 1);
    QCOMPARE(finished[0][0].value<std::uint64_t>(), number);
    const auto result = finished[0][1].value<ExploreResult>();
    QVERIFY(std::abs(result.norms.linf - 0.3) < 1e-5);
    QVERIFY(!controller.busy());
    QCOMPARE(busy.count(), 2);
  }

  /// A slider that is dragged: the first is cancelled, those between are never computed, the last is shown.
  void onlyTheNewestIsComputed() {
    auto engine = std::make_shared<FakeEngine>();
    Door door;
    std::atomic<int> cancelled = 0;
    engine->onExplore = [&](const ExploreRequest&, const JobContext& context) {
      if (!door.wait(context.stopToken())) ++cancelled;
    };
    EngineSession session(engine);
    ExploreController controller(&session);
    QSignalSpy finished(&controller, &ExploreController::finished), failed(&controller, &ExploreController::failed);
    std::uint64_t last = 0;
    controller.ask(query(0.01));
    QTRY_COMPARE(engine->exploreStarted.load(), 1);
    for (int i = 2; i <= 50; ++i) last = controller.ask(query(0.01 * i));
    QTRY_COMPARE(engine->exploreStarted.load(), 2);
    door.open();
    QTRY_COMPARE(finished.count(), 1);
    QCOMPARE(finished[0][0].value<std::uint64_t>(), last);
    QVERIFY(std::abs(finished[0][1].value<ExploreResult>().norms.linf - 0.5) < 1e-5);
    QCOMPARE(cancelled.load(), 1);
    QCOMPARE(engine->exploreStarted.load(), 2);
    QCOMPARE(failed.count(), 0);
  }

  void anOldResultIsDropped() {
    auto engine = std::make_shared<FakeEngine>();
    Door door;
    engine->onExplore = [&](const ExploreRequest& request, const JobContext&) {
      // Deaf to cancelling, as an operator in the middle of a batch is.
      if (request.steps[0].parameters.real("epsilon") < 0.2) door.wait({});
    };
    EngineSession session(engine);
    ExploreController controller(&session);
    QSignalSpy finished(&controller, &ExploreController::finished);
    controller.ask(query(0.1));
    const auto newest = controller.ask(query(0.4));
    door.open();
    QTRY_COMPARE(finished.count(), 1);
    QCOMPARE(finished[0][0].value<std::uint64_t>(), newest);
    QTRY_VERIFY(!controller.busy());
    QCOMPARE(finished.count(), 1);
  }

  void errorsAreTold() {
    EngineSession session(std::make_shared<FakeEngine>());
    ExploreController controller(&session);
    QSignalSpy failed(&controller, &ExploreController::failed);
    auto bad = query(0.1);
    bad.request.model = "nothing";
    controller.ask(bad);
    QTRY_COMPARE(failed.count(), 1);
    QVERIFY(failed[0][1].toString().contains("nothing"));
    QVERIFY(!controller.busy());
  }

  void cancelForgetsAll() {
    auto engine = std::make_shared<FakeEngine>();
    Door door;
    engine->onExplore = [&](const ExploreRequest&, const JobContext& context) { door.wait(context.stopToken()); };
    EngineSession session(engine);
    ExploreController controller(&session);
    QSignalSpy finished(&controller, &ExploreController::finished), failed(&controller, &ExploreController::failed);
    controller.ask(query(0.1));
    controller.ask(query(0.2));
    controller.cancel();
    QTRY_VERIFY(!controller.busy());
    QCOMPARE(finished.count() + failed.count(), 0);
  }
};

QTEST_GUILESS_MAIN(ExploreControllerTest)
#include "explore_controller_test.moc"
