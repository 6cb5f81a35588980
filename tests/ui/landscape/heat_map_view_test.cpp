// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/heat_map_view.h"

#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QToolButton>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "tests/ui/ui_test.h"
#include "ui/image/qimage_convert.h"
#include "ui/landscape/point_tip.h"
#include "ui/landscape/relief_view.h"
#include "ui/style/theme.h"

using namespace whorl;
using namespace whorl::ui;
using Lines = HeatMapCanvas::Lines;

/// A landscape with two classes, left and right of x = 0.25, and a bowl.
class HeatMapViewTest : public QObject {
  Q_OBJECT

  static constexpr int kSide = 21;

  static SharedSurface bowl(int side = kSide) {
    auto surface = std::make_shared<Surface>();
    for (int i = 0; i < side; ++i) surface->x.push_back(-0.5 + static_cast<double>(i) / (side - 1));
    surface->y = surface->x;
    surface->layers = {{"margin", {}}, {"predicted", {}}, {"confidence", {}}, {"fingerprint_distance", {}}};
    for (const double y : surface->y) {
      for (const double x : surface->x) {
        surface->layers[0].values.push_back(x - 0.26);
        surface->layers[1].values.push_back(x < 0.26 ? 7 : 3);
        surface->layers[2].values.push_back(0.75);
        surface->layers[3].values.push_back(std::hypot(x, y));
      }
    }
    return surface;
  }
  static SharedPlane plane() {
    auto plane = std::make_shared<LandscapeResult>();
    plane->images.middle.shape = {1, 1, 2};
    plane->images.middle.pixels.assign(2, 0.5F);
    plane->images.axes.assign(2, std::vector<float>(2));
    plane->images.axes[0][0] = plane->images.axes[1][1] = 1;
    plane->label = 7;
    plane->path = {{0.1, 0.05, 0}, {0.4, 0.1, 0.01}};
    return plane;
  }
  static QStringList names() { return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}; }

  struct Shown {
    HeatMapView view;
    Shown() {
      view.resize(640, 520);
      view.setColours({{0, 0, 1}, {1, 0, 0}});
      view.setPlane(plane(), names(), "path");
      view.setLayer("fingerprint_distance", "Distance");
      view.setThreshold(0.3);
      view.setSurface(bowl());
      view.show();
    }
    QWidget* plot() const { return view.canvas().widget(); }
    QPoint at(double x, double y) const { return view.canvas().positionOf({x, y}).toPoint(); }
    void move(double x, double y) const {
      const QPointF position = at(x, y);
      QMouseEvent event(QEvent::MouseMove, position, plot()->mapToGlobal(position), Qt::NoButton, Qt::NoButton, {});
      QApplication::sendEvent(plot(), &event);
    }
  };

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void colourIsTheValue() {
    const Shown shown;
    QVERIFY(QTest::qWaitForWindowExposed(const_cast<HeatMapView*>(&shown.view)));
    const auto values = bowl()->layer("fingerprint_distance").values;
    for (int row = 0; row < kSide; ++row) {
      for (int column = 0; column < kSide; ++column) {
        QCOMPARE(shown.view.canvas().fieldAt(column, row), values[static_cast<std::size_t>(row * kSide + column)]);
      }
    }
    QCOMPARE(QColor(shown.view.canvas().colourAt(0)), QColor(Qt::blue));
    QCOMPARE(QColor(shown.view.canvas().colourAt(std::hypot(0.5, 0.5))), QColor(Qt::red));
  }

  /// On the screen, too: the middle is the bottom of the bowl, a corner its rim.
  void pixelsAreInTheColoursOfTheirValues() {
    Shown shown;
    shown.view.setOverlays({false, false, false, false});
    QVERIFY(QTest::qWaitForWindowExposed(&shown.view));
    QCoreApplication::processEvents();
    const QImage picture = shown.plot()->grab().toImage();
    const double ratio = picture.devicePixelRatio();
    const auto pixel = [&](double x, double y) {
      return picture.pixelColor((shown.at(x, y).toPointF() * ratio).toPoint());
    };
    const QColor low = pixel(0.06, 0.06);
    const QColor high = pixel(-0.45, 0.45);
    QVERIFY2(low.blue() > 180 && low.red() < 80, qPrintable(low.name()));
    QVERIFY2(high.red() > 180 && high.blue() < 80, qPrintable(high.name()));
  }

  void linesAreThoseOfTheCore() {
    Shown shown;
    const HeatMapCanvas& canvas = shown.view.canvas();
    const auto distance = bowl()->layer("fingerprint_distance").values;
    QCOMPARE(canvas.lineCount(Lines::Accepted), contourLines(*bowl(), distance, 0.3).size());
    QCOMPARE(canvas.lineCount(Lines::Borders), std::size_t{1});  // the zero line of the margin
    QCOMPARE(canvas.lineCount(Lines::Path), std::size_t{1});
    QVERIFY(canvas.lineCount(Lines::Low) + canvas.lineCount(Lines::High) > 3);
    QCOMPARE(canvas.nameTexts(), (QStringList{"3", "7"}));
    shown.view.setThreshold(9);
    QCOMPARE(canvas.lineCount(Lines::Accepted), std::size_t{0});
    shown.view.setThreshold(std::nullopt);
    QCOMPARE(canvas.lineCount(Lines::Accepted), std::size_t{0});
    shown.view.setOverlays({false, false, false, false});
    for (const Lines kind : {Lines::High, Lines::Low, Lines::Borders, Lines::Accepted, Lines::Path}) {
      QCOMPARE(canvas.lineCount(kind), std::size_t{0});
    }
    QVERIFY(canvas.nameTexts().isEmpty());
  }

  void theImageStandsBesideTheCursor() {
    Shown shown;
    QVERIFY(QTest::qWaitForWindowExposed(&shown.view));
    QSignalSpy hovered(&shown.view, &HeatMapView::hovered);
    shown.move(0.3, -0.2);
    QVERIFY(shown.view.tip()->isVisible());
    const LandscapePoint point = nearestPoint(*bowl(), {0.3, -0.2});
    QCOMPARE(shown.view.tip()->image(), toQImage(plane()->images.at(point.x, point.y)));
    QVERIFY2(shown.view.tip()->text().contains("“3”") && shown.view.tip()->text().contains("75.0"),
             qPrintable(shown.view.tip()->text()));
    QVERIFY(shown.view.tip()->text().contains("0.3606") || shown.view.tip()->text().contains("0.361"));
    QVERIFY(shown.view.tip()->text().contains("rejected"));
    QVERIFY(shown.view.rect().contains(shown.view.tip()->geometry()));
    shown.move(-0.3, 0.2);
    QVERIFY(shown.view.tip()->text().contains("“7”"));
    shown.move(0.05, 0.1);
    QVERIFY(shown.view.tip()->text().contains("accepted"));
    QEvent leave(QEvent::Leave);
    QApplication::sendEvent(shown.plot(), &leave);
    QVERIFY(!shown.view.tip()->isVisible());
    QCOMPARE(hovered.count(), 4);
  }

  void pointsArePickedAndChosen() {
    Shown shown;
    QVERIFY(QTest::qWaitForWindowExposed(&shown.view));
    QCOMPARE(shown.view.picked()->place(), QPointF(0, 0));
    QVERIFY2(!shown.view.accessibleDescription().contains(u'<'), qPrintable(shown.view.accessibleDescription()));
    QSignalSpy picked(&shown.view, &HeatMapView::pickedChanged);
    QSignalSpy chosen(&shown.view, &HeatMapView::chosen);
    QTest::mouseClick(shown.plot(), Qt::LeftButton, {}, shown.at(0.2, 0.1));
    QCOMPARE(picked.count(), 1);
    QVERIFY(std::abs(shown.view.picked()->x - 0.2) < 1e-9 && std::abs(shown.view.picked()->y - 0.1) < 1e-9);
    QTest::keyClick(&shown.view, Qt::Key_Right);
    QVERIFY(std::abs(shown.view.picked()->x - 0.25) < 1e-9);
    QTest::keyClick(&shown.view, Qt::Key_Down);
    QVERIFY(std::abs(shown.view.picked()->y - 0.05) < 1e-9);
    QCOMPARE(chosen.count(), 0);
    QTest::keyClick(&shown.view, Qt::Key_Return);
    QTest::mouseDClick(shown.plot(), Qt::LeftButton, {}, shown.at(0.2, 0.1));
    QCOMPARE(chosen.count(), 2);
    // Dragging is not picking.
    const auto before = shown.view.picked()->place();
    QTest::mousePress(shown.plot(), Qt::LeftButton, {}, shown.at(0, 0));
    QTest::mouseRelease(shown.plot(), Qt::LeftButton, {}, shown.at(0, 0) + QPoint(40, 0));
    QCOMPARE(shown.view.picked()->place(), before);
  }

  void aPickedPointOutlivesRefinement() {
    Shown shown;
    shown.view.pick({0.2, 0.1});
    shown.view.setSurface(bowl(41));
    QVERIFY(std::abs(shown.view.picked()->x - 0.2) < 1e-9);
    auto other = std::make_shared<LandscapeResult>(*plane());
    other->images.middle.pixels[0] = 0.1F;
    shown.view.setPlane(other, names(), "path");
    shown.view.setSurface(bowl());
    QCOMPARE(shown.view.picked()->place(), QPointF(0, 0));
  }

  void picturesAreWritten() {
    Shown shown;
    QVERIFY(QTest::qWaitForWindowExposed(&shown.view));
    QTemporaryDir folder;
    for (const char* suffix : {"png", "svg", "pdf"}) {
      const QString file = folder.filePath(QStringLiteral("map.%1").arg(QString::fromLatin1(suffix)));
      QCOMPARE(shown.view.exportPicture(file), QString());
      QVERIFY(QFileInfo(file).size() > 2000);
    }
    QCOMPARE(QImage(folder.filePath("map.png")).size(), QSize(1520, 1380));
    QVERIFY(!shown.view.exportPicture(folder.filePath("map.txt")).isEmpty());
    QVERIFY(!shown.view.exportPicture("/nowhere/map.svg").isEmpty());
    QTest::keySequence(&shown.view, QKeySequence::Copy);
    QVERIFY(!QApplication::clipboard()->image().isNull());
  }

  void fromTheSideItIsTheSame() {
    Shown shown;
    QVERIFY(QTest::qWaitForWindowExposed(&shown.view));
    auto* button = shown.view.findChild<QToolButton*>("from_the_side");
    QVERIFY(button->isVisible());
    button->click();
    ReliefView* relief = shown.view.relief();
    QVERIFY(relief->isVisible() && !shown.plot()->isVisible() && !relief->empty());
    QCOMPARE(std::pair(relief->low(), relief->high()), *shown.view.valueRange());
    shown.view.setCommonRange(std::pair(0.0, 9.0));
    QCOMPARE(relief->high(), 9.0);
    shown.view.setCommonRange(std::nullopt);
    shown.view.setLayer("predicted", "Class");  // 3 and 7, in the colours of ten classes
    QCOMPARE(std::pair(relief->low(), relief->high()), std::pair(0.0, 9.0));
    shown.view.setLayer("fingerprint_distance", "Distance");
    const QTemporaryDir folder;
    QCOMPARE(shown.view.exportPicture(folder.filePath("side.png")), QString());
    QVERIFY(QImage(folder.filePath("side.png")).width() > 1000);
    shown.view.setRelief(false);
    QVERIFY(!relief->isVisible() && shown.plot()->isVisible() && relief->empty());
    shown.view.setRelief(true);
    shown.view.clear("nothing");
    QVERIFY(!relief->isVisible() && !button->isVisible());
  }

  /// The finest grid with all that is drawn over it, within a frame of 16 ms of the GUI thread's own processor time;
  /// half as much again is allowed, as a neighbour on the machine takes its share of caches and clock rate.
  void theFinestGridTakesOneFrame() {
    constexpr int kFinest = 513;
    auto surface = std::make_shared<Surface>(*bowl(kFinest));
    for (std::size_t i = 0; i < surface->pointCount(); ++i) {  // ten classes, in waves
      const double x = surface->x[i % kFinest], y = surface->y[i / kFinest];
      surface->layers[1].values[i] = std::floor(5 + 4.9 * std::sin(8 * x + 3 * y));
      surface->layers[3].values[i] += 0.01 * std::sin(60 * x) * std::sin(50 * y);
    }
    Shown shown;
    std::vector<double> milliseconds;
    for (int i = 0; i < 7; ++i) {
      const std::clock_t begin = std::clock();
      shown.view.setSurface(surface);
      milliseconds.push_back(1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    }
    std::sort(milliseconds.begin(), milliseconds.end());
    qInfo("a grid of 513 x 513 with its lines: %.1f ms", milliseconds[3]);
    QVERIFY(shown.view.canvas().lineCount(Lines::Borders) > 5);
#ifndef __SANITIZE_ADDRESS__  // which takes several times as long
    QVERIFY2(milliseconds[3] < 24, "more than a frame");
#endif
  }

  void emptinessIsSaidInWords() {
    Shown shown;
    shown.view.clear("Nothing here");
    QCOMPARE(shown.view.findChild<QLabel*>("landscape_placeholder")->text(), QString("Nothing here"));
    QVERIFY(!shown.plot()->isVisible());
    QVERIFY(shown.view.empty() && !shown.view.picked());
    QTest::keyClick(&shown.view, Qt::Key_Right);  // does nothing, and no harm
    QVERIFY(!shown.view.exportPicture("/tmp/never.png").isEmpty());
  }

  void classesHaveTheirNames() {
    Shown shown;
    shown.view.setLayer("predicted", "Class");
    QCOMPARE(shown.view.canvas().fieldAt(0, 0), 7.0);
    QCOMPARE(shown.view.canvas().fieldAt(kSide - 1, 0), 3.0);
    QCOMPARE(shown.view.canvas().lineCount(Lines::Low) + shown.view.canvas().lineCount(Lines::High), std::size_t{0});
  }
};

QTEST_MAIN(HeatMapViewTest)
#include "heat_map_view_test.moc"
