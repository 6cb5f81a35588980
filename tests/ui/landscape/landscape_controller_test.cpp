// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/landscape_controller.h"

#include <QSignalSpy>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/session/engine_session.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;

class LandscapeControllerTest : public QObject {
  Q_OBJECT

  struct World {
    std::shared_ptr<FakeEngine> engine = std::make_shared<FakeEngine>();
    EngineSession session{engine};
    LandscapeController controller{&session};
    std::shared_ptr<const Image> image = std::make_shared<const Image>(FakeEngine::blobImage({1, 28, 28}, 4, 1));
    std::vector<std::size_t> sides;
    SharedSurface last;
    int planes = 0;
    int finished = 0;
    QString problem;

    World() {
      connect(&controller, &LandscapeController::started, &controller, [this] { ++planes; });
      connect(&controller, &LandscapeController::refined, &controller,
              [this](std::uint64_t, const SharedSurface& surface) {
                sides.push_back(surface->x.size());
                last = surface;
              });
      connect(&controller, &LandscapeController::finished, &controller, [this] { ++finished; });
      connect(&controller, &LandscapeController::failed, &controller,
              [this](std::uint64_t, const Error& error) { problem = errorText(error); });
    }
    static LandscapeRequest request(double range = 0.5) {
      LandscapeRequest request;
      request.model = "glyphs-fingerprint";
      request.values = {"confidence", "predicted"};
      request.resolution = 17;
      request.range = range;
      return request;
    }
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void thePlaneComesFirstAndTheFinestLast() {
    World world;
    Door door;
    world.engine->landscapes.onLevel = [&](int side, const JobContext& context) {
      if (side == 9) door.wait(context.stopToken());
    };
    world.controller.ask(World::request(), world.image, "Landscape");
    QVERIFY(world.controller.busy());
    QTRY_COMPARE(world.sides, (std::vector<std::size_t>{9}));  // while the rest is still to come
    QCOMPARE(world.planes, 1);
    QCOMPARE(world.finished, 0);
    door.open();
    QTRY_COMPARE(world.finished, 1);
    QCOMPARE(world.sides, (std::vector<std::size_t>{9, 17}));
    QVERIFY(!world.controller.busy());
    QVERIFY(world.engine->landscapes.requests().front().image == *world.image);
  }

  void onlyTheNewestCounts() {
    World world;
    Door door;
    world.engine->landscapes.onLevel = [&](int, const JobContext& context) { door.wait(context.stopToken()); };
    for (int i = 1; i <= 20; ++i) world.controller.ask(World::request(0.01 * i), world.image, "Landscape");
    door.open();
    QTRY_COMPARE(world.finished, 1);
    QCOMPARE(world.last->x.back(), 0.2);
    QVERIFY(world.engine->landscapes.requests().size() <= 2);
    for (const std::size_t side : world.sides) QVERIFY(side == 9 || side == 17);
  }

  void cancellingIsSilent() {
    World world;
    world.engine->landscapes.onLevel = [](int, const JobContext& context) { Door().wait(context.stopToken()); };
    world.controller.ask(World::request(), world.image, "Landscape");
    QTRY_COMPARE(world.sides.size(), std::size_t{1});
    QSignalSpy busy(&world.controller, &LandscapeController::busyChanged);
    world.controller.cancel();
    QTRY_COMPARE(busy.count(), 1);
    QVERIFY(!world.controller.busy());
    QCOMPARE(world.finished, 0);
    QVERIFY(world.problem.isEmpty());
  }

  void errorsAreTold() {
    World world;
    LandscapeRequest request = World::request();
    request.directions = {{"adversarial", {}}, {"rademacher", {}}};
    world.controller.ask(request, world.image, "Landscape");
    QTRY_VERIFY(world.problem.contains("needs an attack"));
    QVERIFY(!world.controller.busy());
  }

  void fineOnesAreListed() {
    World world;
    QSignalSpy jobs(&world.session, &EngineSession::jobAdded);
    world.controller.ask(World::request(), world.image, "Landscape");
    QTRY_COMPARE(world.finished, 1);
    QCOMPARE(jobs.count(), 0);
    LandscapeRequest fine = World::request();
    fine.resolution = 66;
    world.engine->landscapes.onLevel = [](int, const JobContext& context) { Door().wait(context.stopToken()); };
    world.controller.ask(fine, world.image, "Landscape of a blob");
    QCOMPARE(jobs.count(), 1);
    QTRY_COMPARE(world.sides.back(), std::size_t{9});
  }
};

QTEST_MAIN(LandscapeControllerTest)
#include "landscape_controller_test.moc"
