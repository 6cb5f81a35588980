// SPDX-License-Identifier: GPL-3.0-or-later
// The closed form for vector outputs against the definition, point by point.
#include "core/theory/rays.h"

#include <algorithm>
#include <cmath>

#include <QTest>

#include "core/base/random.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

namespace {

std::vector<double> randomVector(Random& random, std::size_t size, double scale) {
  std::vector<double> values;
  for (std::size_t i = 0; i < size; ++i) values.push_back(scale * random.normal());
  return values;
}

double normOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

/// ‖(r p + u)/‖r p + u‖ − p − Δy‖
double distanceAt(double r, const std::vector<double>& p, const std::vector<double>& u, const std::vector<double>& dy) {
  std::vector<double> moved;
  for (std::size_t k = 0; k < p.size(); ++k) moved.push_back(r * p[k] + u[k]);
  const double size = normOf(moved);
  for (std::size_t k = 0; k < p.size(); ++k) moved[k] = moved[k] / size - p[k] - dy[k];
  return normOf(moved);
}

bool holds(const std::vector<RayInterval>& intervals, double r) {
  return std::any_of(intervals.begin(), intervals.end(),
                     [&](const RayInterval& interval) { return interval.low <= r && r <= interval.high; });
}

PlanarFingerprints randomFingerprints(Random& random, int classes, std::size_t count) {
  PlanarFingerprints result;
  result.classes = classes;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = 2 * random.normal();
    result.dx.push_back({x, 2 * random.normal()});
    for (int k = 0; k < classes * classes; ++k) result.dy.push_back(0.7 * random.normal());
  }
  return result;
}

}  // namespace

class RaysTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void agreesWithSampling_data();
  void agreesWithSampling();
  void oneOutputIsAHalfLine();
  void theRegionAgreesWithSampling();
  void farOutputsAreRejected();
  void nonsenseIsRefused();
};

void RaysTest::agreesWithSampling_data() {
  QTest::addColumn<int>("outputs");
  for (const int outputs : {1, 2, 3, 10}) QTest::addRow("%d", outputs) << outputs;
}

void RaysTest::agreesWithSampling() {
  QFETCH(int, outputs);
  const auto size = static_cast<std::size_t>(outputs);
  Random random(mixSeed(1, "rays"));
  int accepted = 0, looked = 0;
  for (int trial = 0; trial < 400; ++trial) {
    std::vector<double> p = randomVector(random, size, 1);
    const double length = normOf(p);
    for (double& value : p) value /= length;
    const std::vector<double> u = randomVector(random, size, 2);
    const std::vector<double> dy = randomVector(random, size, 1 / std::sqrt(static_cast<double>(outputs)));
    const double tau = random.uniform(0, 2);
    const std::vector<RayInterval> intervals = acceptedAlongRay(p, u, dy, tau);
    QVERIFY(intervals.size() <= 2);
    for (int i = 0; i < 200; ++i) {
      const double r = std::exp(random.uniform(-5, 5));
      const double distance = distanceAt(r, p, u, dy);
      if (std::abs(distance - tau) < 1e-9) continue;  // on the edge itself rounding decides
      QCOMPARE(holds(intervals, r), distance < tau);
      accepted += distance < tau;
      ++looked;
    }
  }
  QVERIFY(accepted > looked / 20 && accepted < looked * 19 / 20);
}

void RaysTest::oneOutputIsAHalfLine() {
  // f = r at distance r on the positive side: a step of −2 keeps the sign beyond 2 and flips it before.
  const double p = 1, u = -2, keep = 0, flip = -2;
  const auto kept = acceptedAlongRay(std::span(&p, 1), std::span(&u, 1), std::span(&keep, 1), 0.5);
  QCOMPARE(kept.size(), std::size_t{1});
  QVERIFY(std::abs(kept[0].low - 2) < 1e-12 && std::isinf(kept[0].high));
  const auto flipped = acceptedAlongRay(std::span(&p, 1), std::span(&u, 1), std::span(&flip, 1), 0.5);
  QCOMPARE(flipped.size(), std::size_t{1});
  QVERIFY(flipped[0].low == 0 && std::abs(flipped[0].high - 2) < 1e-12);
}

void RaysTest::theRegionAgreesWithSampling() {
  Random random(11);
  int accepted = 0;
  for (int trial = 0; trial < 60; ++trial) {
    PlanarNetwork network({}, 2, "relu", static_cast<std::uint64_t>(trial));
    for (double& value : network.parameters()) value = random.normal();
    const PlanarFingerprints fingerprints = randomFingerprints(random, 2, static_cast<std::size_t>(1 + trial % 3));
    const double tau = random.uniform(0.6, 1.6);
    const LinearRegion region(network, fingerprints, tau);
    const PlanarPoint origin = region.origin();
    const std::vector<double> zero = network.logits(std::span(&origin, 1));
    QVERIFY(std::hypot(zero[0], zero[1]) < 1e-9);
    for (int i = 0; i < 200; ++i) {
      const double x = 4 * random.normal();
      const PlanarPoint at{x, 4 * random.normal()};
      // By the definition: for some class, every fingerprint alone is within τ.
      bool wanted = false, onEdge = false;
      for (int label = 0; label < 2; ++label) {
        bool all = true;
        for (std::size_t k = 0; k < fingerprints.count(); ++k) {
          const double* response = fingerprints.response(k, label);
          // The same response for both classes, so that the network's distance is that of this one.
          const PlanarFingerprints single{
              2, {fingerprints.dx[k]}, {response[0], response[1], response[0], response[1]}};
          const double distance = fingerprintScores(network, single, std::span(&at, 1)).front();
          all = all && distance <= tau;
          onEdge = onEdge || std::abs(distance - tau) < 1e-9;
        }
        wanted = wanted || all;
      }
      if (onEdge) continue;
      QCOMPARE(region.accepts(at), wanted);
      accepted += wanted;
    }
    // Places and rays fit together.
    const double angle = random.uniform(-3, 3);
    const PlanarPoint there = region.at(angle, 2);
    const std::vector<double> outputs = network.logits(std::span(&there, 1));
    QVERIFY(std::abs(outputs[0] - 2 * std::cos(angle)) < 1e-8 && std::abs(outputs[1] - 2 * std::sin(angle)) < 1e-8);
  }
  QVERIFY(accepted > 500 && accepted < 11500);
}

void RaysTest::farOutputsAreRejected() {
  Random random(5);
  for (int trial = 0; trial < 60; ++trial) {
    const int classes = 2 + trial % 3;
    PlanarNetwork network({}, classes, "relu", 0);
    for (double& value : network.parameters()) value = random.normal();
    const PlanarFingerprints fingerprints = randomFingerprints(random, classes, 4);
    const double tau = 0.3;
    const double radius = rejectionRadius(network, fingerprints, tau);
    if (std::isinf(radius)) continue;
    QVERIFY(radius > 0);
    for (int i = 0; i < 200; ++i) {
      const double x = 30 * random.normal();
      const PlanarPoint at{x, 30 * random.normal()};
      if (normOf(network.logits(std::span(&at, 1))) <= radius) continue;
      QVERIFY(fingerprintScores(network, fingerprints, std::span(&at, 1)).front() > tau);
    }
  }
  // A threshold above what the responses ask for promises nothing.
  QVERIFY(std::isinf(rejectionRadius(PlanarNetwork({}, 2, "relu", 0), randomFingerprints(random, 2, 1), 100)));
}

void RaysTest::nonsenseIsRefused() {
  Random random(1);
  const PlanarFingerprints two = randomFingerprints(random, 2, 1);
  QCOMPARE(kindOf([&] { LinearRegion(PlanarNetwork({3}, 2, "relu", 0), two, 1); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { rejectionRadius(PlanarNetwork({3}, 2, "relu", 0), two, 1); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { LinearRegion(PlanarNetwork({}, 3, "relu", 0), two, 1); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { LinearRegion(PlanarNetwork::of({{1, 2}, 3}), two, 1); }), ErrorKind::Usage);
}

QTEST_APPLESS_MAIN(RaysTest)
#include "rays_test.moc"
