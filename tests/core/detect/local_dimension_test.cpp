// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/local_dimension.h"

#include <algorithm>
#include <cmath>

#include <QTest>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "core/base/error.h"
#include "core/base/random.h"
#include "tests/core/detect/small_models.h"

using namespace whorl;
using torch::Tensor;

namespace {

double dimension(std::vector<double> distances) {
  const auto count = std::ssize(distances);
  return localDimensions(at::tensor(distances, torch::kFloat64).view({1, count})).item<double>();
}

/// Mean over repeats of the estimate at the centre (uniform ball) or at another draw (Gaussian cloud) from the k
/// nearest of n points in d dimensions.
double meanDimension(std::int64_t d, std::int64_t n, std::int64_t k, bool ball, std::int64_t repeats) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(100 * d + n));
  double sum = 0;
  for (std::int64_t r = 0; r < repeats; ++r) {
    Tensor distances;
    if (ball) {
      distances = at::rand({n}, generator, torch::kFloat64).pow(1.0 / static_cast<double>(d));
    } else {
      const Tensor points = at::randn({n + 1, d}, generator, torch::kFloat64);
      distances = (points.narrow(0, 1, n) - points[0]).square().sum(1).sqrt();
    }
    sum += localDimensions(std::get<0>(distances.sort()).narrow(0, 0, k).unsqueeze(0)).item<double>();
  }
  return sum / static_cast<double>(repeats);
}

Parameters small(const char* reference = "twins") {
  return {{"neighbours", std::int64_t{5}}, {"minibatch", std::int64_t{15}}, {"reference", std::string(reference)}};
}

std::unique_ptr<Statistic> statisticOf(const Model& model, const Parameters& parameters) {
  const StatisticEntry& entry = findStatistic("lid");
  return entry.make(model, resolve("lid", entry.parameters, parameters));
}

}  // namespace

class LocalDimensionTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void knownAnswers();
  void scaleDoesNotMatter();
  void zeroDistancesHaveAFloor();
  void uniformBall_data();
  void uniformBall();
  void gaussianCloudIsBiasedLow();
  void columnsAreTheLayers();
  void valuesAreThoseOfTheDefinition();
  void orderOfTheMinibatchDoesNotMatter();
  void aKeptReferenceNeedsNoTwins();
  void badRequestsAreRefused();
};

void LocalDimensionTest::knownAnswers() {
  QVERIFY(std::abs(dimension({1, 2, 3, 4}) - 1.6898146) < 1e-7);
  QVERIFY(std::abs(dimension({1, 2}) - 2.8853901) < 1e-7);
  QVERIFY(std::abs(dimension({.5, 1, 1}) - 4.3280851) < 1e-7);
}

void LocalDimensionTest::scaleDoesNotMatter() {
  QVERIFY(std::abs(dimension({.3, .6, .9, 1.2}) - dimension({1, 2, 3, 4})) < 1e-12);
}

void LocalDimensionTest::zeroDistancesHaveAFloor() {
  QVERIFY(std::abs(dimension({0, 1}) - 2 / std::log(1e9)) < 1e-12);
  QCOMPARE(dimension({0, 0, 0}), 0.);   // the points coincide
  QCOMPARE(dimension({2, 2, 2}), 1e6);  // in truth infinite
  QVERIFY(std::isnan(dimension({std::nan(""), 1})));
}

void LocalDimensionTest::uniformBall_data() {
  QTest::addColumn<int>("d");
  for (const int d : {2, 5, 10, 20}) QTest::addRow("%d dimensions", d) << d;
}
void LocalDimensionTest::uniformBall() {
  QFETCH(int, d);
  const double mean = meanDimension(d, 100, 20, true, 2000);
  QVERIFY2(std::abs(mean / (d * 20. / 18) - 1) < .02, std::to_string(mean).c_str());
}

void LocalDimensionTest::gaussianCloudIsBiasedLow() {
  for (const auto& [d, expected] : {std::pair{2, 2.30}, {5, 4.88}, {10, 7.84}, {20, 12.24}}) {
    const double mean = meanDimension(d, 100, 20, false, 1500);
    QVERIFY2(std::abs(mean / expected - 1) < .05, std::to_string(mean).c_str());
  }
}

void LocalDimensionTest::columnsAreTheLayers() {
  const auto columns = [](const char* name, std::int64_t expected) {
    const Architecture& architecture = findArchitecture(name);
    Model model;
    model.classifier = std::make_shared<NetworkClassifier>(Network(architecture, architecture.input, 10, 1),
                                                           std::vector<double>{}, std::vector<double>{});
    QCOMPARE(statisticOf(model, {})->columns(), expected);
  };
  columns("feinman-mnist", 13);
  columns("feinman-cifar", 26);
}

void LocalDimensionTest::valuesAreThoseOfTheDefinition() {
  const Model model = test::smallModel(true, torch::kFloat64);
  const auto& network = dynamic_cast<const NetworkClassifier&>(*model.classifier);
  const auto statistic = statisticOf(model, small());
  const Tensor twins = test::stripedImages(15, 1).first.to(torch::kFloat64);
  const Tensor x = (twins + .1 * test::stripedImages(15, 2).first).clamp(0, 1);
  const Tensor values = statistic->values(x, twins);
  const std::vector<Tensor> queries = network.layerOutputs(x);
  const std::vector<Tensor> references = network.layerOutputs(twins);
  QCOMPARE(values.size(1), std::ssize(queries));
  for (std::int64_t layer = 0; layer < values.size(1); ++layer) {
    for (std::int64_t i = 0; i < 15; ++i) {
      const Tensor difference = queries[layer].narrow(0, i, 1).flatten(1) - references[layer].flatten(1);
      const Tensor sorted = std::get<0>(difference.square().sum(1).sqrt().sort());
      double sum = 0;
      for (int k = 1; k <= 5; ++k) {  // the nearest is left out
        sum += std::log(std::max(sorted[k].item<double>(), 1e-9) / std::max(sorted[5].item<double>(), 1e-9));
      }
      QVERIFY2(std::abs(values[i][layer].item<double>() + 5 / sum) < 1e-6 * std::abs(5 / sum),
               std::to_string(layer).c_str());
    }
  }
}

void LocalDimensionTest::orderOfTheMinibatchDoesNotMatter() {
  const Model model = test::smallModel();
  const auto statistic = statisticOf(model, small());
  const Tensor twins = test::stripedImages(15, 1).first;
  const Tensor order = at::tensor({3, 0, 14, 7, 1, 2, 4, 5, 6, 8, 13, 12, 11, 10, 9}, torch::kInt64);
  const Tensor values = statistic->values(twins, twins);
  QVERIFY(statistic->values(twins, twins.index_select(0, order)).allclose(values, 1e-3, 1e-6));
  QVERIFY(statistic->values(twins.index_select(0, order), twins).allclose(values.index_select(0, order), 1e-3, 1e-6));
}

void LocalDimensionTest::aKeptReferenceNeedsNoTwins() {
  const Model model = test::smallModel();
  const auto statistic = statisticOf(model, small("fit"));
  QVERIFY(statistic->needsTraining() && !statistic->needsTwins());
  const DetectorFitData data = test::fitDataFor(model);
  statistic->fit(data, JobContext{});
  const Tensor x = test::stripedImages(8, 3).first;
  const Tensor values = statistic->values(x, {});
  // An image's numbers no longer depend on those beside it.
  QVERIFY(statistic->values(x.narrow(0, 4, 1), {}).allclose(values.narrow(0, 4, 1), 1e-3, 1e-6));
  DetectorFitData other = data;
  other.seed = 99;
  statistic->fit(other, JobContext{});
  QVERIFY(!statistic->values(x, {}).allclose(values, 1e-3, 1e-6));
}

void LocalDimensionTest::badRequestsAreRefused() {
  const Model model = test::smallModel();
  QVERIFY_EXCEPTION_THROWN(statisticOf(model, {{"neighbours", std::int64_t{100}}}), Error);
  const Tensor few = test::stripedImages(4, 3).first;
  QVERIFY_EXCEPTION_THROWN(statisticOf(model, small())->values(few, few), Error);
  DetectorFitData data;
  data.trainImages = few;
  QVERIFY_EXCEPTION_THROWN(statisticOf(model, small("fit"))->fit(data, JobContext{}), Error);
}

QTEST_APPLESS_MAIN(LocalDimensionTest)
#include "local_dimension_test.moc"
