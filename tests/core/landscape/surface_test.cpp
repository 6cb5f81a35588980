// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/surface.h"

#include <QTest>

#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

class SurfaceTest : public QObject {
  Q_OBJECT

  static Surface small() {
    Surface surface;
    surface.x = {-1, -0.2, 1};
    surface.y = {0, 2};
    surface.layers = {{"margin", {0, 1, 2, 3, 4, 5}}};
    return surface;
  }

 private Q_SLOTS:
  void layersGoByName() {
    const Surface surface = small();
    QCOMPARE(surface.layer("margin").values[4], 4.0);
    QCOMPARE(kindOf([&] { (void)surface.layer("height"); }), ErrorKind::Usage);
  }

  void theNearestPointIsFound() {
    const Surface surface = small();
    QCOMPARE(surface.nearest(-0.2, 2), std::size_t{4});
    QCOMPARE(surface.nearest(-0.5, 0.9), std::size_t{1});
    QCOMPARE(surface.nearest(-0.7, 1.1), std::size_t{3});
    QCOMPARE(surface.nearest(-7, -7), std::size_t{0});
    QCOMPARE(surface.nearest(7, 7), std::size_t{5});
    QCOMPARE(surface.nearest(0.39, 0), std::size_t{1});
    QCOMPARE(surface.nearest(0.41, 0), std::size_t{2});
  }
};

QTEST_APPLESS_MAIN(SurfaceTest)
#include "surface_test.moc"
