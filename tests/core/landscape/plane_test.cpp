// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/plane.h"

#include <cmath>
#include <limits>

#include <QTest>

#include "tests/core/attack/linear_classifier.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using test::kindOf;
using test::randomImages;
using torch::Tensor;

namespace {

constexpr ImageShape kShape{3, 4, 5};
const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

Tensor image() { return randomImages(kShape, 1, 1); }
/// Directions at an angle of some 60°, of very different lengths.
std::vector<Tensor> oblique() {
  const Tensor numbers = randomImages(kShape, 2, 2) - 0.5;
  return {numbers[0] * 1e-20, (numbers[0] + numbers[1]) * 50};
}
Tensor points(const std::vector<double>& coordinates) { return torch::tensor(coordinates, kDouble).view({-1, 2}); }

}  // namespace

class PlaneTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void axesAreOrthogonal_data();
  void axesAreOrthogonal();
  void theFirstDirectionIsKept();
  void theMiddleIsTheImageItself();
  void pointsAreWhereTheyShouldBe();
  void clippingKeepsTheBox();
  void imagesAreLocated();
  void aLineIsLikeAPlaneOfOneDirection();
  void dependentDirectionsAreRefused();
  void nonsenseIsRefused();
};

void PlaneTest::axesAreOrthogonal_data() {
  QTest::addColumn<QString>("scale");
  QTest::newRow("linf") << "linf";
  QTest::newRow("l2") << "l2";
}

void PlaneTest::axesAreOrthogonal() {
  QFETCH(QString, scale);
  const Plane plane(image(), oblique(), parsePlaneScale(scale.toStdString()), false);
  const Tensor first = plane.axis(0), second = plane.axis(1);
  QVERIFY(std::abs(first.dot(second).item<double>()) < 1e-13);
  for (const Tensor& axis : {first, second}) {
    const double size = (scale == "l2" ? axis.norm() : axis.abs().max()).item<double>();
    QVERIFY(std::abs(size - 1) < 1e-14);
  }
}

void PlaneTest::theFirstDirectionIsKept() {
  const auto directions = oblique();
  const Plane plane(image(), directions, PlaneScale::Linf, false);
  QVERIFY(at::allclose(plane.axis(0), directions[0].flatten() / directions[0].abs().max(), 0, 1e-14));
  // The second one points to the same side as what was given.
  QVERIFY(plane.axis(1).dot(directions[1].flatten()).item<double>() > 0);
}

void PlaneTest::theMiddleIsTheImageItself() {
  for (const torch::Dtype type : {torch::kFloat64, torch::kFloat32}) {
    const Plane plane(image().to(type), oblique(), PlaneScale::Linf, true);
    const Tensor middle = plane.at(points({0, 0}));
    QCOMPARE(middle.scalar_type(), type);
    QVERIFY(at::equal(middle, image().to(type)));
  }
}

void PlaneTest::pointsAreWhereTheyShouldBe() {
  const Plane plane(image(), oblique(), PlaneScale::L2, false);
  const Tensor found = plane.at(points({0.5, -2, 3, 0.25}));
  const Tensor wanted = at::stack({image().flatten() + 0.5 * plane.axis(0) - 2 * plane.axis(1),
                                   image().flatten() + 3 * plane.axis(0) + 0.25 * plane.axis(1)});
  QVERIFY(at::allclose(found.flatten(1), wanted, 0, 1e-13));
  QCOMPARE(found.sizes().vec(), (std::vector<std::int64_t>{2, 3, 4, 5}));
  // The picture is isometric: distances in it are L2 distances.
  const double distance = (found[0] - found[1]).norm().item<double>();
  QVERIFY(std::abs(distance - std::hypot(2.5, 2.25)) < 1e-12);
}

void PlaneTest::clippingKeepsTheBox() {
  const Tensor somewhere = points({-3, 2, 0.4, 0.1, 5, 5});
  const Tensor free = Plane(image(), oblique(), PlaneScale::Linf, false).at(somewhere);
  const Tensor clipped = Plane(image(), oblique(), PlaneScale::Linf, true).at(somewhere);
  QVERIFY(free.min().item<double>() < 0 && free.max().item<double>() > 1);
  QVERIFY(at::equal(clipped, free.clamp(0, 1)));
}

void PlaneTest::imagesAreLocated() {
  const Plane plane(image(), oblique(), PlaneScale::Linf, false);
  const Tensor inside = plane.at(points({0.25, -0.5, 0, 0}));
  // A step away at right angles to both axes.
  Tensor away = randomImages(kShape, 1, 9).flatten();
  for (int i = 0; i < 2; ++i) {
    const Tensor unit = plane.axis(i) / plane.axis(i).norm();
    away = away - unit * unit.dot(away);
  }
  away = away / away.norm() * 0.7;
  const auto places = plane.locate(at::cat({inside, inside.narrow(0, 0, 1) + away.view_as(image())}));
  QCOMPARE(places.size(), std::size_t{3});
  for (const std::size_t i : {std::size_t{0}, std::size_t{2}}) {
    QVERIFY(std::abs(places[i].x - 0.25) < 1e-12);
    QVERIFY(std::abs(places[i].y + 0.5) < 1e-12);
  }
  QVERIFY(places[0].distance < 1e-12);
  QVERIFY(places[1].x == 0 && places[1].y == 0 && places[1].distance == 0);
  QVERIFY(std::abs(places[2].distance - 0.7) < 1e-12);
}

void PlaneTest::aLineIsLikeAPlaneOfOneDirection() {
  const Plane line(image(), {oblique()[1]}, PlaneScale::Linf, false);
  QCOMPARE(line.dimensions(), 1);
  const Tensor found = line.at(points({0.5, 123}));  // no second direction: its coordinate counts for nothing
  QVERIFY(at::allclose(found.flatten(), image().flatten() + 0.5 * line.axis(0), 0, 1e-14));
  QVERIFY(line.locate(found)[0].y == 0);
}

void PlaneTest::dependentDirectionsAreRefused() {
  const Tensor first = oblique()[0];
  const Tensor other = oblique()[1];
  for (const Tensor& second : {first * 7, first * -1e-6, first / first.norm() + 1e-5 * other / other.norm()}) {
    QCOMPARE(kindOf([&] { Plane(image(), {first, second}, PlaneScale::Linf, false); }), ErrorKind::Usage);
  }
  // Close to each other is allowed, and comes out orthogonal all the same.
  const Plane plane(image(), {first, first / first.norm() + 0.01 * other / other.norm()}, PlaneScale::L2, false);
  QVERIFY(std::abs(plane.axis(0).dot(plane.axis(1)).item<double>()) < 1e-13);
}

void PlaneTest::nonsenseIsRefused() {
  const Tensor zero = at::zeros({60}, kDouble);
  const Tensor broken = at::full({60}, std::numeric_limits<double>::quiet_NaN(), kDouble);
  const Tensor small = at::ones({59}, kDouble);
  for (const Tensor& direction : {zero, broken, small}) {
    QCOMPARE(kindOf([&] { Plane(image(), {direction}, PlaneScale::L2, false); }), ErrorKind::BadInput);
  }
  QCOMPARE(kindOf([&] { Plane(image(), {}, PlaneScale::L2, false); }), ErrorKind::Usage);
  const Tensor ones = at::ones({60}, kDouble);
  QCOMPARE(kindOf([&] {
             Plane(image(), {ones, oblique()[0], oblique()[1]}, PlaneScale::L2, false);
           }),
           ErrorKind::Usage);
  QCOMPARE(kindOf([] { parsePlaneScale("l3"); }), ErrorKind::Usage);
}

QTEST_APPLESS_MAIN(PlaneTest)
#include "plane_test.moc"
