// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/weight_view.h"

#include <QComboBox>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QSignalSpy>
#include <QTabBar>

#include <cmath>

#include "tests/ui/window_world.h"
#include "ui/explore/choices.h"
#include "ui/landscape/heat_map_view.h"
#include "ui/landscape/point_tip.h"
#include "ui/landscape/weight_form.h"
#include "ui/pages/landscape_page.h"
#include "ui/plots/curve_plot.h"
#include "ui/widgets/inline_message.h"
#include "ui/widgets/number_box.h"

using namespace whorl;
using namespace whorl::ui;
using whorl::test::Door;
using whorl::test::FakeEngine;

/// Landscapes of networks in the window, over a fake engine.
class WeightViewTest : public QObject {
  Q_OBJECT

  struct World : test::WindowWorld {
    LandscapePage* page() const { return window->landscape(); }
    WeightView* view() const { return page()->weights(); }
    template <class Widget>
    Widget* child(const char* name) const {
      return page()->findChild<Widget*>(QString::fromLatin1(name));
    }
    bool open() const {
      if (!firstPicture()) return false;
      window->showPage(QStringLiteral("landscape"));
      return next([this] { child<QTabBar>("landscape_space")->setCurrentIndex(1); });
    }
    /// Waits until a whole landscape is shown.
    template <class Act>
    bool next(Act act) const {
      return test::waitsFor(view(), &WeightView::completed, act);
    }
    void choose(const char* combo, const QString& text) const { test::choose(child<QComboBox>(combo), text); }
    QString summary() const { return child<QLabel>("weight_summary")->text(); }
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  /// What is drawn is what the engine computed, at every point.
  void whatIsShownIsWhatWasComputed() {
    World world;
    QVERIFY(world.open());
    const LandscapeRequest request = world.lastLandscape();
    QCOMPARE(request.model, world.window->explore()->model()->id);
    QCOMPARE(request.weights->direction.operation, std::string("random"));
    QCOMPARE(request.values, (std::vector<std::string>{"cross_entropy", "accuracy"}));  // fingerprints cost more
    QVERIFY(!request.dataset.empty());
    const Surface& surface = *world.view()->map()->surface();
    QCOMPARE(surface.x.size(), std::size_t{25});
    const Surface wanted = test::fakeWeightSurface(request, 25, request.weights->count);
    for (std::size_t i = 0; i < surface.pointCount(); i += 7) {
      QCOMPARE(world.view()->map()->canvas().fieldAt(int(i % 25), int(i / 25)), wanted.layers[0].values[i]);
    }
    QVERIFY2(world.summary().contains("judged by 1000 images"), qPrintable(world.summary()));
  }

  void pointsHaveNoImages() {
    World world;
    QVERIFY(world.open());
    QWidget* plot = world.view()->map()->canvas().widget();
    const HeatMapCanvas& canvas = world.view()->map()->canvas();
    QTRY_VERIFY(canvas.contains(canvas.positionOf({0.5, -0.5})));  // it is laid out
    const QPointF position = canvas.positionOf({0.5, -0.5});
    QMouseEvent move(QEvent::MouseMove, position, plot->mapToGlobal(position), Qt::NoButton, Qt::NoButton, {});
    QApplication::sendEvent(plot, &move);
    QVERIFY(world.view()->map()->tip()->isVisible());
    QVERIFY(world.view()->map()->tip()->text().contains("Cross-entropy"));
  }

  void fewImagesComeFirst() {
    World world;
    world.engine->landscapes.onLevel = [](int side, const JobContext& context) {
      if (side == 9) Door().wait(context.stopToken());
    };
    QVERIFY(QTest::qWaitFor([&] { return world.window->explore()->result().has_value(); }, 10'000));
    world.window->showPage(QStringLiteral("landscape"));
    world.child<QTabBar>("landscape_space")->setCurrentIndex(1);
    QTRY_VERIFY(world.view()->surface());
    QCOMPARE(world.view()->surface()->images, std::int64_t{16});
    QVERIFY2(world.summary().contains("16 images so far"), qPrintable(world.summary()));
    QVERIFY(!world.view()->complete());
    auto* stop = world.child<QPushButton>("weight_stop");
    QVERIFY(stop->isVisible());
    QTest::mouseClick(stop, Qt::LeftButton);
    QTRY_VERIFY(!stop->isVisible());
    QCOMPARE(world.view()->surface()->x.size(), std::size_t{9});  // the picture stays
    QVERIFY2(world.summary().contains("Stopped: judged by 16 images"), qPrintable(world.summary()));
  }

  /// The words are those of the picture, whatever the form says by now.
  void wordsAreOfThePicture() {
    World world;
    QVERIFY(world.open());
    const QString before = world.summary();
    QVERIFY2(before.contains("glyphs-fingerprint") || before.contains("Glyphs"), qPrintable(before));
    world.engine->landscapes.onWeights = [](const JobContext& context) { Door().wait(context.stopToken()); };
    world.window->explore()->showModel("glyphs-plain");
    auto* stop = world.child<QPushButton>("weight_stop");
    QTRY_VERIFY(stop->isVisible());
    QTest::mouseClick(stop, Qt::LeftButton);
    QTRY_VERIFY(!stop->isVisible());
    QCOMPARE(world.summary(), before);
  }

  /// Copies of a model share its name.
  void modelsOfOneNameAreTickedApart() {
    World world;
    QVERIFY(world.open());
    WeightForm* form = world.view()->form();
    auto* models = world.child<QListWidget>("weight_models");
    ModelInfo copy = *findModel(world.engine->models(), QStringLiteral("glyphs-plain"));
    WeightLists lists{world.engine->weightDirections(), world.engine->weightValues(), world.engine->models(),
                      world.engine->datasets()};
    copy.id = "/somewhere/copy.safetensors";
    lists.models.push_back(copy);
    models->item(0)->setCheckState(Qt::Checked);
    form->setLists(lists);
    QCOMPARE(models->count(), 2);
    QCOMPARE(models->item(0)->checkState(), Qt::Checked);
    QCOMPARE(models->item(1)->checkState(), Qt::Unchecked);
  }

  void aLineIsACurve() {
    World world;
    QVERIFY(world.open());
    world.choose("weight_direction", "Line to another network");
    QTRY_VERIFY(world.view()->map()->empty());  // it needs another model
    auto* models = world.child<QListWidget>("weight_models");
    QCOMPARE(models->count(), 1);
    QVERIFY(world.next([&] { models->item(0)->setCheckState(Qt::Checked); }));
    QCOMPARE(world.lastLandscape().weights->models, (std::vector<std::string>{"glyphs-plain"}));
    CurvePlot* curve = world.view()->curve();
    QVERIFY(curve->isVisible() && !world.view()->map()->isVisible());
    QCOMPARE(curve->pointCount("value"), std::size_t{25});
    const Surface wanted = test::fakeWeightSurface(world.lastLandscape(), 25, 1000);
    for (const std::size_t i : {0, 11, 24}) {
      const QString line =
          QStringLiteral("value,%1,%2\n")
              .arg(QString::number(wanted.x[i], 'g', 17), QString::number(wanted.layers[0].values[i], 'g', 17));
      QVERIFY2(curve->csv().contains(line), qPrintable(line));
    }
  }

  void anotherValueNeedsNoWaiting() {
    World world;
    QVERIFY(world.open());
    const auto before = world.engine->landscapes.requests().size();
    world.choose("weight_value", "Accuracy");
    QCOMPARE(world.view()->map()->layer(), std::string("accuracy"));
    QTest::qWait(2 * WeightView::kDebounceMs);
    QCOMPARE(world.engine->landscapes.requests().size(), before);
    QVERIFY(world.next([&] { world.choose("weight_value", "Fingerprint loss"); }));
    QCOMPARE(world.lastLandscape().values.back(), std::string("fingerprint_loss"));
  }

  void theFormIsFollowed() {
    World world;
    QVERIFY(world.open());
    QVERIFY(world.next([&] { world.view()->findChild<NumberBox*>("count")->setValue(200); }));
    QCOMPARE(world.lastLandscape().weights->count, std::int64_t{200});
    QVERIFY(world.summary().contains("200 images"));
  }

  void aTrajectoryIsDrawn() {
    World world;
    QVERIFY(world.open());
    world.choose("weight_direction", "Training's path");
    QVERIFY(world.next([&] { world.child<QListWidget>("weight_models")->item(0)->setCheckState(Qt::Checked); }));
    QCOMPARE(world.view()->map()->canvas().lineCount(HeatMapCanvas::Lines::Path), std::size_t{1});
    QVERIFY(std::abs(world.lastLandscape().range - 1.2) < 1e-9);
  }

  void imagesAreNotComputedBehindIt() {
    World world;
    QVERIFY(world.open());
    for (const LandscapeRequest& request : world.engine->landscapes.requests()) {
      if (!request.weights) QVERIFY(request.resolution <= LandscapeController::kQuickResolution);
    }
    const auto before = world.engine->landscapes.requests().size();
    QVERIFY(world.next([&] { world.window->explore()->showModel("glyphs-plain"); }));
    QCOMPARE(world.engine->landscapes.requests().size(), before + 1);
    QVERIFY(world.lastLandscape().weights);
    QSignalSpy completed(world.page(), &LandscapePage::completed);
    world.child<QTabBar>("landscape_space")->setCurrentIndex(0);
    QTRY_COMPARE(completed.count(), 1);
    QVERIFY(!world.lastLandscape().weights);
  }

  void theSessionIsTakenUp() {
    World world;
    QVERIFY(world.open());
    QVERIFY(world.next([&] { world.view()->findChild<NumberBox*>("count")->setValue(128); }));
    QVERIFY(world.next([&] { world.view()->form()->findChild<NumberBox*>("range")->setValue(0.5); }));
    const PageState kept = world.page()->state();
    World next;
    next.page()->restore(kept);
    QVERIFY(next.open());
    QCOMPARE(next.lastLandscape().weights->count, std::int64_t{128});
    QCOMPARE(next.lastLandscape().range, 0.5);
    for (const char* section : {"weight_choices", "weight_direction", "weight_sample", "weight_shape", "shown"}) {
      QVERIFY2(next.page()->state().at(section) == kept.at(section), section);
    }
  }

  /// The one that was chosen by hand, not the one that the model has learned from; and no list of models takes it away.
  void theDataSetIsTakenUp() {
    WeightLists lists{test::fakeWeightDirections(), test::fakeWeightValues(), {}, {}};
    for (const char* name : {"glyphs", "others"}) {
      lists.datasets.push_back(test::FakeWorld::dataset(name, name, {1, 28, 28}, true));
    }
    const ModelInfo model = test::FakeWorld::blobModel("with", {1, 28, 28}, 10);
    const auto datasetOf = [](const WeightForm& form) {
      LandscapeRequest request;
      form.fill(request);
      return request.dataset;
    };
    WeightForm form;
    form.setModel(model);
    form.setLists(lists);
    auto* box = form.findChild<QComboBox*>("weight_dataset");
    QCOMPARE(box->count(), 2);
    QCOMPARE(keptText(form.state(), "weight_choices", "dataset"), std::string());
    const int other = 1 - box->currentIndex();
    box->setCurrentIndex(other);
    const std::string chosen = datasetOf(form);
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);  // forms that were built anew
    form.findChild<NumberBox*>("range")->setValue(0.5);
    form.setLists(lists);
    QCOMPARE(datasetOf(form), chosen);
    LandscapeRequest request;
    form.fill(request);
    QCOMPARE(request.range, 0.5);
    WeightForm next;
    next.restore(form.state());
    next.setModel(model);
    next.setLists(lists);
    QCOMPARE(datasetOf(next), chosen);
    QVERIFY(next.state() == form.state());
  }

  void valuesAreExportedByTheEngine() {
    World world;
    QVERIFY(world.open());
    world.view()->exportData("/nowhere/networks.npz");
    QTRY_VERIFY(!world.engine->landscapes.saved().empty());
    QCOMPARE(world.engine->landscapes.saved().back(), std::string("625 /nowhere/networks.npz"));
    world.view()->exportData("/nowhere/networks.txt");
    QTRY_VERIFY(world.child<InlineMessage>("weight_message")->text().contains("No format"));
  }
};

QTEST_MAIN(WeightViewTest)
#include "weight_view_test.moc"
