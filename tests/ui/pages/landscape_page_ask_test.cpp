// SPDX-License-Identifier: GPL-3.0-or-later
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <algorithm>

#include "tests/ui/pages/landscape_world.h"
#include "ui/explore/step_stack.h"
#include "ui/landscape/beside_map.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;

/// What the Landscape page does while its answer is on the way, and Explore and the form go on.
class LandscapePageAskTest : public QObject {
  Q_OBJECT

  struct World : test::LandscapeWorld {
    /// Work stops at the door: before the plane is known, or once it was told.
    void holdAt(const std::shared_ptr<Door>& door, bool told) const {
      engine->landscapes.onPlane = [door, told](bool now, const JobContext& context) {
        if (now == told) door->wait(context.stopToken());
      };
    }
    /// Another plane is told, and its first level is behind the door. Null where that didn't come about.
    std::shared_ptr<Door> betweenPlaneAndLevel() const {
      const auto door = std::make_shared<Door>();
      holdAt(door, true);
      choose("across", "Gradient sign");
      return QTest::qWaitFor([this] { return map()->plane() && map()->empty(); }) ? door : nullptr;
    }
    std::size_t asked() const { return engine->landscapes.requests().size(); }
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  /// Explore's picture changes after the plane came and before its first level did.
  void newsBetweenPlaneAndFirstLevel() {
    World world;
    QVERIFY(world.open());
    const auto door = world.betweenPlaneAndLevel();
    QVERIFY(door);
    Q_EMIT world.explore()->pictureShown();
    QVERIFY(world.next([&] { door->open(); }));
    QVERIFY(!world.map()->empty());
    QCOMPARE(world.map()->surface()->x.size(), std::size_t{51});
  }

  void levelsOfAClearedPlaneAreDropped() {
    World world;
    QVERIFY(world.open());
    const SharedSurface surface = world.map()->surface();
    world.map()->clear("gone");
    world.map()->setSurface(surface);
    QVERIFY(world.map()->empty() && world.map()->isVisible());
  }

  /// A value that nobody asked for yet is asked for, also when nothing of the newest landscape is there.
  void aValueThatIsChosenEarlyComes() {
    World world;
    QVERIFY(world.open());
    const auto door = world.betweenPlaneAndLevel();
    QVERIFY(door);
    world.choose("landscape_value", "Accept region");
    QTRY_COMPARE_WITH_TIMEOUT(world.lastLandscape().values.back(), std::string("accepted"), 10'000);
    QVERIFY(world.next([&] { door->open(); }));
    QVERIFY(findLayer(*world.map()->surface(), "accepted"));
    QCOMPARE(world.map()->layer(), std::string("accepted"));
  }

  /// What is opened in Explore is told as what it is, not as what is being computed.
  void aPointKeepsItsImagesName() {
    World world;
    QVERIFY(world.open());
    const Image before = world.map()->plane()->images.middle;
    const QString title = world.explore()->source()->title.section(" (", 0, 0);
    const auto door = std::make_shared<Door>();
    world.holdAt(door, false);
    const auto asked = world.asked();
    Image other = before;
    std::reverse(other.pixels.begin(), other.pixels.end());
    QVERIFY(world.nextPicture([&] { world.explore()->openMade(other, "Upside down", 7); }));
    QTRY_VERIFY(world.asked() > asked);
    QVERIFY(world.map()->plane()->images.middle == before);
    world.map()->pick({0, 0});
    QVERIFY(world.nextPicture([&] {
      world.page()->openPicked();
      door->open();
    }));
    QVERIFY(world.explore()->result()->input == before);
    QVERIFY2(world.explore()->source()->title.startsWith(title), qPrintable(world.explore()->source()->title));
    QCOMPARE(world.explore()->label(), std::optional(0));
  }

  /// The second model's map is stopped by the same button.
  void theSecondMapIsStopped() {
    World world;
    QVERIFY(world.open());
    world.engine->landscapes.onLevel = [](int side, const JobContext& context) {
      if (side == 9) Door().wait(context.stopToken());
    };
    auto* models = world.child<QComboBox>("beside_model");
    world.choose("landscape_value", "Margin");
    models->setCurrentIndex(models->findData(QStringLiteral("glyphs-plain")));
    BesideMap* beside = world.page()->beside();
    QTRY_VERIFY(!beside->map()->empty());
    auto* stop = world.child<QPushButton>("landscape_stop");
    QVERIFY(beside->busy() && stop->isVisible());
    QTest::mouseClick(stop, Qt::LeftButton);
    QTRY_VERIFY(!beside->busy() && !stop->isVisible());
    QCOMPARE(beside->map()->surface()->x.size(), std::size_t{9});  // the picture stays
    // Nor does it go on for nobody.
    models->setCurrentIndex(0);
    models->setCurrentIndex(models->findData(QStringLiteral("glyphs-plain")));
    QTRY_VERIFY(!beside->map()->empty());
    QVERIFY(beside->busy());
    world.window->showPage(QStringLiteral("models"));
    QTRY_VERIFY(!beside->busy());
  }
};

QTEST_MAIN(LandscapePageAskTest)
#include "landscape_page_ask_test.moc"
