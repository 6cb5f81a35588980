// SPDX-License-Identifier: GPL-3.0-or-later
// The Theory page beside what core/theory computes.
#include "ui/pages/theory_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFile>
#include <QLabel>
#include <QPushButton>
#include <QSlider>
#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cmath>

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

  explicit World(const PageState& kept = {}) {
    session = std::make_unique<EngineSession>(engine);
    page = std::make_unique<TheoryPage>(session.get());
    page->restore(kept);
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

  /// Whoever drags τ asks for many attacks, and waits for the newest alone.
  void onlyTheNewestAttackCounts() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    const auto door = std::make_shared<test::Door>();
    world.engine->onAttack = [door](const JobContext& context) { door->wait(context.stopToken()); };
    world.click(true, {-3, -3});
    auto* slider = world.find<QSlider>("tau");
    for (int i = 1; i <= 20; ++i) slider->setValue(i * slider->maximum() / 20);
    door->open();
    QTRY_COMPARE(world.page->view(true)->shownSteps(), 41);
    QTRY_COMPARE(world.page->view(false)->shownSteps(), 41);
    QCOMPARE(world.engine->attacked.load(), 2);
  }

  /// What was half learnt is not left under the words of what was learnt before.
  void stoppingGoesBackToTheResult() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    const PlanarField field = world.page->result()->fingerprinted.field;
    const QString words = world.find<QLabel>("words_fingerprinted")->text();
    world.engine->onFrame = [](const JobContext& context) { test::Door().wait(context.stopToken()); };
    world.find<QPushButton>("learn")->click();
    const std::size_t middle = field.index(field.resolution / 2, field.resolution / 2);
    const auto shown = [&] { return world.page->view(true)->shownScore(field.resolution / 2, field.resolution / 2); };
    QTRY_VERIFY_WITH_TIMEOUT(shown() != field.scores[middle], 60000);  // its first frame
    world.find<QPushButton>("theory_stop")->click();
    QTRY_VERIFY(!world.page->learning());
    QTRY_COMPARE(shown(), field.scores[middle]);
    QCOMPARE(world.find<QLabel>("words_fingerprinted")->text(), words);
    QCOMPARE(world.page->threshold(), world.page->result()->threshold);
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

  void valuesStandUnderTheCursor() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    const PlanarField& field = world.page->result()->fingerprinted.field;
    const PlanarPoint at = field.at(30, 40);
    const auto value = world.page->view(true)->valueAt({at.x, at.y});
    QVERIFY(value);
    QCOMPARE(value->first, field.scores[field.index(30, 40)]);
    QCOMPARE(value->second, field.classes[field.index(30, 40)]);
    QVERIFY(!world.page->view(true)->valueAt({1e6, 0}));
    Q_EMIT world.page->view(true)->hovered(QPointF(at.x, at.y));
    const QString words = world.find<QLabel>("cursor_values")->text();
    QVERIFY2(words.contains(QString::number(value->first, 'g', 3)), qPrintable(words));
    Q_EMIT world.page->view(true)->hovered({});
    QVERIFY(world.find<QLabel>("cursor_values")->text().isEmpty());
  }

  /// Told apart as the data tell: rings where a wrong answer is accepted, orange where it isn't the nearest point's.
  void trueAndFalseRegions() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    world.find<QCheckBox>("regions")->setChecked(true);
    auto* slider = world.find<QSlider>("tau");
    slider->setValue(slider->maximum());  // nearly all is accepted
    const TheoryResult& result = *world.page->result();
    const double tau = world.page->threshold();
    for (const bool with : {false, true}) {
      const TheorySide& side = result.side(with);
      const PlaneView* view = world.page->view(with);
      int rings = 0, falsely = 0;
      for (std::size_t i = 0; i < result.data.size(); ++i) {
        rings += side.classes[i] != result.data[i].label && side.scores[i] < tau ? 1 : 0;
      }
      QCOMPARE(view->shownFalselyAccepted(), rings);
      for (int row = 0; row < side.field.resolution; row += 5) {
        for (int column = 0; column < side.field.resolution; column += 5) {
          const PlanarPoint at = side.field.at(column, row);
          const auto nearest = std::min_element(
              result.data.begin(), result.data.end(), [&](const PlanarSample& a, const PlanarSample& b) {
                return std::hypot(a.at.x - at.x, a.at.y - at.y) < std::hypot(b.at.x - at.x, b.at.y - at.y);
              });
          const std::size_t index = side.field.index(column, row);
          const bool accepted = side.field.scores[index] < tau;
          const int wanted = !accepted ? 0 : nearest->label == side.field.classes[index] ? 1 : 2;
          QCOMPARE(view->shownRegion(column, row), wanted);
          falsely += wanted == 2 ? 1 : 0;
        }
      }
      QVERIFY(falsely > 0);
    }
    world.find<QCheckBox>("regions")->setChecked(false);
    const PlanarField& field = result.plain.field;
    QCOMPARE(world.page->view(false)->shownRegion(0, 0), field.scores[0] < tau ? 1 : 0);
  }

  void theKeyboardPaints() {
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    QTest::mouseClick(world.find<QPushButton>("clear_points"), Qt::LeftButton);
    auto* brush = world.find<QComboBox>("brush");
    brush->setCurrentIndex(brush->findData(1));
    PlaneView* view = world.page->view(true);
    view->setFocus();
    QTest::keyClick(view, Qt::Key_Right);
    QTest::keyClick(view, Qt::Key_Up, Qt::ShiftModifier);
    const QPointF place = *view->cross();
    QTest::keyClick(view, Qt::Key_Space);
    QCOMPARE(view->shownPoints(1), 1);
    QCOMPARE(world.page->view(false)->shownPoints(1), 1);
    for (int i = 0; i < 4; ++i) QTest::keyClick(view, Qt::Key_Left, Qt::ShiftModifier);
    QVERIFY(view->cross()->x() < place.x());
    QTest::keyClick(view, Qt::Key_Return);
    QCOMPARE(view->shownPoints(1), 2);
    for (int i = 0; i < 200; ++i) QTest::keyClick(view, Qt::Key_Left, Qt::ShiftModifier);
    QVERIFY(view->cross()->x() >= -6);  // it stays in the plane
  }

  void planesAreExported_data() {
    QTest::addColumn<QByteArray>("start");
    QTest::newRow("png") << QByteArray("\x89PNG");
    QTest::newRow("svg") << QByteArray("<?xml");
    QTest::newRow("pdf") << QByteArray("%PDF");
    QTest::newRow("csv") << QByteArray("x,y,score,class,accepted");
  }
  void planesAreExported() {
    QFETCH(QByteArray, start);
    World world;
    QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
    QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("plane.") + QString::fromLatin1(QTest::currentDataTag()));
    QCOMPARE(world.page->view(true)->exportTo(path), QString());
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray text = file.readAll();
    QVERIFY(text.startsWith(start));
    if (start.startsWith("x,y")) {
      const PlanarField& field = world.page->result()->fingerprinted.field;
      QCOMPARE(text.count('\n'), 1 + field.resolution * field.resolution);
      QVERIFY(text.contains(QByteArray::number(field.scores[field.index(3, 5)], 'g', 17)));
    }
    QVERIFY(world.page->view(true)->exportTo(folder.filePath("plane.gif")).contains("not a format"));
    QVERIFY(world.page->view(true)->exportTo("/proc/nowhere/plane.svg").contains("could not be written"));
  }

  void theSessionIsTakenUp() {
    PageState kept;
    {
      World world;
      QTRY_VERIFY_WITH_TIMEOUT(world.ready(), 60000);
      QTest::mouseClick(world.find<QPushButton>("clear_points"), Qt::LeftButton);
      auto* brush = world.find<QComboBox>("brush");
      for (int label = 0; label < 2; ++label) {
        brush->setCurrentIndex(brush->findData(label));
        for (const double x : {2.0, 3.0}) world.click(true, {label == 0 ? -x : x, 1});
      }
      world.choose("theory_model", "svm");
      world.choose("theory_attack", "fgsm");
      world.find<QCheckBox>("regions")->setChecked(true);
      kept = world.page->state();
    }
    World next(kept);
    QTRY_COMPARE_WITH_TIMEOUT(next.page->view(true)->shownPoints(1), 2, 60000);
    QVERIFY(next.page->form()->painted());
    QCOMPARE(next.page->form()->request().model, std::string("svm"));
    QCOMPARE(next.page->form()->attack().operation, std::string("fgsm"));
    QVERIFY(next.find<QCheckBox>("regions")->isChecked());
    QVERIFY(next.page->state() == kept);
    // Points that are none are left out.
    kept["page"].set("points", std::string("1,2,0;nan,1,0;1,1,99;a,b,c;3;-1,2,1"));
    World other(kept);
    QTRY_COMPARE_WITH_TIMEOUT(other.page->view(true)->shownPoints(0), 1, 60000);
    QCOMPARE(other.page->view(true)->shownPoints(1), 1);
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
