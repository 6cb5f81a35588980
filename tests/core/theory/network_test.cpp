// SPDX-License-Identifier: GPL-3.0-or-later
// Gradients of the toy network and of what is made of it, against central differences.
#include "core/theory/network.h"

#include <algorithm>
#include <cmath>

#include <QTest>

#include "core/base/random.h"
#include "core/theory/fingerprints.h"
#include "core/theory/trainer.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

namespace {

PlanarData randomData(int count, int classes, std::uint64_t seed) {
  Random random(seed);
  PlanarData data;
  for (int i = 0; i < count; ++i) {
    const double x = 2 * random.normal();
    data.push_back({{x, 2 * random.normal()}, i % classes});
  }
  return data;
}

PlanarFingerprints arrows(int classes) {
  return drawPlanarFingerprints(
      resolve("fingerprints", planarFingerprintParameters(), {{"count", std::int64_t{3}}, {"epsilon", 2.0}}), classes,
      9);
}

/// Relative to the larger of 1 and the values: 1e-6 for central differences in doubles.
bool near(double found, double wanted) { return std::abs(found - wanted) < 1e-6 * std::max(1.0, std::abs(wanted)); }

constexpr double kStep = 1e-5;

}  // namespace

class NetworkTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void byHand();
  void lineModelsAreLogisticRegression();
  void lossGradientMatchesDifferences_data();
  void lossGradientMatchesDifferences();
  void scoreGradientMatchesDifferences();
  void trainingLossIsTheDeclaredOne();
  void nonsenseIsRefused();
};

void NetworkTest::byHand() {
  PlanarNetwork network({2}, 2, "relu", 0);
  QCOMPARE(network.parameters().size(), std::size_t{2 * 2 + 2 + 2 * 2 + 2});
  // h = relu(x + 2y + 1, −x); logits = (h₀ − h₁, 3 h₁ + 0.5)
  network.parameters() = {1, -1, 2, 0, 1, 0, 1, 0, -1, 3, 0, 0.5};
  const std::vector<PlanarPoint> points{{1, 1}, {-2, 0.5}};
  QCOMPARE(network.logits(points), (std::vector<double>{4, 0.5, -2, 6.5}));
  QCOMPARE(network.predicted(points), (std::vector<int>{0, 1}));
}

void NetworkTest::lineModelsAreLogisticRegression() {
  const LinearModel line{{1.5, -0.5}, 0.25};
  const PlanarNetwork network = PlanarNetwork::of(line);
  const PlanarPoint at{0.3, 2};
  const std::vector<double> logits = network.logits(std::span(&at, 1));
  QVERIFY(near(logits[1] - logits[0], line.value(at)));
  QVERIFY(network.isLinear());
}

void NetworkTest::lossGradientMatchesDifferences_data() {
  QTest::addColumn<QString>("activation");
  QTest::addColumn<int>("layers");
  QTest::addColumn<int>("classes");
  for (const char* activation : {"relu", "tanh"}) {
    for (const int layers : {0, 1, 3}) {
      for (const int classes : {2, 3}) {
        QTest::addRow("%s, %d layers, %d classes", activation, layers, classes)
            << QString::fromLatin1(activation) << layers << classes;
      }
    }
  }
}

void NetworkTest::lossGradientMatchesDifferences() {
  QFETCH(QString, activation);
  QFETCH(int, layers);
  QFETCH(int, classes);
  PlanarNetwork network(std::vector<int>(static_cast<std::size_t>(layers), 7), classes, activation.toStdString(), 5);
  const PlanarData data = randomData(12, classes, 3);
  const PlanarFingerprints fingerprints = arrows(classes);
  const double weight = 0.7;
  std::vector<double> gradient;
  planarLoss(network, fingerprints, weight, data, &gradient);
  const auto total = [&] {
    const PlanarLoss loss = planarLoss(network, fingerprints, weight, data, nullptr);
    return loss.crossEntropy + weight * loss.fingerprint;
  };
  for (std::size_t i = 0; i < network.parameters().size(); ++i) {
    double& value = network.parameters()[i];
    const double here = value;
    value = here + kStep;
    const double above = total();
    value = here - kStep;
    const double below = total();
    value = here;
    QVERIFY2(near(gradient[i], (above - below) / (2 * kStep)), qPrintable(QString::number(i)));
  }
}

void NetworkTest::scoreGradientMatchesDifferences() {
  for (const int classes : {2, 3}) {
    const PlanarNetwork network({9, 9}, classes, "tanh", 2);
    const PlanarFingerprints fingerprints = arrows(classes);
    for (const PlanarSample& sample : randomData(20, classes, 8)) {
      const ScoreGradient found = scoreGradient(network, fingerprints, sample.at);
      const auto score = [&](double dx, double dy) {
        const PlanarPoint at = sample.at + PlanarPoint{dx, dy};
        return fingerprintScores(network, fingerprints, std::span(&at, 1)).front();
      };
      QVERIFY(near(found.score, score(0, 0)));
      QVERIFY(near(found.gradient.x, (score(kStep, 0) - score(-kStep, 0)) / (2 * kStep)));
      QVERIFY(near(found.gradient.y, (score(0, kStep) - score(0, -kStep)) / (2 * kStep)));
    }
  }
}

void NetworkTest::trainingLossIsTheDeclaredOne() {
  // Summed by hand, from the definition in docs/fingerprints.md.
  const PlanarNetwork network({5}, 2, "relu", 1);
  const PlanarFingerprints fingerprints = arrows(2);
  const PlanarData data = randomData(6, 2, 4);
  const auto phi = [&](const PlanarPoint& at) {
    std::vector<double> h = network.logits(std::span(&at, 1));
    const double size = std::hypot(h[0], h[1]);
    return std::vector<double>{h[0] / size, h[1] / size};
  };
  double term = 0;
  for (std::size_t i = 0; i < fingerprints.count(); ++i) {
    for (const PlanarSample& sample : data) {
      for (int k = 0; k < 2; ++k) {
        const double wanted = k == sample.label ? -0.75 : 0.25;
        const auto shifted = phi(sample.at + fingerprints.dx[i]);
        const auto here = phi(sample.at);
        const double off = shifted[static_cast<std::size_t>(k)] - here[static_cast<std::size_t>(k)] - wanted;
        term += off * off / (6 * 2);
      }
    }
  }
  QVERIFY(near(planarLoss(network, fingerprints, 1, data, nullptr).fingerprint, term));
  QCOMPARE(planarLoss(network, {2, {}, {}}, 1, data, nullptr).fingerprint, 0.0);
}

void NetworkTest::nonsenseIsRefused() {
  QCOMPARE(kindOf([] { PlanarNetwork({4}, 2, "sine", 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { PlanarNetwork({0}, 2, "relu", 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { PlanarNetwork({257}, 2, "relu", 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { PlanarNetwork({4, 4, 4, 4, 4}, 2, "relu", 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { PlanarNetwork({4}, 1, "relu", 0); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { PlanarNetwork({4}, 5, "relu", 0); }), ErrorKind::Usage);
}

QTEST_APPLESS_MAIN(NetworkTest)
#include "network_test.moc"
