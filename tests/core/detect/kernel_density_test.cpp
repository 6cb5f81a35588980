// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/kernel_density.h"

#include <cmath>

#include <QTest>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "core/base/error.h"
#include "core/detect/distances.h"
#include "tests/core/detect/small_models.h"

using namespace whorl;
using torch::Tensor;

namespace {

Tensor rows(std::vector<double> values, std::int64_t width) {
  return at::tensor(values, torch::kFloat64).view({-1, width});
}

Tensor normal(std::int64_t count, std::int64_t width, std::uint64_t seed) {
  return at::randn({count, width}, at::make_generator<at::CPUGeneratorImpl>(seed), torch::kFloat64);
}

double logDensityAt(const Tensor& point, const Tensor& samples, double bandwidth) {
  return logDensity(point, samples, bandwidth).item<double>();
}

}  // namespace

class KernelDensityTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void knownDensities();
  void farPointsDoNotUnderflow();
  void samplesHaveNoOrder();
  void densityIntegratesToOne();
  void bandwidthIsNearTheBest();
  void bandwidthScalesWithTheSamples();
  void bandwidthNeedsSamplesThatDiffer();
  void theScoreIsThatOfThePredictedClass();
  void distancesAreExactNearby();
  void distancesAreThoseOfDifferences();
};

void KernelDensityTest::knownDensities() {
  const Tensor origin = rows({0, 0}, 2);
  QVERIFY(std::abs(logDensityAt(origin, origin, 1.2) + 2.2025202) < 1e-7);
  QVERIFY(std::abs(logDensityAt(rows({1, 1}, 2), origin, 1.2) + 2.8969646) < 1e-7);
  QVERIFY(std::abs(logDensityAt(rows({.5}, 1), rows({0, 1}, 1), .26) + 1.4209773) < 1e-7);
}

void KernelDensityTest::farPointsDoNotUnderflow() {
  // exp(−500000) is 0 in double; its logarithm is needed all the same.
  const double far = logDensityAt(rows({1000}, 1), rows({0}, 1), 1);
  QVERIFY(std::abs(far + 500000 + std::log(2 * M_PI) / 2) < 1e-6);
  QVERIFY(logDensityAt(rows({1001}, 1), rows({0}, 1), 1) < far);
}

void KernelDensityTest::samplesHaveNoOrder() {
  const Tensor samples = normal(50, 4, 1);
  const Tensor points = normal(7, 4, 2);
  QVERIFY(logDensity(points, samples.flip({0}), .5).allclose(logDensity(points, samples, .5), 1e-12, 1e-12));
}

void KernelDensityTest::densityIntegratesToOne() {
  const Tensor grid = at::linspace(-12, 12, 4801, torch::kFloat64).unsqueeze(1);
  const double area = logDensity(grid, rows({-2, 0, .5, 3}, 1), .4).exp().sum().item<double>() * 24 / 4800;
  QVERIFY2(std::abs(area - 1) < 1e-6, std::to_string(area).c_str());
}

void KernelDensityTest::bandwidthIsNearTheBest() {
  // Silverman's rule is optimal for a normal law in one dimension: 1.06 σ n^(−1/5) = .30 for 500 samples.
  const Tensor samples = normal(500, 1, 3);
  const double b = likeliestBandwidth(samples, at::zeros({500}, torch::kInt64), 1);
  QVERIFY2(b > .1 && b < .5, std::to_string(b).c_str());
}

void KernelDensityTest::bandwidthScalesWithTheSamples() {
  const Tensor samples = normal(120, 3, 4);
  const Tensor labels = at::arange(120, torch::kInt64).remainder(3);
  const double b = likeliestBandwidth(samples, labels, 3);
  QVERIFY(std::abs(likeliestBandwidth(samples * 40, labels, 3) / b - 40) < 1e-6);
}

void KernelDensityTest::bandwidthNeedsSamplesThatDiffer() {
  QVERIFY_EXCEPTION_THROWN(likeliestBandwidth(at::ones({6, 2}, torch::kFloat64), at::zeros({6}, torch::kInt64), 1),
                           Error);
  QVERIFY_EXCEPTION_THROWN(likeliestBandwidth(normal(3, 2, 1), at::arange(3, torch::kInt64), 3), Error);
}

void KernelDensityTest::theScoreIsThatOfThePredictedClass() {
  const Model model = test::smallModel(true, torch::kFloat64);
  const DetectorFitData data = test::fitDataFor(model);
  const auto detector = makeDetector("kd", model, {{"bandwidth", .7}});
  detector->fit(data, JobContext{});
  const auto& network = dynamic_cast<const NetworkClassifier&>(*model.classifier);
  const Tensor x = test::stripedImages(20, 31).first.to(torch::kFloat64);
  const Tensor features = network.features(data.trainImages.to(torch::kFloat64));
  const Tensor predicted = network.logits(x).argmax(1);
  const Tensor scores = detector->scores(x);
  for (std::int64_t i = 0; i < 20; ++i) {
    const Tensor own = features.index_select(0, (data.trainLabels == predicted[i]).nonzero().squeeze(1));
    const double expected = -logDensityAt(network.features(x.narrow(0, i, 1)), own, .7);
    QVERIFY(std::abs(scores[i].item<double>() - expected) < 1e-9);
  }
}

void KernelDensityTest::distancesAreExactNearby() {
  // Far from the origin and close to each other: the products alone would leave no digit.
  Tensor a = normal(40, 300, 5) + 1e4;
  const Tensor b = a + 1e-5 * normal(40, 300, 6);
  const Tensor squared = squaredDistances(a, b).diagonal();
  const Tensor expected = (a - b).square().sum(1);
  QVERIFY(squared.allclose(expected, 1e-9, 0));
  QVERIFY((squaredDistances(a, a).diagonal() == 0).all().item<bool>());
}

void KernelDensityTest::distancesAreThoseOfDifferences() {
  // More numbers than a block holds, in float32.
  const Tensor a = normal(9, 700000, 7).to(torch::kFloat32);
  const Tensor b = normal(8, 700000, 8).to(torch::kFloat32);
  const Tensor expected = (a.to(torch::kFloat64).unsqueeze(1) - b.to(torch::kFloat64).unsqueeze(0)).square().sum(2);
  QVERIFY(squaredDistances(a, b).allclose(expected, 1e-11, 0));
}

QTEST_APPLESS_MAIN(KernelDensityTest)
#include "kernel_density_test.moc"
