// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/weights.h"

#include <algorithm>
#include <cmath>

#include <QTest>

#include "tests/core/landscape/error_kind.h"
#include "tests/core/landscape/small_networks.h"

using namespace whorl;
using namespace whorl::test;

class WeightsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void filtersKeepTheirLength();
  void theMiddleIsTheNetworkItself();
  void theSeedDrawsTheDirections();
  void aLineEndsAtBothNetworks();
  void aBendEndsAtBothNetworks();
  void aTrajectoryLiesInItsPlane();
  void aTrajectoryMustMove();
  void dropoutIsOff();
  void nonsenseIsRefused();
};

void WeightsTest::filtersKeepTheirLength() {
  const Network origin = network(1);
  const auto at = WeightPlane::around(origin, 2, 5).at(1, 0).tensors();
  int filters = 0;
  for (const auto& [name, weight] : origin.tensors()) {
    const Tensor step = (at.at(name) - weight).detach();
    if (weight.dim() < 2) {
      QVERIFY2(step.abs().max().item<double>() == 0, name.c_str());  // biases, BatchNorm and its statistics
      continue;
    }
    ++filters;
    QVERIFY2(at::allclose(step.flatten(1).norm(2, 1), weight.detach().flatten(1).norm(2, 1), 1e-5, 1e-6), name.c_str());
  }
  QCOMPARE(filters, 2);
}

void WeightsTest::theMiddleIsTheNetworkItself() {
  const Network origin = network(1);
  QVERIFY(same(WeightPlane::around(origin, 2, 5).at(0, 0), copied(origin)));
}

void WeightsTest::theSeedDrawsTheDirections() {
  const Network origin = network(1);
  const auto first = copied(WeightPlane::around(origin, 2, 5).at(1, 0));
  QVERIFY(same(WeightPlane::around(origin, 1, 5).at(1, 0), first));
  QVERIFY(!same(WeightPlane::around(origin, 2, 5).at(0, 1), first));
  QVERIFY(!same(WeightPlane::around(origin, 2, 6).at(1, 0), first));
}

void WeightsTest::aLineEndsAtBothNetworks() {
  const Network from = network(1), to = network(2);
  const WeightPlane line = WeightPlane::between(from, to);
  QVERIFY(same(line.at(-1, 0), copied(from)));
  QVERIFY(same(line.at(1, 0), copied(to)));
  const auto middle = line.at(0, 0).tensors();
  for (const auto& [name, tensor] : from.tensors()) {
    QVERIFY2(at::allclose(middle.at(name), (tensor + to.tensors().at(name)) / 2, 0, 1e-6), name.c_str());
  }
}

void WeightsTest::aBendEndsAtBothNetworks() {
  const Network from = network(1), control = network(3), to = network(2);
  const WeightPlane bend = WeightPlane::bend(from, control, to);
  QCOMPARE(bend.dimensions(), 1);
  QVERIFY(same(bend.at(-1, 0), copied(from)));
  QVERIFY(same(bend.at(1, 0), copied(to)));
  const auto quarter = bend.at(-0.5, 0).tensors();  // t = 1/4
  for (const auto& [name, tensor] : from.tensors()) {
    const Tensor wanted = 0.5625 * tensor + 0.375 * control.tensors().at(name) + 0.0625 * to.tensors().at(name);
    QVERIFY2(at::allclose(quarter.at(name), wanted, 0, 1e-6), name.c_str());
  }
  // Through the middle of both it is the line.
  const WeightPlane straight = WeightPlane::bend(from, WeightPlane::between(from, to).at(0, 0), to);
  const auto line = WeightPlane::between(from, to).at(0.3, 0).tensors();
  for (const auto& [name, tensor] : straight.at(0.3, 0).tensors()) {
    QVERIFY2(at::allclose(tensor, line.at(name), 0, 1e-6), name.c_str());
  }
}

/// Networks that were made in a plane are found in it.
void WeightsTest::aTrajectoryLiesInItsPlane() {
  const Network last = network(1);
  const WeightPlane known = WeightPlane::around(last, 2, 9);
  const std::vector<Network> earlier = {known.at(4, 1), known.at(2, 1.5), known.at(0.5, 0.2)};
  const WeightPlane plane = WeightPlane::along(earlier, last, 2);
  QVERIFY(same(plane.at(0, 0), copied(last)));
  double farthest = 0;
  for (const Network& each : earlier) {
    const WeightPlane::Place place = plane.locate(each);
    QVERIFY(place.distance < 1e-3);
    farthest = std::max({farthest, std::abs(place.x), std::abs(place.y)});
    const auto there = plane.at(place.x, place.y).tensors();
    for (const auto& [name, weight] : each.parameters()) {
      QVERIFY2(at::allclose(there.at(name), weight, 0, 1e-5), name.c_str());
    }
  }
  QVERIFY(std::abs(farthest - 1) < 1e-6);
  QVERIFY(plane.locate(earlier[0]).x > 0 && plane.locate(earlier[0]).y > 0);
  QVERIFY(std::abs(plane.locate(last).x) < 1e-12);
  // Its unit is an L2 distance over all weights.
  double square = 0;
  const auto aside = plane.at(1, 0).tensors();
  for (const auto& [name, weight] : last.parameters()) {
    square += (aside.at(name) - weight).detach().square().sum().item<double>();
  }
  QVERIFY(std::abs(std::sqrt(square) / plane.unit() - 1) < 1e-4);
  // Seen along its first component alone, what is left is a distance.
  QVERIFY(WeightPlane::along(earlier, last, 1).locate(earlier[1]).distance > 0.05);
}

void WeightsTest::aTrajectoryMustMove() {
  const Network last = network(1);
  const auto refused = [&](const std::vector<Network>& earlier, int dimensions) {
    return kindOf([&] { WeightPlane::along(earlier, last, dimensions); });
  };
  QCOMPARE(refused({}, 1), ErrorKind::BadInput);
  QCOMPARE(refused({last}, 1), ErrorKind::BadInput);
  QCOMPARE(refused({network(2)}, 2), ErrorKind::BadInput);
  QCOMPARE(refused({network(2), network(3, 5)}, 1), ErrorKind::BadInput);
  QCOMPARE(refused({network(2)}, 3), ErrorKind::Usage);
}

/// Dropout has no say in what a point answers.
void WeightsTest::dropoutIsOff() {
  Architecture noisy = architecture();
  noisy.layers.insert(noisy.layers.end() - 1, {LayerSpec::Kind::Dropout, 0, 0, 0, 0.5});
  const Network origin(noisy, kShape, 3, 4);
  const Network there = WeightPlane::around(origin, 1, 1).at(0, 0);
  QVERIFY(!there.hasDropout());
  const Tensor images = sample().images;
  QVERIFY(at::equal(there.forward(images), origin.forward(images)));
}

void WeightsTest::nonsenseIsRefused() {
  const Network origin = network(1);
  for (const int dimensions : {0, 3}) {
    QCOMPARE(kindOf([&] { WeightPlane::around(origin, dimensions, 1); }), ErrorKind::Usage);
  }
  QCOMPARE(kindOf([&] { WeightPlane::between(origin, network(1, 5)); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { WeightPlane::bend(origin, network(2, 5), network(2)); }), ErrorKind::BadInput);
}

QTEST_APPLESS_MAIN(WeightsTest)
#include "weights_test.moc"
