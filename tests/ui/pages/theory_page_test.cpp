// SPDX-License-Identifier: GPL-3.0-or-later
// The Theory page beside what core/theory computes.
#include "ui/pages/theory_page.h"

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSlider>
#include <QTest>

#include "tests/ui/theory/theory_engine.h"
#include "tests/ui/ui_test.h"
#include "ui/session/engine_session.h"
#include "ui/theory/plane_view.h"
#include "ui/theory/theory_form.h"
#include "ui/widgets/inline_message.h"

using namespace whorl;
using namespace whorl::ui;

namespace {

struct World {
  std::shared_ptr<test::TheoryEngine> engine = std::make_shared<test::TheoryEngine>();
  std::unique_ptr<EngineSession> session;
  std::unique_ptr<TheoryPage> page;

  World() {
    session = std::make_unique<EngineSession>(engine);
    page = std::make_unique<TheoryPage>(session.get());
    page->resize(1150, 700);
    page->show();
  }
  template <class Widget>
  Widget* find(const char* name) const {
    return page->findChild<Widget*>(QLatin1String(name));
  }
  void choose(const char* name, const QString& data) const {
    auto* box = find<QComboBox>(name);
    const int index = box->findData(data);
    QVERIFY(index >= 0);
    box->setCurrentIndex(index);
    Q_EMIT box->activated(index);
  }
  bool ready() const { return page->result() && !page->learning(); }
  void click(bool with, const PlanarPoint& at) const {
    PlaneView* view = page->view(with);
    const QPoint place = view->positionOf(at).toPoint();
    QWidget* inner = view->childAt(place);
    QTest::mouseClick(inner, Qt::LeftButton, {}, inner->mapFrom(view, place));
  }
};

}  // namespace

class TheoryPageTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void showsWhatCoreComputed() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);  // it begins by itself
    const TheoryResult wanted = runTheory(TheoryRequest{}, {});
    for (const bool with : {false, true}) {
      const TheorySide& side = wanted.side(with);
      const PlaneView* view = world.page->view(with);
      for (int row = 0; row < side.field.resolution; row += 7) {
        for (int column = 0; column < side.field.resolution; column += 7) {
          const double score = side.field.scores[side.field.index(column, row)];
          QCOMPARE(view->shownScore(column, row), score);
          QCOMPARE(view->shownAccepted(column, row), score < wanted.threshold);
        }
      }
      QCOMPARE(view->shownPoints(0), 200);
      QCOMPARE(view->shownPoints(1), 200);
      QCOMPARE(view->shownArrows(), 5);
      const QString words = world.find<QLabel>(with ? "words_fingerprinted" : "words_plain")->text();
      QVERIFY2(words.contains(QString::number(100 * side.shares.acceptedArea, 'f', 1)), qPrintable(words));
    }
    QCOMPARE(world.page->threshold(), wanted.threshold);
  }

  void theSliderMovesTheAcceptRegion() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    auto* slider = world.find<QSlider>("tau");
    slider->setValue(slider->maximum() / 3);
    const double tau = world.page->threshold();
    const PlanarField& field = world.page->result()->fingerprinted.field;
    int accepted = 0;
    for (int row = 0; row < field.resolution; ++row) {
      for (int column = 0; column < field.resolution; ++column) {
        const bool inside = field.scores[field.index(column, row)] < tau;
        QCOMPARE(world.page->view(true)->shownAccepted(column, row), inside);
        accepted += inside;
      }
    }
    QVERIFY(accepted > 0 && accepted < field.resolution * field.resolution);
  }

  void aClickStartsTheAttack() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    QCOMPARE(world.page->view(true)->shownSteps(), 0);
    world.click(true, {-3, -3});
    QTRY_COMPARE(world.page->view(true)->shownSteps(), 41);
    QTRY_COMPARE(world.page->view(false)->shownSteps(), 41);
    world.choose("theory_attack", "fgsm");
    QTRY_COMPARE(world.page->view(true)->shownSteps(), 2);
  }

  void aLineHasItsBands() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    world.choose("theory_model", "svm");
    QTest::mouseClick(world.find<QPushButton>("learn"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(world.ready() && world.page->result()->line, 60000);
    QCOMPARE(world.page->view(true)->shownArrows(), 4);
    QCOMPARE(world.page->view(false)->shownArrows(), 0);
    QVERIFY(world.page->view(false)->shownAccepted(0, 0));  // nothing checks there
    QVERIFY(!world.page->view(true)->shownAccepted(0, 0));
  }

  void paintedPointsAreLearned() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    QTest::mouseClick(world.find<QPushButton>("clear_points"), Qt::LeftButton);
    QVERIFY(!world.page->result());
    QVERIFY(world.page->form()->painted());
    QVERIFY(!world.find<QPushButton>("learn")->isEnabled());
    auto* brush = world.find<QComboBox>("brush");
    brush->setCurrentIndex(brush->findData(0));
    for (const double x : {-3.0, -2.0}) world.click(true, {x, -2});
    world.choose("theory_model", "svm");
    QTest::mouseClick(world.find<QPushButton>("learn"), Qt::LeftButton);
    // One class is none: said in words.
    QTRY_VERIFY(world.page->findChild<InlineMessage*>()->text().contains("class 1", Qt::CaseInsensitive));
    brush->setCurrentIndex(brush->findData(1));
    for (const double x : {3.0, 2.0}) world.click(false, {x, 2});
    QCOMPARE(world.page->view(false)->shownPoints(0), 2);
    QCOMPARE(world.page->view(true)->shownPoints(1), 2);
    QTest::mouseClick(world.find<QPushButton>("learn"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(world.ready() && world.page->result()->line, 60000);
    QCOMPARE(world.page->result()->data.size(), std::size_t{4});
    QCOMPARE(world.page->result()->fingerprinted.shares.accuracy, 1.0);
  }

  void learningCanBeStopped() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    auto door = std::make_shared<test::Door>();
    world.engine->onFrame = [door](const JobContext& context) { door->wait(context.stopToken()); };
    const int before = world.engine->learned;
    QTest::mouseClick(world.find<QPushButton>("learn"), Qt::LeftButton);
    QTRY_VERIFY(world.find<QLabel>("theory_state")->text().contains("Epoch"));  // one sees it learn
    QVERIFY(!world.find<QPushButton>("learn")->isEnabled());
    QTest::mouseClick(world.find<QPushButton>("theory_stop"), Qt::LeftButton);
    QTRY_VERIFY(!world.page->learning());
    QCOMPARE(world.engine->learned.load(), before);
    QVERIFY(world.page->findChild<InlineMessage*>()->text().isEmpty());
  }
};

QTEST_MAIN(TheoryPageTest)
#include "theory_page_test.moc"
