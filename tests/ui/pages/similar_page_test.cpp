// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/similar_page.h"

#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QListWidget>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QTemporaryDir>
#include <QTest>

#include <mutex>

#include "tests/ui/fake_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/explore/step_panel.h"
#include "ui/explore/step_stack.h"
#include "ui/plots/curve_plot.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/image_view.h"
#include "ui/widgets/inline_message.h"

using namespace whorl;
using namespace whorl::ui;

namespace {

struct World {
  std::shared_ptr<test::FakeEngine> engine = std::make_shared<test::FakeEngine>();
  std::unique_ptr<EngineSession> session;
  std::unique_ptr<SimilarPage> page;

  explicit World(const std::function<void(test::FakeEngine&)>& prepare = {}, const PageState& kept = {}) {
    if (prepare) prepare(*engine);
    session = std::make_unique<EngineSession>(engine);
    page = std::make_unique<SimilarPage>(session.get());
    page->restore(kept);
    page->resize(1180, 740);
    page->show();
  }
  template <class Widget>
  Widget* find(const char* name) const {
    return page->findChild<Widget*>(QLatin1String(name));
  }
  void choose(const char* name, const QString& text) const {
    auto* box = find<QComboBox>(name);
    const int index = box->findText(text);
    QVERIFY2(index >= 0, qPrintable(text));
    box->setCurrentIndex(index);
    Q_EMIT box->activated(index);
  }
  /// By the menu, as a person does.
  void addStep(const char* name) const {
    auto* action = page->findChild<StepPanel*>()->addMenu()->findChild<QAction*>(QLatin1String(name));
    QVERIFY2(action, name);
    action->trigger();
  }
  bool searched() const { return page->list(0)->count() == 10 && page->list(1)->count() == 10 && page->idle(); }
  QString message() const { return find<InlineMessage>("similar_message")->text(); }
};

}  // namespace

class SimilarPageTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void showsNeighboursByItself() {
    World world;
    QTRY_VERIFY(world.searched());
    QCOMPARE(world.engine->similar.indexed.load(), 2);  // one a model
    // The query is in the index: it finds itself, then its class.
    QCOMPARE(world.page->list(0)->text(0).section(u'\n', 0, 0), QString("1. test/0"));
    QVERIFY(world.page->list(0)->text(0).contains(QStringLiteral("“0”")));
    for (int row = 1; row < 10; ++row) QVERIFY(world.page->list(0)->text(row).contains(QStringLiteral("“0”")));
    QVERIFY(world.find<QLabel>("similar_query")->text().contains("test image 0"));
    QVERIFY(world.find<QLabel>("similar_state")->text().contains("1,000 images indexed"));
    QVERIFY(world.message().isEmpty());
  }

  void nothingIsComputedBeforeAnybodyLooks() {
    auto engine = std::make_shared<test::FakeEngine>();
    EngineSession session(engine);
    const SimilarPage page(&session);
    QTest::qWait(100);
    QCOMPARE(engine->similar.indexed.load(), 0);
  }

  void slidersMoveTheNeighbours() {
    World world;
    QTRY_VERIFY(world.searched());
    const QString before = world.page->list(0)->text(0);
    world.addStep("gaussian-noise");
    QTRY_VERIFY(world.searched() && world.page->list(0)->text(0) != before);
    auto* slider = world.find<QSlider>("sigma_slider");
    QVERIFY(slider);
    const int asked = world.engine->similar.asked;
    for (int i = 0; i < 30; ++i) slider->setValue(slider->minimum() + i);  // all at once: asked once or twice
    QTRY_VERIFY(world.engine->similar.asked > asked && world.page->idle());
    QVERIFY(world.engine->similar.asked <= asked + 4);
    StepStack* stack = world.page->form()->stack();
    stack->remove(stack->steps().front().id);
    QTRY_COMPARE(world.page->list(0)->text(0), before);
  }

  void stepsAreAppliedInOrder() {
    World world;
    QTRY_VERIFY(world.searched());
    world.addStep("gaussian-noise");
    world.addStep("gaussian-noise");
    StepStack* stack = world.page->form()->stack();
    QCOMPARE(stack->steps().size(), std::size_t{2});
    const auto distance = [&] { return world.page->list(0)->text(0); };
    QTRY_VERIFY(world.page->idle());
    const QString twice = distance();
    stack->setEnabled(stack->steps()[1].id, false);
    QTRY_VERIFY(world.page->idle() && distance() != twice);
    // Measure takes what is switched on, as one distortion.
    world.find<QPushButton>("similar_measure_button")->click();
    QTRY_VERIFY(world.engine->similar.measured.load() == 1 && !world.page->measuring());
    QCOMPARE(world.engine->similar.lastBenchmark.distortions.size(), std::size_t{1});
    QCOMPARE(world.engine->similar.lastBenchmark.distortions[0].size(), std::size_t{1});
    stack->setEnabled(stack->steps()[1].id, true);
    world.find<QPushButton>("similar_measure_button")->click();
    QTRY_VERIFY(world.engine->similar.measured.load() == 2 && !world.page->measuring());
    QCOMPARE(world.engine->similar.lastBenchmark.distortions[0].size(), std::size_t{2});
  }

  void foldersBeginWithTheirFirstImageAndAreMeasured() {
    QTemporaryDir folder;
    World world;
    QTRY_VERIFY(world.searched());
    world.page->form()->setFolder(folder.path());
    QVERIFY(!world.find<QSpinBox>("similar_number")->isEnabled());
    world.find<QPushButton>("similar_index")->click();
    QTRY_COMPARE(world.find<QLabel>("similar_query")->text(), QString("test/0"));
    QTRY_VERIFY(world.searched());
    QVERIFY(world.page->list(0)->text(0).startsWith("1. test/0\n"));
    world.find<QPushButton>("similar_measure_button")->click();
    QTRY_VERIFY(world.engine->similar.measured.load() == 1 && !world.page->measuring());
    QCOMPARE(world.engine->similar.lastBenchmark.dataset, folder.path().toStdString());
    // What a person opens stays when the images are indexed again.
    world.page->list(0)->setCurrent(3);
    for (auto* button : world.page->list(0)->findChildren<QPushButton*>()) {
      if (button->text() == QStringLiteral("Search for it")) button->click();
    }
    QTRY_VERIFY(world.find<QLabel>("similar_query")->text() != QStringLiteral("test/0"));
    const QString chosen = world.find<QLabel>("similar_query")->text();
    world.find<QPushButton>("similar_index")->click();
    QTRY_VERIFY(world.searched());
    QCOMPARE(world.find<QLabel>("similar_query")->text(), chosen);
  }

  void theNextSessionGoesOn() {
    QTemporaryDir folder;
    PageState kept;
    SimilarChoice chosen;
    {
      World world;
      QTRY_VERIFY(world.searched());
      world.choose("similar_other", "None");
      QTRY_COMPARE(world.find<QComboBox>("similar_layer")->count(), 3);
      auto* layer = world.find<QComboBox>("similar_layer");
      layer->setCurrentIndex(2);
      Q_EMIT layer->activated(2);
      world.choose("similar_measure", "Cosine");
      world.addStep("gaussian-noise");
      world.addStep("gaussian-noise");
      StepStack* stack = world.page->form()->stack();
      Parameters values = stack->steps()[1].request.parameters;
      values.set("sigma", 0.25);
      stack->setParameters(stack->steps()[1].id, values, "sigma");
      stack->setEnabled(stack->steps()[0].id, false);
      world.page->form()->setFolder(folder.path());
      chosen = world.page->form()->choice();
      kept = world.page->state();
    }
    test::failOnWarnings();
    World next([&](test::FakeEngine&) {}, kept);
    QTRY_VERIFY(!next.page->form()->choice().layer.empty());
    QVERIFY(next.page->form()->choice() == chosen);
    QCOMPARE(next.page->form()->measure(), std::string("cosine"));
    const auto steps = next.page->form()->steps();
    QCOMPARE(steps.size(), std::size_t{2});
    QVERIFY(!steps[0].enabled && steps[1].enabled);
    QCOMPARE(steps[1].parameters.real("sigma"), 0.25);
    QVERIFY(next.page->state() == kept);
    // What is no longer there is left out; nonsense does no harm.
    kept["page"].set("model", std::string("gone"));
    kept["page"].set("folder", std::string("/no/such/folder"));
    kept["page"].set("count", std::string("many"));
    kept["step 0"].set("operation", std::string("no-such"));
    World odd([&](test::FakeEngine&) {}, kept);
    QTRY_VERIFY(!odd.page->form()->choice().layer.empty());
    QVERIFY(odd.page->form()->choice().folder.isEmpty());
    QCOMPARE(odd.page->form()->steps().size(), std::size_t{1});
  }

  void numbersAndNeighboursBecomeTheQuery() {
    World world;
    QTRY_VERIFY(world.searched());
    world.find<QSpinBox>("similar_number")->setValue(3);
    QTRY_VERIFY(world.page->list(0)->text(0).startsWith("1. test/3\n"));
    world.page->list(1)->setCurrent(4);
    const QString name = world.page->list(1)->text(4).section(u' ', 1).section(u'\n', 0, 0);
    for (auto* button : world.page->list(1)->findChildren<QPushButton*>()) {
      if (button->text() == QStringLiteral("Search for it")) button->click();
    }
    QTRY_COMPARE(world.find<QLabel>("similar_query")->text(), name);
    QTRY_VERIFY(world.page->list(0)->text(0).startsWith("1. " + name + "\n"));
  }

  void enterOpensInExplore() {
    World world;
    QTRY_VERIFY(world.searched());
    QSignalSpy opened(world.page.get(), &SimilarPage::openWanted);
    auto* list = world.page->list(0)->findChild<QListWidget*>();
    list->setFocus();
    list->setCurrentRow(1);
    QTest::keyClick(list, Qt::Key_Return);
    QTRY_COMPARE(opened.count(), 1);
    const QString name = world.page->list(0)->text(1).section(u' ', 1).section(u'\n', 0, 0);
    QCOMPARE(opened[0][1].toString(), name);
    const auto place = name.mid(5).toInt();
    QVERIFY(opened[0][0].value<Image>() ==
            test::FakeWorld::blobImage({1, 28, 28}, place % 10, static_cast<std::uint64_t>(place)));
  }

  void modelsAndLayersAreChosenTogether() {
    World world;
    QTRY_VERIFY(world.searched());
    auto* layer = world.find<QComboBox>("similar_layer");
    QCOMPARE(layer->count(), 2);  // what both models have
    world.choose("similar_other", "None");
    QTRY_COMPARE(layer->count(), 3);
    QVERIFY(!world.page->list(1)->isVisibleTo(world.page.get()));
    QCOMPARE(world.page->list(0)->count(), 0);  // another choice: what was found belongs to the last
    world.find<QPushButton>("similar_index")->click();
    QTRY_COMPARE(world.page->list(0)->count(), 10);
    QCOMPARE(world.engine->similar.indexed.load(), 3);
  }

  void indexingCanBeStopped() {
    std::atomic<bool> hold{true};
    World world([&](test::FakeEngine& engine) {
      engine.similar.onIndex = [&hold](const JobContext& context) {
        while (hold && !context.stopRequested()) QTest::qSleep(2);
      };
    });
    QTRY_VERIFY(world.page->indexing());
    QTRY_VERIFY(world.find<QPushButton>("similar_stop")->isVisible());
    QVERIFY(!world.find<QPushButton>("similar_index")->isEnabled());
    world.find<QPushButton>("similar_stop")->click();
    QTRY_VERIFY(!world.page->indexing());
    QVERIFY(world.message().isEmpty());
    hold = false;
    world.find<QPushButton>("similar_index")->click();
    QTRY_VERIFY(world.searched());
  }

  void precisionIsMeasured() {
    World world;
    QTRY_VERIFY(world.searched());
    world.find<QPushButton>("similar_measure_button")->click();
    QTRY_COMPARE(world.engine->similar.measured.load(), 1);
    QTRY_VERIFY(!world.page->measuring());
    const QString text = world.find<QLabel>("similar_figures")->text();
    QVERIFY2(text.contains("95%") || text.contains(QStringLiteral("95 %")), qPrintable(text));
    QVERIFY2(text.contains("-10") || text.contains(QStringLiteral("−10")), qPrintable(text));
    QCOMPARE(world.page->curve()->pointCount("glyphs-plain"), std::size_t{2});
  }

  void troubleIsToldInWords() {
    World world([](test::FakeEngine& engine) {
      engine.similar.problems = {{"notes.txt", "that is no image"}, {"cut.png", "the file ends early"}};
    });
    QTRY_VERIFY(world.searched());
    QVERIFY2(world.message().contains("notes.txt: that is no image"), qPrintable(world.message()));
    world.engine->similar.queryFailure = "the index was made by another model";
    world.find<QSpinBox>("similar_number")->setValue(5);
    QTRY_VERIFY(world.message().contains("another model"));
    world.page->openFile("/nowhere.png");
    QTRY_VERIFY(world.message().contains("nowhere.png"));
  }

  void withoutModelsItSaysSo() {
    World world([](test::FakeEngine& engine) { engine.modelList.clear(); });
    auto* empty = world.page->findChild<EmptyState*>();
    QTRY_COMPARE(empty->title(), QString("No model yet"));
    QVERIFY(empty->isVisible());
  }

  void everythingHasANameAndTheKeyboardReachesIt() {
    World world;
    QTRY_VERIFY(world.searched());
    for (const char* name : {"similar_source", "similar_count", "similar_model", "similar_other", "similar_layer",
                             "similar_measure", "add_natural_step", "similar_number"}) {
      auto* widget = world.find<QWidget>(name);
      QVERIFY2(widget, name);
      QVERIFY2(widget->focusPolicy() & Qt::TabFocus, name);
    }
    QVERIFY(world.page->list(0)->findChild<QListWidget*>()->accessibleName().contains("glyphs-fingerprint"));
    QVERIFY(!world.page->findChild<ImageView*>()->accessibleName().isEmpty());
  }
};

QTEST_MAIN(SimilarPageTest)
#include "similar_page_test.moc"
