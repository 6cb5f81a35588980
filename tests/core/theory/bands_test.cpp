// SPDX-License-Identifier: GPL-3.0-or-later
// The linear guarantee of docs/theory.md, on known answers and on random instances.
#include "core/theory/bands.h"

#include <algorithm>
#include <cmath>

#include <QTest>

#include "core/base/random.h"
#include "core/theory/toys.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

namespace {

struct Instance {
  LinearModel model;
  PlanarData data;
  Random random;
};

Instance randomInstance(std::uint64_t seed) {
  Random random(mixSeed(seed, "bands"));
  const double size = std::exp(random.uniform(-3, 3));
  const double angle = random.uniform(0, 2 * M_PI);
  LinearModel model{{size * std::cos(angle), size * std::sin(angle)}, size * random.normal()};
  PlanarData data;
  for (int i = 0; i < 60; ++i) {
    const double x = 3 * random.normal();
    const PlanarPoint at{x, 3 * random.normal()};
    // One in ten on the wrong side, so that there is something misclassified.
    data.push_back({at, random.bernoulli(0.1) ? 1 - model.predicted(at) : model.predicted(at)});
  }
  data.push_back({model.w * 2, 1});
  data.push_back({model.w * -2, 0});
  return {model, data, random};
}

}  // namespace

class BandsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void knownAnswers();
  void acceptedIsTheBand();
  void onlyTheNormalPartCounts();
  void noChoiceAcceptsMore();
  void sharesAreKeptAndTight();
  void crossingTheBoundaryIsNotEnough();
  void responsesSayTheSame();
  void nonsenseIsRefused();
};

void BandsTest::knownAnswers() {
  const LinearModel model{{3, 4}, 0};
  const auto fingerprints = bandFingerprints(model, {Band{1, 2}, Band{1, 2}});
  QCOMPARE(fingerprints.size(), std::size_t{4});
  for (const double sign : {1.0, -1.0}) {
    QVERIFY(acceptedBySigns(model, fingerprints, PlanarPoint{.6, .8} * sign));
    QVERIFY(acceptedBySigns(model, fingerprints, PlanarPoint{.9, 1.2} * sign));
    QVERIFY(!acceptedBySigns(model, fingerprints, PlanarPoint{.3, .4} * sign));
    QVERIFY(!acceptedBySigns(model, fingerprints, PlanarPoint{1.8, 2.4} * sign));
  }
}

void BandsTest::acceptedIsTheBand() {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Instance instance = randomInstance(seed);
    Bands bands;
    for (Band& band : bands) {
      band.near = instance.random.uniform(0, 2);
      band.far = band.near + instance.random.uniform(0, 3);
    }
    const auto fingerprints = bandFingerprints(instance.model, bands);
    int accepted = 0;
    for (int i = 0; i < 500; ++i) {
      const double x = 4 * instance.random.normal();
      const PlanarPoint at{x, 4 * instance.random.normal()};
      const double distance = std::abs(instance.model.distance(at));
      const Band& band = bands[static_cast<std::size_t>(instance.model.predicted(at))];
      const bool inside = acceptedBySigns(instance.model, fingerprints, at);
      QCOMPARE(inside, band.holds(distance));
      accepted += inside;
    }
    QVERIFY(accepted > 0 && accepted < 500);
  }
}

void BandsTest::onlyTheNormalPartCounts() {
  Instance instance = randomInstance(7);
  auto fingerprints = bandFingerprints(instance.model, {Band{.5, 2}, Band{1, 3}});
  const auto plain = fingerprints;
  const PlanarPoint along{-instance.model.w.y, instance.model.w.x};
  for (auto& fingerprint : fingerprints) fingerprint.dx = fingerprint.dx + along * instance.random.normal();
  for (int i = 0; i < 1000; ++i) {
    const double x = 4 * instance.random.normal();
    const PlanarPoint at{x, 4 * instance.random.normal()};
    QCOMPARE(acceptedBySigns(instance.model, fingerprints, at), acceptedBySigns(instance.model, plain, at));
  }
}

void BandsTest::noChoiceAcceptsMore() {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Instance instance = randomInstance(seed);
    const LinearModel& model = instance.model;
    const Bands bands = tightestBands(model, instance.data);
    const auto fingerprints = bandFingerprints(model, bands);
    for (const PlanarSample& sample : instance.data) {
      if (model.predicted(sample.at) == sample.label) QVERIFY(acceptedBySigns(model, fingerprints, sample.at));
    }
    // Whatever four random fingerprints accept all correct points accept the whole of the bands, too.
    for (int trial = 0; trial < 50; ++trial) {
      Bands other;
      for (std::size_t side = 0; side < 2; ++side) {
        other[side].near = bands[side].near + instance.random.normal() * 0.1;
        other[side].far = bands[side].far + instance.random.normal() * 0.1;
        other[side].near = std::clamp(other[side].near, 0.0, 10.0);
        other[side].far = std::max(other[side].far, other[side].near);
      }
      const auto others = bandFingerprints(model, other);
      const bool all = std::all_of(instance.data.begin(), instance.data.end(), [&](const PlanarSample& sample) {
        return model.predicted(sample.at) != sample.label || acceptedBySigns(model, others, sample.at);
      });
      if (!all) continue;
      for (std::size_t side = 0; side < 2; ++side) {
        QVERIFY(other[side].near <= bands[side].near + 1e-6 && other[side].far >= bands[side].far - 1e-6);
      }
    }
  }
}

void BandsTest::sharesAreKeptAndTight() {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    const Instance instance = randomInstance(seed);
    for (const double share : {0.2, 0.5, 0.9}) {
      const Bands bands = tightestBands(instance.model, instance.data, share);
      for (std::size_t side = 0; side < 2; ++side) {
        std::vector<double> distances;
        for (const PlanarSample& sample : instance.data) {
          const auto predicted = static_cast<std::size_t>(instance.model.predicted(sample.at));
          if (predicted == side && sample.label == instance.model.predicted(sample.at)) {
            distances.push_back(std::abs(instance.model.distance(sample.at)));
          }
        }
        const auto holds = [&](const Band& band) {
          return std::count_if(distances.begin(), distances.end(), [&](double d) { return band.holds(d); });
        };
        const double needed = share * static_cast<double>(distances.size());
        QVERIFY(static_cast<double>(holds(bands[side])) >= needed - 1e-9);
        // By exhaustion: no narrower band between two of the distances holds as many as needed.
        for (const double near : distances) {
          for (const double far : distances) {
            if (far < near || far - near >= bands[side].far - bands[side].near) continue;
            QVERIFY(static_cast<double>(holds({near, far})) < needed - 1e-9);
          }
        }
      }
    }
  }
}

void BandsTest::crossingTheBoundaryIsNotEnough() {
  // From a point of class 1 at distance d, whatever is taken for class 0 and accepted is at least d + near away.
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Instance instance = randomInstance(seed);
    const Bands bands = tightestBands(instance.model, instance.data);
    const auto fingerprints = bandFingerprints(instance.model, bands);
    const PlanarPoint start = instance.model.w * (1.5 / length(instance.model.w)) + PlanarPoint{0.1, 0};
    if (instance.model.predicted(start) != 1) continue;
    const double distance = instance.model.distance(start);
    for (int i = 0; i < 2000; ++i) {
      const double x = 4 * instance.random.normal();
      const PlanarPoint moved = start + PlanarPoint{x, 4 * instance.random.normal()};
      if (instance.model.predicted(moved) == 0 && acceptedBySigns(instance.model, fingerprints, moved)) {
        QVERIFY(length(moved - start) >= distance + bands[0].near - 1e-9);
      }
    }
    // The shortest way across is rejected.
    const PlanarPoint normal = instance.model.w * (1 / length(instance.model.w));
    const PlanarPoint crossed = start - normal * (distance + bands[0].near * 0.5);
    if (bands[0].near > 1e-3) QVERIFY(!acceptedBySigns(instance.model, fingerprints, crossed));
  }
}

void BandsTest::responsesSayTheSame() {
  Instance instance = randomInstance(3);
  const auto signs = bandFingerprints(instance.model, tightestBands(instance.model, instance.data));
  const PlanarFingerprints responses = asResponses(signs);
  const PlanarNetwork network = PlanarNetwork::of(instance.model);
  std::vector<PlanarPoint> points;
  for (int i = 0; i < 2000; ++i) {
    const double x = 5 * instance.random.normal();
    points.push_back({x, 5 * instance.random.normal()});
  }
  const std::vector<double> scores = fingerprintScores(network, responses, points);
  for (std::size_t i = 0; i < points.size(); ++i) {
    QCOMPARE(network.predicted(std::span(&points[i], 1)).front(), instance.model.predicted(points[i]));
    const bool accepted = acceptedBySigns(instance.model, signs, points[i]);
    QVERIFY(accepted ? scores[i] < 1e-12 : scores[i] > 0.5 - 1e-12);
  }
}

void BandsTest::nonsenseIsRefused() {
  const LinearModel model{{1, 0}, 0};
  const PlanarData data{{{1, 0}, 1}, {{-1, 0}, 0}};
  QCOMPARE(kindOf([&] { bandFingerprints({{0, 0}, 1}, {}); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { bandFingerprints(model, {Band{2, 1}, Band{}}); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { bandFingerprints(model, {Band{-1, 1}, Band{}}); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { bandFingerprints(model, {Band{std::nan(""), 1}, Band{}}); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { tightestBands(model, data, 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { tightestBands(model, data, 1.1); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { tightestBands(model, {}); }), ErrorKind::BadInput);
  QCOMPARE(kindOf([&] { tightestBands({{0, 0}, 0}, data); }), ErrorKind::BadInput);
  // A side whose points are all wrong has an empty band.
  const Bands bands = tightestBands(model, {{{1, 0}, 1}, {{2, 0}, 0}});
  QCOMPARE(bands[0].far, 0.0);
  QCOMPARE(bands[1].near, 1.0);
}

QTEST_APPLESS_MAIN(BandsTest)
#include "bands_test.moc"
