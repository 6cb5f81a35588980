// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/ball_view.h"

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabBar>

#include "tests/ui/window_world.h"
#include "ui/pages/landscape_page.h"
#include "ui/plots/curve_plot.h"
#include "ui/widgets/inline_message.h"
#include "ui/widgets/number_box.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;

/// A ball around Explore's image in the window, over a fake engine.
class BallViewTest : public QObject {
  Q_OBJECT

  struct World : test::WindowWorld {
    BallView* view() const { return window->landscape()->ball(); }
    QTabBar* spaces() const { return window->landscape()->findChild<QTabBar*>("landscape_space"); }
    template <class Widget>
    Widget* child(const char* name) const {
      return view()->findChild<Widget*>(QString::fromLatin1(name));
    }
    bool open() const {
      if (!firstPicture()) return false;
      window->showPage(QStringLiteral("landscape"));
      return next([this] { spaces()->setCurrentIndex(2); });
    }
    /// Waits until a whole ball is shown.
    template <class Act>
    bool next(Act act) const {
      return test::waitsFor(view(), &BallView::completed, act);
    }
    void choose(const char* combo, const QString& text) const { test::choose(child<QComboBox>(combo), text); }
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  /// Every curve goes through what the engine computed, digit for digit.
  void whatIsShownIsWhatWasComputed() {
    World world;
    QVERIFY(world.open());
    const LandscapeRequest request = world.lastLandscape();
    QVERIFY(request.ball && request.ball->norm == "l2" && request.ball->directions == 64);
    QVERIFY(request.image == world.window->explore()->result()->input);
    QCOMPARE(request.label, world.window->explore()->label());
    QCOMPARE(request.range, 5.0);
    const Surface& surface = *world.view()->surface();
    QCOMPARE(surface.x.size(), std::size_t{21});
    const QString csv = world.view()->plot()->csv();
    for (const char* name : {"margin_median", "margin_mean", "margin_q05", "margin_q95", "margin_min", "margin_max"}) {
      QCOMPARE(world.view()->plot()->pointCount(QString::fromLatin1(name)), std::size_t{21});
      for (const std::size_t i : {0, 7, 20}) {
        const QString point =
            QStringLiteral(",%1,%2\n")
                .arg(QString::number(surface.x[i], 'g', 17), QString::number(surface.layer(name).values[i], 'g', 17));
        QVERIFY2(csv.contains(point), qPrintable(name + point));
      }
    }
    const QString summary = world.child<QLabel>("ball_summary")->text();
    QVERIFY2(summary.contains("64 random directions") && summary.contains("50"), qPrintable(summary));
  }

  void sharesAreOneCurve() {
    World world;
    QVERIFY(world.open());
    const auto before = world.engine->landscapes.requests().size();
    world.choose("ball_value", "Predicted class");
    QTest::qWait(2 * BallView::kDebounceMs);
    QCOMPARE(world.engine->landscapes.requests().size(), before);  // it came along
    QCOMPARE(world.view()->plot()->pointCount("predicted_same"), std::size_t{21});
    QCOMPARE(world.view()->plot()->pointCount("margin_median"), std::size_t{0});
    QVERIFY(world.next([&] { world.choose("ball_value", "Accept region"); }));
    QCOMPARE(world.lastLandscape().values.back(), std::string("accepted"));
    QCOMPARE(world.view()->plot()->pointCount("accepted_mean"), std::size_t{21});
  }

  void theFormIsFollowed() {
    World world;
    QVERIFY(world.open());
    QVERIFY(world.next([&] { world.child<NumberBox>("directions")->setValue(200); }));
    QCOMPARE(world.lastLandscape().ball->directions, std::int64_t{200});
    QVERIFY(world.next([&] { world.child<QComboBox>("norm")->setCurrentIndex(1); }));
    QCOMPARE(world.lastLandscape().ball->norm, std::string("linf"));
    QCOMPARE(world.lastLandscape().range, 0.5);  // nobody had set it
    QVERIFY(world.next([&] { world.child<NumberBox>("range")->setValue(0.25); }));
    QVERIFY(world.next([&] { world.child<QComboBox>("norm")->setCurrentIndex(0); }));
    QCOMPARE(world.lastLandscape().range, 0.25);
    const PageState kept = world.window->landscape()->state();
    World next;
    next.window->landscape()->restore(kept);
    QTRY_VERIFY_WITH_TIMEOUT(next.window->explore()->result().has_value(), 10'000);
    QVERIFY(next.next([&] { next.window->showPage(QStringLiteral("landscape")); }));
    QCOMPARE(next.spaces()->currentIndex(), 2);
    QCOMPARE(next.lastLandscape().range, 0.25);
    QCOMPARE(next.lastLandscape().ball->directions, std::int64_t{200});
  }

  void aModelWithoutFingerprintsHasNoneToShow() {
    World world;
    QVERIFY(world.open());
    QVERIFY(world.next([&] { world.choose("ball_value", "Fingerprint distance"); }));
    QVERIFY(world.next([&] { world.window->explore()->showModel("glyphs-plain"); }));
    QCOMPARE(world.lastLandscape().model, std::string("glyphs-plain"));
    QCOMPARE(world.child<QComboBox>("ball_value")->currentText(), QString("Margin"));
  }

  void stopKeepsThePicture() {
    World world;
    world.engine->landscapes.onLevel = [](int rays, const JobContext& context) {
      if (rays == 16) Door().wait(context.stopToken());
    };
    QTRY_VERIFY_WITH_TIMEOUT(world.window->explore()->result().has_value(), 10'000);
    world.window->showPage(QStringLiteral("landscape"));
    world.spaces()->setCurrentIndex(2);
    QTRY_VERIFY(world.view()->surface());
    auto* stop = world.child<QPushButton>("ball_stop");
    QVERIFY(stop->isVisible() && !world.view()->complete());
    QTest::mouseClick(stop, Qt::LeftButton);
    QTRY_VERIFY(!stop->isVisible());
    QVERIFY(world.view()->surface() && !world.view()->plot()->empty());
    QVERIFY(world.child<InlineMessage>("ball_message")->text().isEmpty());
  }

  void valuesAreExportedByTheEngine() {
    World world;
    QVERIFY(world.open());
    world.view()->exportData("/nowhere/ball.svg");
    QTRY_VERIFY(!world.engine->landscapes.saved().empty());
    QCOMPARE(world.engine->landscapes.saved().back(), std::string("21 /nowhere/ball.svg"));
  }
};

QTEST_MAIN(BallViewTest)
#include "ball_view_test.moc"
