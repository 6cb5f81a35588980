// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/landscape_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QTemporaryDir>

#include <algorithm>
#include <cmath>

#include "tests/ui/pages/landscape_world.h"
#include "ui/explore/step_stack.h"
#include "ui/landscape/beside_map.h"
#include "ui/landscape/cross_sections.h"
#include "ui/landscape/point_tip.h"
#include "ui/plots/curve_plot.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/inline_message.h"
#include "ui/widgets/number_box.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;
using Lines = HeatMapCanvas::Lines;

/// The Landscape page in its window, over a fake engine whose landscapes are real.
class LandscapePageTest : public QObject {
  Q_OBJECT

  struct World : test::LandscapeWorld {
    void steps(const std::vector<StepRequest>& requests) const { window->steps()->replaceAll(requests); }
    QString message() const { return child<InlineMessage>("landscape_message")->text(); }
    QPoint at(double x, double y) const { return map()->canvas().positionOf({x, y}).toPoint(); }
  };

  /// As a person chooses.
  static void activate(QComboBox* box) { Q_EMIT box->activated(box->currentIndex()); }

  static StepRequest bim(double epsilon) {
    return {"bim", {{"epsilon", epsilon}, {"step_size", 0.05}, {"steps", std::int64_t{10}}}};
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  /// From the first window to a fingerprint landscape with an attack's path on it: one click.
  void oneClickShowsAFingerprintLandscape() {
    World world;
    QVERIFY(world.open());
    QCOMPARE(world.window->currentPage(), QString("landscape"));
    const LandscapeRequest request = world.lastLandscape();
    QVERIFY(request.image == world.explore()->result()->input);
    QCOMPARE(request.model, world.explore()->model()->id);
    QCOMPARE(request.label, std::optional(0));
    QCOMPARE(request.directions[0].operation, std::string("pca"));
    QCOMPARE(request.attack->operation, std::string("bim"));
    QCOMPARE(world.map()->layer(), std::string("fingerprint_distance"));
    const HeatMapCanvas& canvas = world.map()->canvas();
    QCOMPARE(canvas.lineCount(Lines::Path), std::size_t{1});
    QVERIFY(canvas.lineCount(Lines::Accepted) > 0);
    QVERIFY(canvas.lineCount(Lines::Borders) > 0);
    QVERIFY(canvas.widget()->isVisible());
    const QString summary = world.child<QLabel>("landscape_summary")->text();
    QVERIFY2(summary.contains("“0”") && summary.contains("attack succeeds"), qPrintable(summary));
  }

  /// What is drawn is what the engine computed, at every point.
  void whatIsShownIsWhatWasComputed() {
    World world;
    QVERIFY(world.open());
    const LandscapeRequest request = world.lastLandscape();
    std::vector<Image> path;
    const Surface& surface = *world.map()->surface();
    QCOMPARE(surface.x.size(), std::size_t(request.resolution));
    const ModelInfo model = *world.explore()->model();
    for (std::size_t i = 0; i < surface.pointCount(); i += 7) {
      const std::size_t column = i % surface.x.size(), row = i / surface.x.size();
      const Image image = world.map()->plane()->images.at(surface.x[column], surface.y[row]);
      QCOMPARE(world.map()->canvas().fieldAt(int(column), int(row)), FakeEngine::verdictOf(image, model).score);
    }
    // The path ends where the attack's example lies along the first axis.
    const LandscapePlace& end = world.map()->plane()->path.back();
    QVERIFY(std::abs(end.y) < 0.05 && end.x > 0.1);
  }

  void crossSectionsGoThroughTheCursor() {
    World world;
    QVERIFY(world.open());
    CurvePlot* across = world.page()->sections()->across();
    CurvePlot* upwards = world.page()->sections()->upwards();
    QTRY_COMPARE(across->pointCount("value"), std::size_t{51});
    QCOMPARE(upwards->pointCount("value"), std::size_t{51});
    QCOMPARE(across->pointCount("level"), std::size_t{2});  // τ
    const Surface& surface = *world.map()->surface();
    const auto check = [&](const LandscapePoint& point) {
      const auto& values = surface.layer("fingerprint_distance").values;
      const std::size_t row = point.index / 51, column = point.index % 51;
      const auto line = [](double x, double y) {
        return QStringLiteral("value,%1,%2\n").arg(QString::number(x, 'g', 17), QString::number(y, 'g', 17));
      };
      for (const std::size_t i : {0, 13, 50}) {
        if (!across->csv().contains(line(surface.x[i], values[row * 51 + i]))) return false;
        if (!upwards->csv().contains(line(surface.y[i], values[i * 51 + column]))) return false;
      }
      return true;
    };
    QVERIFY(check(*world.map()->picked()));
    const QPointF position = world.at(0.2, -0.1);
    QWidget* plot = world.map()->canvas().widget();
    QMouseEvent move(QEvent::MouseMove, position, plot->mapToGlobal(position), Qt::NoButton, Qt::NoButton, {});
    QApplication::sendEvent(plot, &move);
    QVERIFY(world.map()->tip()->isVisible());
    QTRY_VERIFY(check(nearestPoint(surface, world.map()->canvas().pointAt(position))));
  }

  void anotherValueNeedsNoWaiting() {
    World world;
    QVERIFY(world.open());
    const int before = world.engine->landscapes.ended;
    world.choose("landscape_value", "Margin");
    QCOMPARE(world.map()->layer(), std::string("margin"));
    QCOMPARE(world.map()->canvas().fieldAt(3, 5), world.map()->surface()->layer("margin").values[5 * 51 + 3]);
    QTest::qWait(2 * LandscapePage::kDebounceMs);
    QCOMPARE(world.engine->landscapes.ended.load(), before);
    // One that was not computed does.
    QVERIFY(world.next([&] { world.choose("landscape_value", "Accept region"); }));
    QCOMPARE(world.lastLandscape().values.back(), std::string("accepted"));
    QCOMPARE(world.map()->layer(), std::string("accepted"));
  }

  void tauMovesTheRegionAtOnce() {
    World world;
    QVERIFY(world.open());
    const int before = world.engine->landscapes.ended;
    world.child<NumberBox>("threshold")->setValue(0);
    QCOMPARE(world.map()->canvas().lineCount(Lines::Accepted), std::size_t{0});
    world.child<NumberBox>("threshold")->setValue(0.5);
    QVERIFY(world.map()->canvas().lineCount(Lines::Accepted) > 0);
    QCOMPARE(world.engine->landscapes.ended.load(), before);
    world.child<QCheckBox>("show_accepted")->setChecked(false);
    QCOMPARE(world.map()->canvas().lineCount(Lines::Accepted), std::size_t{0});
    world.child<QCheckBox>("show_path")->setChecked(false);
    QCOMPARE(world.map()->canvas().lineCount(Lines::Path), std::size_t{0});
  }

  void slidersAreFollowed() {
    World world;
    QVERIFY(world.open());
    const auto before = world.engine->landscapes.requests().size();
    QVERIFY(world.next([&] {
      auto* range = world.child<QSlider>("range_slider");
      for (int i = 0; i < 30; ++i) range->setValue(range->value() + 3);
    }));
    QVERIFY(world.engine->landscapes.requests().size() - before <= 2);  // not thirty
    QCOMPARE(world.map()->surface()->x.back(), world.child<NumberBox>("range")->value());
  }

  /// The attack's budget is Explore's: the page changes it there, and all follows.
  void theAttacksBudgetIsExplores() {
    World world;
    QVERIFY(world.open());
    const double end = world.map()->plane()->path.back().x;
    QVERIFY(world.next([&] { world.child<NumberBox>("epsilon")->setValue(0.15); }));
    QCOMPARE(world.window->steps()->steps()[0].request.parameters.real("epsilon"), 0.15);
    QVERIFY(std::abs(world.explore()->result()->norms.linf - 0.15) < 1e-6);
    QVERIFY(world.map()->plane()->path.back().x < 0.7 * end);
    QVERIFY(std::abs(world.lastLandscape().range - 0.21) < 1e-9);
  }

  void automaticAxesFindAWay() {
    World world;
    QVERIFY(world.open());
    // A path of one step has no second component.
    QVERIFY(world.next([&] { world.steps({{"fgsm", {{"epsilon", 0.3}}}}); }));
    QCOMPARE(world.lastLandscape().directions[0].operation, std::string("adversarial"));
    // An attack without a budget leaves the image as it is.
    QVERIFY(world.next([&] { world.steps({bim(0)}); }));
    QCOMPARE(world.lastLandscape().directions[0].operation, std::string("gradient-sign"));
    QVERIFY(world.next([&] { world.steps({}); }));
    QVERIFY(!world.lastLandscape().attack);
    QCOMPARE(world.map()->canvas().lineCount(Lines::Path), std::size_t{0});
    QVERIFY(world.message().isEmpty());
  }

  void whatCannotBeIsSaid() {
    World world;
    QVERIFY(world.open());
    QSignalSpy failed(world.page(), &LandscapePage::failed);
    world.choose("across", "Adversarial example");
    world.choose("upwards", "Random signs");
    world.steps({bim(0)});
    QTRY_VERIFY(!world.message().isEmpty());
    QVERIFY2(world.message().contains("did not change the image"), qPrintable(world.message()));
    QVERIFY(world.map()->empty());
    QVERIFY(!world.child<QPushButton>("open_point")->isEnabled());
    QVERIFY(world.next([&] { world.steps({bim(0.3)}); }));
    QVERIFY(world.message().isEmpty() && !world.map()->empty());
  }

  void aPointBecomesTheImage() {
    World world;
    QVERIFY(world.open());
    QTest::mouseClick(world.map()->canvas().widget(), Qt::LeftButton, {}, world.at(0.2, 0.1));
    const LandscapePoint point = *world.map()->picked();
    QVERIFY(std::abs(point.x - 0.2) < 0.02 && std::abs(point.y - 0.1) < 0.02);
    const Image wanted = clipped(world.map()->plane()->images.at(point.x, point.y));
    QVERIFY(world.child<QLabel>("point_heading")->text().contains("Picked"));
    QTest::mouseClick(world.child<QPushButton>("open_point"), Qt::LeftButton);
    QCOMPARE(world.window->currentPage(), QString("explore"));
    QTRY_VERIFY(world.explore()->result()->input == wanted);
    QVERIFY(world.explore()->source()->title.contains("moved to"));
    QCOMPARE(world.explore()->label(), std::optional(0));  // it is still a picture of a 0
    // And the landscape is about it when one comes back.
    QVERIFY(world.next([&] { world.window->showPage(QStringLiteral("landscape")); }));
    QVERIFY(world.map()->plane()->images.middle == wanted);
  }

  void nothingIsComputedWhileNobodyLooks() {
    World world;
    QVERIFY(world.open());
    world.window->showPage(QStringLiteral("models"));
    const auto before = world.engine->landscapes.requests().size();
    QSignalSpy shown(world.explore(), &ExplorePage::pictureShown);
    world.steps({bim(0.2)});
    QTRY_COMPARE(shown.count(), 1);
    QTest::qWait(2 * LandscapePage::kDebounceMs);
    QCOMPARE(world.engine->landscapes.requests().size(), before);
    QVERIFY(world.next([&] { world.window->showPage(QStringLiteral("landscape")); }));
    QCOMPARE(world.lastLandscape().attack->parameters.real("epsilon"), 0.2);
  }

  void stoppingKeepsThePicture() {
    World world;
    QVERIFY(world.open());
    world.engine->landscapes.onLevel = [](int side, const JobContext& context) {
      if (side == 9) Door().wait(context.stopToken());
    };
    world.choose("across", "Gradient sign");
    QTRY_COMPARE(world.map()->surface() ? world.map()->surface()->x.size() : 0, std::size_t{9});
    auto* stop = world.child<QPushButton>("landscape_stop");
    QVERIFY(stop->isVisible());
    QTest::mouseClick(stop, Qt::LeftButton);
    QTRY_VERIFY(!stop->isVisible());
    QCOMPARE(world.map()->surface()->x.size(), std::size_t{9});
    QVERIFY(!world.page()->complete());
    QVERIFY(world.message().isEmpty());
  }

  void valuesAreExportedByTheEngine() {
    World world;
    QVERIFY(world.open());
    world.page()->exportData("/nowhere/seven.csv");
    QTRY_VERIFY(!world.engine->landscapes.saved().empty());
    QCOMPARE(world.engine->landscapes.saved().back(), std::string("2601 /nowhere/seven.csv"));
    world.page()->exportData("/nowhere/seven.txt");
    QTRY_VERIFY(world.message().contains("No format"));
  }

  void aModelWithoutFingerprintsShowsItsLoss() {
    World world;
    QVERIFY(world.open());
    QVERIFY(world.next([&] { world.explore()->showModel("glyphs-plain"); }));
    QCOMPARE(world.map()->layer(), std::string("cross_entropy"));
    QCOMPARE(world.map()->canvas().lineCount(Lines::Accepted), std::size_t{0});
    QVERIFY(!world.child<NumberBox>("threshold"));
  }

  /// The second model's own values, on the same plane, in colours that go over both.
  void twoModelsShareOneScale() {
    World world;
    QVERIFY(world.open());
    const auto own = world.map()->shownRange();
    world.choose("landscape_value", "Margin");
    QSignalSpy completed(world.page()->beside(), &BesideMap::completed);
    auto* models = world.child<QComboBox>("beside_model");
    models->setCurrentIndex(models->findData(QStringLiteral("glyphs-plain")));
    QTRY_COMPARE(completed.count(), 1);
    HeatMapView* other = world.page()->beside()->map();
    QVERIFY(other->isVisible());
    QCOMPARE(other->size(), world.map()->size());
    QCOMPARE(other->mapTo(world.page(), QPoint()).y(), world.map()->mapTo(world.page(), QPoint()).y());
    // One range at one height, though the legends differ.
    QTRY_COMPARE(other->canvas().pointAt({200, 100}).y(), world.map()->canvas().pointAt({200, 100}).y());
    QCOMPARE(world.child<QLabel>("beside_name")->text(), QStringLiteral("glyphs-plain"));
    QVERIFY(world.child<QLabel>("first_name")->isVisible());
    QVERIFY(!world.child<QLabel>("first_name")->text().isEmpty());
    const LandscapeRequest request = world.lastLandscape();
    QCOMPARE(request.model, std::string("glyphs-plain"));
    QVERIFY(request.plane && request.plane->axes == world.map()->plane()->images.axes);
    QVERIFY(!request.attack);
    for (const std::string& value : request.values) QVERIFY(!value.starts_with("fingerprint"));  // it has none
    const ModelInfo plain = world.engine->model("glyphs-plain");
    const Surface& surface = *other->surface();
    for (std::size_t i = 0; i < surface.pointCount(); i += 37) {
      const Image image = world.map()->plane()->images.at(surface.x[i % 51], surface.y[i / 51]);
      const double confidence = surface.layer("confidence").values[i];
      const Verdict verdict = FakeEngine::verdictOf(image, plain);
      QVERIFY(std::abs(confidence - verdict.probabilities[std::size_t(verdict.predicted)]) < 1e-9);
    }
    const auto first = *world.map()->valueRange(), second = *other->valueRange();
    const std::pair both(std::min(first.first, second.first), std::max(first.second, second.second));
    QVERIFY(world.map()->shownRange() == both && other->shownRange() == both);
    world.choose("landscape_value", "Fingerprint distance");  // which the second one lacks
    QVERIFY(other->empty() && !world.map()->empty());
    QVERIFY(world.map()->shownRange() == own);
    world.choose("landscape_value", "Margin");
    QVERIFY(!other->empty() && other->shownRange() == both);
    QVERIFY(other->canvas().fieldAt(3, 5) == surface.layer("margin").values[5 * 51 + 3]);
    other->pick({0.1, 0.2});
    QVERIFY(world.map()->picked()->place() == other->picked()->place());
    models->setCurrentIndex(0);
    QVERIFY(!other->isVisible() && !world.child<QLabel>("first_name")->isVisible());
    QVERIFY(world.map()->shownRange() == *world.map()->valueRange());
    world.choose("landscape_value", "Fingerprint distance");
    QVERIFY(world.map()->shownRange() == own);
  }

  void theSessionIsTakenUp() {
    World world;
    QVERIFY(world.open());
    QVERIFY(world.next([&] { world.choose("across", "Gradient sign"); }));
    QVERIFY(world.next([&] { world.child<NumberBox>("range")->setValue(0.25); }));
    world.choose("landscape_value", "Margin");
    activate(world.child<QComboBox>("landscape_value"));
    world.child<QCheckBox>("show_contours")->setChecked(false);
    const PageState kept = world.page()->state();
    World next;
    QVERIFY(next.page()->state().empty());  // before anything is known
    next.page()->restore(kept);
    QVERIFY(next.page()->state() == kept);
    QVERIFY(next.open());
    QCOMPARE(next.lastLandscape().directions[0].operation, std::string("gradient-sign"));
    QCOMPARE(next.lastLandscape().range, 0.25);
    QCOMPARE(next.map()->layer(), std::string("margin"));
    QVERIFY(!next.child<QCheckBox>("show_contours")->isChecked());
    QVERIFY(next.page()->state() == kept);
    // What is nonsense is left.
    World other;
    other.page()->restore({{"choices", {{"across", std::string("sideways")}, {"layer", std::string("colour")}}},
                           {"shape", {{"range", -3.0}, {"resolution", std::string("many")}}},
                           {"else", {{"a", true}}}});
    QVERIFY(other.open());
    QCOMPARE(other.map()->layer(), std::string("fingerprint_distance"));
  }

  void theSecondModelIsTakenUp() {
    World world;
    QVERIFY(world.open());
    auto* models = world.child<QComboBox>("beside_model");
    models->setCurrentIndex(models->findData(QStringLiteral("glyphs-plain")));
    const PageState kept = world.page()->state();
    World next;
    next.page()->restore(kept);
    QVERIFY(next.open());
    QTRY_VERIFY(next.page()->beside()->map()->isVisible());
    QCOMPARE(next.page()->beside()->model()->id, std::string("glyphs-plain"));
    QVERIFY(next.page()->state() == kept);
    next.child<QComboBox>("beside_model")->setCurrentIndex(0);  // and can be left
    QCOMPARE(keptText(next.page()->state(), "shown", "beside"), std::string());
  }

  void saysSoWithoutAModel() {
    auto engine = std::make_shared<FakeEngine>();
    engine->modelList.clear();
    EngineSession session(engine);
    MainWindow window(&session, {false, {}});
    window.show();
    window.showPage(QStringLiteral("landscape"));
    auto* empty = window.landscape()->findChild<EmptyState*>();
    QTRY_COMPARE(empty->title(), QString("Nothing to look around in yet"));
    QTest::mouseClick(empty->findChild<QPushButton*>("empty_action"), Qt::LeftButton);
    QCOMPARE(window.currentPage(), QString("explore"));
  }

  void saysSoWithoutAnEngine() {
    EngineSession session;
    MainWindow window(&session, {false, {}});
    window.show();
    window.showPage(QStringLiteral("landscape"));
    auto* empty = window.landscape()->findChild<EmptyState*>();
    QVERIFY(empty->isVisible());
    QVERIFY(empty->title().contains("Starting"));
    session.load(
        []() -> std::shared_ptr<Engine> { throw Error(ErrorKind::Failed, "no library", "engine.so", "build it"); });
    QTRY_COMPARE(empty->title(), QString("The engine could not be started"));
  }
};

QTEST_MAIN(LandscapePageTest)
#include "landscape_page_test.moc"
