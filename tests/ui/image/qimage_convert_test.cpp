// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/image/qimage_convert.h"

#include <QColor>

#include "tests/ui/ui_test.h"
#include "ui/explore/image_source.h"

using namespace whorl;
using namespace whorl::ui;

class QImageConvertTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void greyAndOddWidths() {
    const Image image{{1, 2, 3}, {0, 0.5F, 1, 1.5F, -1, 0.2F}};
    const QImage shown = toQImage(image);
    QCOMPARE(shown.size(), QSize(3, 2));
    QCOMPARE(shown.pixel(1, 0), qRgb(128, 128, 128));
    QCOMPARE(shown.pixel(0, 1), qRgb(255, 255, 255));
    QCOMPARE(shown.pixel(1, 1), qRgb(0, 0, 0));
    QCOMPARE(shown.pixel(2, 1), qRgb(51, 51, 51));
  }

  void planesBecomePixels() {
    const Image image{{3, 1, 2}, {1, 0, 0, 1, 0.2F, 0}};
    QCOMPARE(toQImage(image).pixel(0, 0), qRgb(255, 0, 51));
    QCOMPARE(toQImage(image).pixel(1, 0), qRgb(0, 255, 0));
    QVERIFY(toQImage({}).isNull());
  }

  void differencesHaveASign() {
    const Image a{{1, 1, 3}, {0.5F, 0.5F, 0.5F}}, b{{1, 1, 3}, {0.4F, 0.5F, 0.6F}};
    QVERIFY(std::abs(largestDifference(a, b) - 0.1) < 1e-6);
    const QImage shown = differenceImage(a, b, 10, DifferenceChannels::All, false);
    QVERIFY(shown.pixelColor(0, 0).blue() > shown.pixelColor(0, 0).red());
    QVERIFY(shown.pixelColor(2, 0).red() > shown.pixelColor(2, 0).blue());
    QVERIFY(shown.pixelColor(1, 0).lightness() > 240);
    QVERIFY(differenceImage(a, b, 10, DifferenceChannels::All, true).pixelColor(1, 0).lightness() < 40);
    QVERIFY(differenceImage(a, {{1, 1, 1}, {0}}, 1, DifferenceChannels::All, true).isNull());
  }

  void colourDifferencesLieAroundGrey() {
    const Image a{{3, 1, 1}, {0.5F, 0.5F, 0.5F}}, b{{3, 1, 1}, {0.6F, 0.5F, 0.4F}};
    QCOMPARE(differenceImage(a, b, 10, DifferenceChannels::All, false).pixel(0, 0), qRgb(255, 128, 0));
    const QColor red = differenceImage(a, b, 10, DifferenceChannels::Red, false).pixelColor(0, 0);
    QVERIFY(red.red() > red.blue());
  }

  void thumbnailsOfAnySize() {
    for (const ImageShape shape : {ImageShape{1, 1, 1}, {3, 5, 4000}, {1, 3000, 7}, {3, 900, 1300}}) {
      const Image image{shape, std::vector<float>(static_cast<std::size_t>(shape.size()), 0.5F)};
      const QImage thumbnail = thumbnailOf(image, 112);
      QVERIFY(!thumbnail.isNull());
      QVERIFY(thumbnail.width() <= 112 && thumbnail.height() <= 112);
    }
  }
};

QTEST_GUILESS_MAIN(QImageConvertTest)
#include "qimage_convert_test.moc"
