// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/image_view.h"

#include <QSignalSpy>
#include <QWheelEvent>

#include "tests/ui/ui_test.h"
#include "ui/widgets/view_state.h"

using namespace whorl::ui;

class ImageViewTest : public QObject {
  Q_OBJECT

  static QImage checks() {
    QImage image(4, 4, QImage::Format_RGB32);
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 4; ++x) image.setPixel(x, y, (x + y) % 2 ? qRgb(255, 0, 0) : qRgb(0, 0, 255));
    }
    return image;
  }

 private Q_SLOTS:
  void init() { whorl::test::failOnWarnings(); }

  void magnifiesWithoutBlur() {
    ViewState state;
    ImageView view(&state);
    view.setImage(checks());
    view.resize(202, 202);
    const QImage shown = view.grab().toImage();
    const qreal ratio = shown.devicePixelRatio();
    for (int y : {30, 60, 90, 150}) {
      for (int x : {30, 60, 90, 150}) {
        const QRgb pixel = shown.pixel(int(x * ratio), int(y * ratio));
        QVERIFY(pixel == qRgb(255, 0, 0) || pixel == qRgb(0, 0, 255));
      }
    }
  }

  void zoomsAboutTheCursorForBothViews() {
    ViewState state;
    ImageView one(&state), other(&state);
    one.setImage(checks());
    other.setImage(checks());
    one.resize(202, 202);
    other.resize(202, 202);
    const QPointF corner(1, 1);
    QWheelEvent event(corner, one.mapToGlobal(corner), {}, {0, 480}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase,
                      false);
    QApplication::sendEvent(&one, &event);
    QVERIFY(state.zoom() > 1.5);
    QVERIFY(state.centre().x() < 0.5 && state.centre().y() < 0.5);
    QCOMPARE(one.grab().toImage(), other.grab().toImage());
    state.reset();
    QCOMPARE(state.zoom(), 1.0);
  }

  void neverLeavesTheImage() {
    ViewState state;
    state.zoomAt(4, {0.5, 0.5});
    state.panBy({10, -10});
    QCOMPARE(state.centre(), QPointF(1 - 0.125, 0.125));
    state.zoomAt(1e9, {0, 0});
    QCOMPARE(state.zoom(), ViewState::kLargestZoom);
    state.zoomAt(1e-9, {0, 0});
    QCOMPARE(state.zoom(), 1.0);
    QCOMPARE(state.centre(), QPointF(0.5, 0.5));
  }

  void tellsThePixelUnderTheCursor() {
    ViewState state;
    ImageView view(&state);
    view.setImage(checks());
    view.resize(202, 202);
    view.show();
    QTest::mouseMove(&view, {126, 26});
    QTRY_COMPARE(state.hover(), QPoint(2, 0));
  }

  void keys() {
    ViewState state;
    ImageView view(&state);
    view.setImage(checks());
    view.show();
    QSignalSpy neighbour(&view, &ImageView::neighbourWanted), blink(&view, &ImageView::blinkWanted);
    QTest::keyClick(&view, Qt::Key_Right);
    QTest::keyClick(&view, Qt::Key_Left);
    QCOMPARE(neighbour.count(), 2);
    QCOMPARE(neighbour[0][0].toInt(), 1);
    QCOMPARE(neighbour[1][0].toInt(), -1);
    QTest::keyClick(&view, Qt::Key_Plus);
    QTest::keyClick(&view, Qt::Key_Right);
    QCOMPARE(neighbour.count(), 2);
    QVERIFY(state.centre().x() > 0.5);
    QTest::keyPress(&view, Qt::Key_Space);
    QTest::keyRelease(&view, Qt::Key_Space);
    QCOMPARE(blink.count(), 2);
    QCOMPARE(blink[0][0].toBool(), true);
    QCOMPARE(blink[1][0].toBool(), false);
    QTest::keyClick(&view, Qt::Key_0);
    QCOMPARE(state.zoom(), 1.0);
  }
};

QTEST_MAIN(ImageViewTest)
#include "image_view_test.moc"
