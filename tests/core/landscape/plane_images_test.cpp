// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/plane_images.h"

#include <QTest>

using namespace whorl;

class PlaneImagesTest : public QObject {
  Q_OBJECT

  static PlaneImages plane() { return {{{1, 1, 3}, {0.5F, 0, 1}}, {{1, 0, 0}, {0, -0.5F, 1}}, false}; }

 private Q_SLOTS:
  void pointsAreSums() {
    QCOMPARE(plane().at(0, 0), plane().middle);
    QCOMPARE(plane().at(0.25, 0.5).pixels, (std::vector<float>{0.75F, -0.25F, 1.5F}));
  }

  void aLineHasOneAxis() {
    PlaneImages line = plane();
    line.axes.pop_back();
    QCOMPARE(line.at(0.25, 9).pixels, (std::vector<float>{0.75F, 0, 1}));
  }

  void theBoxHoldsWhatIsClipped() {
    PlaneImages boxed = plane();
    boxed.clip = true;
    QCOMPARE(boxed.at(0.25, 0.5).pixels, (std::vector<float>{0.75F, 0, 1}));
    QCOMPARE(clipped(plane().at(-2, 0.5)).pixels, (std::vector<float>{0, 0, 1}));
  }
};

QTEST_APPLESS_MAIN(PlaneImagesTest)
#include "plane_images_test.moc"
