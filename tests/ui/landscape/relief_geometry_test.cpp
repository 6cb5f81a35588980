// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/relief_geometry.h"

#include <QTest>

#include <cmath>
#include <limits>

using namespace whorl;
using namespace whorl::ui;

namespace {

/// x + 10 y over [−1,1]², `side` points an axis.
Surface slope(int side) {
  Surface surface;
  for (int i = 0; i < side; ++i) surface.x.push_back(-1 + 2.0 * i / (side - 1));
  surface.y = surface.x;
  surface.layers.push_back({"slope", {}});
  for (const double y : surface.y) {
    for (const double x : surface.x) surface.layers[0].values.push_back(x + 10 * y);
  }
  return surface;
}

ReliefGeometry geometryOf(const Surface& surface, int cells = 128) {
  return {surface, surface.layers[0].values, -11, 11, cells};
}

}  // namespace

class ReliefGeometryTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void fromAboveItIsThePlane() {
    const ReliefGeometry geometry = geometryOf(slope(5));
    const ReliefCamera above{0, std::acos(-1.0) / 2, 1};
    QCOMPARE(geometry.faces(above).size(), std::size_t{16});
    const auto corner = geometry.place(above, -1, -1);
    QVERIFY(corner);
    QVERIFY(std::abs(corner->x() + 0.5) < 1e-9 && std::abs(corner->y() - 0.5) < 1e-9);  // y grows upwards
    const auto under = geometry.pointAt(above, *geometry.place(above, 0.3, -0.7));
    QVERIFY(under);
    QCOMPARE(*under, QPointF(0.25, -0.75));  // the middle of the cell
    QVERIFY(!geometry.pointAt(above, {0.6, 0}));
  }

  void heightsAreValues() {
    const ReliefGeometry geometry = geometryOf(slope(5));
    const ReliefCamera level{0, 0, 1};
    const double low = geometry.place(level, -1, -1)->y(), high = geometry.place(level, 1, 1)->y();
    QVERIFY(low > 0 && std::abs(low + high) < 1e-9);
    QVERIFY(std::abs(geometry.place(level, 0, 0)->y()) < 1e-9);
    QCOMPARE(geometry.valueAt(0.3, -0.7).value(), 0.3 - 7.0);  // exact where it is a plane
    QVERIFY(!geometry.valueAt(1.01, 0));
    // What lies outside the scale is cut.
    const Surface surface = slope(5);
    const ReliefGeometry cut(surface, surface.layers[0].values, 0, 1, 128);
    QCOMPARE(cut.place(level, 1, 1)->y(), cut.place(level, 0.5, 0.5)->y());
  }

  void farFacesComeFirst_data() {
    QTest::addColumn<double>("yaw");
    for (const double yaw : {0.3, 1.9, -0.8, -2.5, 3.1}) QTest::addRow("%g", yaw) << yaw;
  }

  /// On a flat relief what is farther away is higher on the screen; no face may come before one behind it that it
  /// overlaps in its column.
  void farFacesComeFirst() {
    QFETCH(double, yaw);
    Surface flat = slope(6);
    std::fill(flat.layers[0].values.begin(), flat.layers[0].values.end(), 0.0);
    const ReliefGeometry geometry = geometryOf(flat);
    const auto faces = geometry.faces({yaw, 0.7, 1});
    QCOMPARE(faces.size(), std::size_t{25});
    const auto middle = [](const ReliefGeometry::Face& face) {
      return (face.corners[0] + face.corners[1] + face.corners[2] + face.corners[3]) / 4;
    };
    for (std::size_t i = 0; i < faces.size(); ++i) {
      for (std::size_t j = i + 1; j < faces.size(); ++j) {
        const QPointF a = middle(faces[i]), b = middle(faces[j]);
        // Straight behind one another.
        if (std::abs(a.x() - b.x()) < 1e-6) QVERIFY2(a.y() < b.y() + 1e-9, qPrintable(QString("%1 %2").arg(i).arg(j)));
      }
    }
  }

  void whatIsNoNumberIsAHole() {
    Surface surface = slope(4);
    surface.layers[0].values[5] = std::numeric_limits<double>::quiet_NaN();  // inside: four cells have it
    surface.layers[0].values[15] = std::numeric_limits<double>::infinity();  // a corner
    const ReliefGeometry geometry = geometryOf(surface);
    QCOMPARE(geometry.faces({}).size(), std::size_t{9 - 5});
    QVERIFY(!geometry.place({}, surface.x[1], surface.y[1]));
    for (const auto& face : geometry.faces({})) QVERIFY(std::isfinite(face.value));
  }

  void fineSurfacesAreThinnedToTheirEnds() {
    const Surface surface = slope(513);
    const ReliefGeometry geometry = geometryOf(surface, 48);
    QVERIFY(geometry.columns() <= 49 && geometry.columns() > 40);
    QCOMPARE(geometry.valueAt(1, 1).value(), 11.0);
    QCOMPARE(geometryOf(slope(33), 48).columns(), 33);
  }

  void aLineHasNoRelief() {
    Surface line = slope(5);
    line.y = {0};
    line.layers[0].values.resize(5);
    const ReliefGeometry geometry = geometryOf(line);
    QVERIFY(geometry.faces({}).empty());
    QVERIFY(!geometry.place({}, 0, 0) && !geometry.pointAt({}, {0, 0}));
  }
};

QTEST_APPLESS_MAIN(ReliefGeometryTest)
#include "relief_geometry_test.moc"
