// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/trainer.h"

#include <cmath>
#include <stop_token>

#include <QTest>

#include "core/theory/toys.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

namespace {

PlanarFingerprints arrows() {
  return drawPlanarFingerprints(resolve("fingerprints", planarFingerprintParameters(), {}), 2, 1);
}

PlanarTrainer trainer(const PlanarFingerprints& fingerprints, PlanarTraining training = {}) {
  return {PlanarNetwork({16, 16}, 2, "relu", 1), makeToy("blobs", {}, 1), fingerprints, training, 1};
}

double accuracy(const PlanarNetwork& network, const PlanarData& data) {
  const std::vector<int> classes = network.predicted(pointsOf(data));
  double right = 0;
  for (std::size_t i = 0; i < data.size(); ++i) right += classes[i] == data[i].label;
  return right / static_cast<double>(data.size());
}

}  // namespace

class TrainerTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void plainGradientDescentIsWhatItSays();
  void learnsBothTerms();
  void sameSeedSameWeights();
  void divergenceIsToldOf();
  void stopsWhenAsked();
};

void TrainerTest::plainGradientDescentIsWhatItSays() {
  const PlanarData data = makeToy("moons", {{"count", std::int64_t{32}}}, 1);
  PlanarTraining training{32, 0.1, "sgd", 0.5};
  const PlanarNetwork start({8}, 2, "tanh", 3);
  PlanarTrainer one(start, data, arrows(), training, 7);
  one.epoch({});
  std::vector<double> gradient;
  planarLoss(start, arrows(), 0.5, data, &gradient);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    // The epoch's order changes how sums are rounded, nothing else.
    QVERIFY(std::abs(one.network().parameters()[i] - (start.parameters()[i] - 0.1 * gradient[i])) < 1e-12);
  }
}

void TrainerTest::learnsBothTerms() {
  PlanarTrainer with = trainer(arrows());
  const PlanarLoss first = with.epoch({});
  PlanarLoss last;
  for (int epoch = 1; epoch < 60; ++epoch) last = with.epoch({});
  QVERIFY2(last.fingerprint < 0.7 * first.fingerprint, qPrintable(QString::number(last.fingerprint)));
  QVERIFY(accuracy(with.network(), makeToy("blobs", {}, 2)) > 0.93);  // points that it wasn't shown
  PlanarTrainer without = trainer({});
  for (int epoch = 0; epoch < 60; ++epoch) last = without.epoch({});
  QCOMPARE(last.fingerprint, 0.0);
  QVERIFY(accuracy(without.network(), makeToy("blobs", {}, 2)) > 0.99);
}

void TrainerTest::sameSeedSameWeights() {
  const auto weights = [](std::uint64_t seed) {
    PlanarTrainer some(PlanarNetwork({16}, 2, "relu", 1), makeToy("moons", {}, 1), arrows(), {}, seed);
    some.epoch({});
    some.epoch({});
    return some.network().parameters();
  };
  QVERIFY(weights(1) == weights(1));
  QVERIFY(weights(1) != weights(2));  // another order of the points
}

void TrainerTest::divergenceIsToldOf() {
  PlanarTraining training;
  training.optimizer = "sgd";
  training.learningRate = 1e200;
  PlanarTrainer wild = trainer({}, training);
  QCOMPARE(kindOf([&] {
             for (int epoch = 0; epoch < 20; ++epoch) wild.epoch({});
           }),
           ErrorKind::Failed);
}

void TrainerTest::stopsWhenAsked() {
  std::stop_source stop;
  stop.request_stop();
  PlanarTrainer some = trainer(arrows());
  const auto before = some.network().parameters();
  QCOMPARE(kindOf([&] { some.epoch(JobContext(stop.get_token(), nullptr)); }), ErrorKind::Cancelled);
  QVERIFY(some.network().parameters() == before);
}

QTEST_APPLESS_MAIN(TrainerTest)
#include "trainer_test.moc"
