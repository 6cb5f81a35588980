// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/weight_sample.h"

#include <cmath>
#include <limits>
#include <stop_token>

#include <ATen/ops/cross_entropy_loss.h>
#include <QTest>

#include "tests/core/landscape/error_kind.h"
#include "tests/core/landscape/small_networks.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const std::vector<std::string> kValues = {"cross_entropy", "accuracy", "error"};

Surface sampled(const WeightPlane& plane, const Grid& grid, const WeightSample& images, int workers = 1,
                const std::function<void(const Surface&)>& onLevel = {}) {
  return sampleWeights(plane, grid, kValues, images, workers, 1, JobContext{}, onLevel);
}

Fingerprints fingerprints() {
  at::Generator generator = at::detail::createCPUGenerator(8);
  return {0.1 * at::rand({4, 1, 6, 6}, generator), 0.5 * at::rand({4, 3, 3}, generator)};
}

}  // namespace

class WeightSampleTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void stagesGrow();
  void valuesAreThoseOfTheNetworkThere();
  void fingerprintsAreThoseOfTheirScore();
  void theSubsetGrows();
  void workersDoNotMatter();
  void statisticsAreMeasured();
  void weightsComeBackUntouched_data();
  void weightsComeBackUntouched();
  void nonsenseIsRefused();
};

void WeightSampleTest::stagesGrow() {
  QCOMPARE(weightStages(1), (std::vector<std::int64_t>{1}));
  QCOMPARE(weightStages(16), (std::vector<std::int64_t>{16}));
  QCOMPARE(weightStages(1000), (std::vector<std::int64_t>{16, 64, 256, 1000}));
}

void WeightSampleTest::valuesAreThoseOfTheNetworkThere() {
  const torch::NoGradGuard noGradients;
  const WeightPlane plane = WeightPlane::around(network(1), 2, 5);
  const WeightSample images = sample();
  const Surface surface = sampled(plane, Grid(2, 0.7, 5), images, 2);
  for (std::size_t i = 0; i < surface.pointCount(); ++i) {
    const Network there = plane.at(surface.x[i % 5], surface.y[i / 5]);
    const Tensor logits = there.forward(images.images - 0.5).to(torch::kFloat64);
    const double loss = at::cross_entropy_loss(logits, images.labels).item<double>();
    const double accuracy = (logits.argmax(1) == images.labels).to(torch::kFloat64).mean().item<double>();
    QVERIFY(std::abs(surface.layer("cross_entropy").values[i] - loss) < 1e-5);
    QVERIFY(std::abs(surface.layer("accuracy").values[i] - accuracy) < 1e-12);
    QVERIFY(std::abs(surface.layer("error").values[i] - (1 - accuracy)) < 1e-12);
  }
}

void WeightSampleTest::fingerprintsAreThoseOfTheirScore() {
  const torch::NoGradGuard noGradients;
  const Network origin = network(1);
  WeightSample images = sample();
  images.fingerprints = fingerprints();
  const Surface surface = sampleWeights(WeightPlane::around(origin, 1, 5), Grid(1, 1, 3),
                                        {"fingerprint_loss", "fingerprint_distance"}, images, 1, 1, JobContext{});
  const NetworkClassifier classifier(origin, images.mean, images.scale);
  const FingerprintScore score(fingerprints());
  const double distance = score.evaluate(classifier, images.images).distances.amin(1).mean().item<double>();
  QVERIFY(std::abs(surface.layer("fingerprint_distance").values[1] - distance) < 1e-5);
  const FingerprintScore squares(fingerprints(), FingerprintScore::Acceptance::AnyClass,
                                 FingerprintScore::Measure::SquaredError);
  const double loss =
      squares.evaluate(classifier, images.images).distances.gather(1, images.labels.unsqueeze(1)).mean().item<double>();
  QVERIFY(std::abs(surface.layer("fingerprint_loss").values[1] - loss) < 1e-5);
}

void WeightSampleTest::theSubsetGrows() {
  const WeightPlane plane = WeightPlane::around(network(1), 2, 5);
  const WeightSample images = sample(100);
  std::vector<std::pair<std::size_t, std::int64_t>> heard;
  std::vector<Surface> levels;
  const Surface last = sampled(plane, Grid(2, 1, 12), images, 1, [&](const Surface& level) {
    heard.emplace_back(level.x.size(), level.images);
    levels.push_back(level);
  });
  QCOMPARE(heard, (std::vector<std::pair<std::size_t, std::int64_t>>{{9, 16}, {12, 16}, {12, 64}, {12, 100}}));
  QCOMPARE(levels.back().layers[0].values, last.layers[0].values);
  // Each is what its own images alone say.
  WeightSample few = images;
  few.images = images.images.narrow(0, 0, 64);
  few.labels = images.labels.narrow(0, 0, 64);
  QCOMPARE(sampled(plane, Grid(2, 1, 12), few).layers[0].values, levels[2].layers[0].values);
}

void WeightSampleTest::workersDoNotMatter() {
  const WeightPlane plane = WeightPlane::around(network(1), 2, 5);
  const Surface one = sampled(plane, Grid(2, 1, 10), sample(80));
  const Surface three = sampled(plane, Grid(2, 1, 10), sample(80), 3);
  for (std::size_t i = 0; i < one.layers.size(); ++i) QCOMPARE(three.layers[i].values, one.layers[i].values);
}

/// With the statistics of the sample itself: what a forward in training mode over all of it says.
void WeightSampleTest::statisticsAreMeasured() {
  const torch::NoGradGuard noGradients;
  const Network origin = network(2);
  const auto before = copied(origin);
  WeightSample images = sample(40);
  images.batchSize = 40;
  const WeightPlane plane = WeightPlane::around(origin, 1, 5);
  const double kept = sampled(plane, Grid(1, 1, 3), images).layer("cross_entropy").values[1];
  images.measureStatistics = true;
  const double measured = sampled(plane, Grid(1, 1, 3), images).layer("cross_entropy").values[1];
  Network::Mode mode;
  mode.training = true;
  mode.updateStatistics = false;
  const Tensor logits = origin.forward(images.images - 0.5, mode);
  const double wanted = at::cross_entropy_loss(logits, images.labels).item<double>();
  QVERIFY(std::abs(measured - wanted) < 2e-3);  // its variances are unbiased
  QVERIFY(std::abs(kept - wanted) > 1e-2);
  QVERIFY(same(origin, before));
  // In batches they are the mean of the batches'.
  images.batchSize = 20;
  QVERIFY(std::abs(sampled(plane, Grid(1, 1, 3), images).layer("cross_entropy").values[1] - wanted) < 2e-2);
}

void WeightSampleTest::weightsComeBackUntouched_data() {
  QTest::addColumn<QString>("end");
  QTest::addColumn<bool>("measured");
  for (const char* end : {"finished", "cancelled", "failed"}) {
    QTest::addRow("%s", end) << end << false;
    QTest::addRow("%s, measured", end) << end << true;
  }
}

void WeightSampleTest::weightsComeBackUntouched() {
  QFETCH(QString, end);
  QFETCH(bool, measured);
  const Network origin = network(1);
  const auto before = copied(origin);
  const WeightPlane plane = WeightPlane::around(origin, 2, 5);
  WeightSample images = sample();
  images.measureStatistics = measured;
  if (end == "failed") images.images[30].fill_(std::numeric_limits<float>::infinity());
  std::stop_source stop;
  int levels = 0;
  const auto run = [&] {
    sampleWeights(plane, Grid(2, 1, 12), kValues, images, 1, 1, JobContext(stop.get_token(), nullptr),
                  [&](const Surface&) {
                    ++levels;
                    if (end == "cancelled") stop.request_stop();
                  });
  };
  if (end == "finished") run();
  if (end == "cancelled") QCOMPARE(kindOf(run), ErrorKind::Cancelled);
  if (end == "failed") QCOMPARE(kindOf(run), ErrorKind::BadInput);
  QCOMPARE(levels, end == "finished" ? 3 : end == "cancelled" ? 1 : 2);
  QVERIFY(same(origin, before));
  QVERIFY(same(plane.at(0, 0), before));
}

void WeightSampleTest::nonsenseIsRefused() {
  const WeightPlane line = WeightPlane::between(network(1), network(2));
  const auto refused = [&](const Grid& grid, const WeightSample& images, const std::vector<std::string>& values) {
    return kindOf([&] { sampleWeights(line, grid, values, images, 1, 1, JobContext{}); });
  };
  QCOMPARE(refused(Grid(2, 1, 3), sample(), kValues), ErrorKind::Usage);
  WeightSample none = sample();
  none.images = none.images.narrow(0, 0, 0);
  QCOMPARE(refused(Grid(1, 1, 3), none, kValues), ErrorKind::Usage);
  QCOMPARE(refused(Grid(1, 1, 3), sample(), {"colour"}), ErrorKind::Usage);
  QCOMPARE(refused(Grid(1, 1, 3), sample(), {}), ErrorKind::Usage);
  QCOMPARE(refused(Grid(1, 1, 3), sample(), {"error", "error"}), ErrorKind::Usage);
  QCOMPARE(refused(Grid(1, 1, 3), sample(), {"fingerprint_loss"}), ErrorKind::Usage);
  WeightSample one = sample(1);
  one.measureStatistics = true;
  QCOMPARE(refused(Grid(1, 1, 3), one, kValues), ErrorKind::Usage);
}

QTEST_APPLESS_MAIN(WeightSampleTest)
#include "weight_sample_test.moc"
