// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/odds.h"

#include <cmath>

#include <QTest>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include "core/base/error.h"
#include "tests/core/attack/linear_classifier.h"
#include "tests/core/detect/small_models.h"

using namespace whorl;
using torch::Tensor;

/// Statistics that are fitted to training images: noise-induced odds and the Mahalanobis distance.
class OddsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void aLinearNetworkHasNothingUnusual();
  void oddsAreZScoresOnTrainingImages();
  void oddsAreOfTheImageAlone();
  void oddsNeedEveryClass();
  void pairsHaveTheirOwnThresholds();
  void mahalanobisIsItsFormula();
  void mahalanobisIgnoresDeadFeatures();
  void mahalanobisScaleOfFeaturesDoesNotMatter();
};

void OddsTest::aLinearNetworkHasNothingUnusual() {
  // Noise moves a linear network's odds by the same for every image of a class: μ, with z-scores that differ by
  // rounding.
  Model model;
  model.name = "linear";
  model.input = {1, 4, 4};
  model.classifier = std::make_shared<test::LinearClassifier>(test::LinearClassifier::random({1, 4, 4}, 3, 1));
  DetectorFitData data;
  data.trainImages = test::randomImages({1, 4, 4}, 200, 2);
  data.trainLabels = model.classifier->logits(data.trainImages).argmax(1);
  const auto detector = makeDetector("odds", model, {});
  detector->fit(data, JobContext{});
  const Tensor scores = detector->scores(test::randomImages({1, 4, 4}, 20, 3));
  QVERIFY(scores.abs().max().item<double>() < 1e-6);
}

void OddsTest::oddsAreZScoresOnTrainingImages() {
  const Model model = test::smallModel(true, torch::kFloat64);
  const DetectorFitData data = test::fitDataFor(model);
  // With one draw of noise σ is the deviation over the images alone: their z-scores of a pair of classes have
  // variance 1.
  const auto detector = makeDetector("odds", model, {{"odds_draws", std::int64_t{1}}});
  detector->fit(data, JobContext{});
  const auto state = detector->state();
  const Tensor predicted = model.classifier->logits(data.trainImages.to(torch::kFloat64)).argmax(1);
  const Tensor own = data.trainImages.index_select(0, (predicted == 0).nonzero().squeeze(1)).to(torch::kFloat64);
  QVERIFY(state.at("odds.deviations").narrow(1, 1, 2)[0].gt(1e-6).all().item<bool>());
  QCOMPARE(state.at("odds.means")[0][0].item<double>(), 0.);  // of a class against itself
  const Tensor scores = detector->scores(own);
  // The maximum of two standardised numbers: its mean lies between theirs (0) and the most two can reach, √½·√2.
  const double mean = scores.mean().item<double>();
  QVERIFY2(mean >= -1e-9 && mean <= 1, std::to_string(mean).c_str());
  QVERIFY(scores.max().item<double>() > 1);
}

void OddsTest::oddsAreOfTheImageAlone() {
  const Model model = test::smallModel(true, torch::kFloat64);
  const auto detector = makeDetector("odds", model, {});
  detector->fit(test::fitDataFor(model), JobContext{});
  const Tensor x = test::stripedImages(9, 1).first.to(torch::kFloat64);
  QVERIFY(detector->scores(x.narrow(0, 4, 2)).allclose(detector->scores(x).narrow(0, 4, 2), 1e-8, 1e-8));
}

void OddsTest::oddsNeedEveryClass() {
  const Model model = test::smallModel();
  DetectorFitData data = test::fitDataFor(model);
  const Tensor kept = (data.trainLabels != 1).nonzero().squeeze(1);
  data.trainImages = data.trainImages.index_select(0, kept);
  data.trainLabels = data.trainLabels.index_select(0, kept);
  for (const char* name : {"odds", "mahalanobis", "kd"}) {
    try {
      makeDetector(name, model, {})->fit(data, JobContext{});
      QFAIL(name);
    } catch (const Error& error) {
      QVERIFY2(error.message().find("class 1") != std::string::npos, error.what());
    }
  }
}

void OddsTest::pairsHaveTheirOwnThresholds() {
  const Model model = test::smallModel(true, torch::kFloat64);
  const DetectorFitData data = test::fitDataFor(model);
  const Tensor images = data.trainImages.to(torch::kFloat64);
  const Tensor predicted = model.classifier->logits(images).argmax(1);
  const auto detector = makeDetector("odds", model, {{"odds_pair_fpr", .1}});
  detector->fit(data, JobContext{});
  const Tensor rejected = detector->scores(images) > 0;
  // Of three classes each has two pairs: at least the share of one is rejected, and at most that of both.
  for (std::int64_t y = 0; y < 3; ++y) {
    const Tensor own = rejected.index_select(0, (predicted == y).nonzero().squeeze(1));
    const auto share = std::floor(.1 * static_cast<double>(own.numel()));
    const auto count = static_cast<double>(own.sum().item<std::int64_t>());
    QVERIFY(share >= 1);
    QVERIFY2(count >= share && count <= 2 * share, (std::to_string(count) + " of " + std::to_string(share)).c_str());
  }
  // Equal thresholds for all pairs are no thresholds but a shift.
  const auto plain = makeDetector("odds", model, {});
  plain->fit(data, JobContext{});
  QVERIFY(!plain->state().contains("odds.thresholds"));
  auto state = detector->state();
  state.at("odds.thresholds").fill_(1.5);
  detector->setState(state, "test");
  QVERIFY(detector->scores(images).allclose(plain->scores(images) - 1.5, 1e-9, 1e-9));
  QVERIFY_THROWS_EXCEPTION(Error, detector->setState(plain->state(), "test"));
}

void OddsTest::mahalanobisIsItsFormula() {
  const Model model = test::smallModel(true, torch::kFloat64);
  const auto& network = dynamic_cast<const NetworkClassifier&>(*model.classifier);
  const DetectorFitData data = test::fitDataFor(model);
  const auto detector = makeDetector("mahalanobis", model, {});
  detector->fit(data, JobContext{});
  const Tensor features = network.features(data.trainImages.to(torch::kFloat64));
  Tensor means = at::zeros({3, features.size(1)}, torch::kFloat64);
  for (std::int64_t c = 0; c < 3; ++c) {
    means[c] = features.index_select(0, (data.trainLabels == c).nonzero().squeeze(1)).mean(0);
  }
  const Tensor centred = features - means.index_select(0, data.trainLabels);
  const Tensor precision = at::linalg_pinv(centred.t().mm(centred) / static_cast<double>(features.size(0)), 1e-10);
  const Tensor x = test::stripedImages(9, 1).first.to(torch::kFloat64);
  const Tensor f = network.features(x);
  Tensor expected = at::full({9}, INFINITY, torch::kFloat64);
  for (std::int64_t c = 0; c < 3; ++c) {
    const Tensor difference = f - means[c];
    expected = at::minimum(expected, (difference.mm(precision) * difference).sum(1));
  }
  QVERIFY(detector->scores(x).allclose(expected, 1e-8, 1e-8));
}

void OddsTest::mahalanobisIgnoresDeadFeatures() {
  // A hidden unit that never fires has variance 0; its inverse must not become infinite.
  Model model = test::smallModel(true, torch::kFloat64);
  const DetectorFitData data = test::fitDataFor(model);
  Network network = dynamic_cast<const NetworkClassifier&>(*model.classifier).network().clone();
  const auto tensors = network.tensors();
  tensors.at("fc1.weight")[2].zero_();
  tensors.at("fc1.bias")[2] = -1;
  model.classifier = std::make_shared<NetworkClassifier>(network, std::vector<double>{.5}, std::vector<double>{1});
  const auto detector = makeDetector("mahalanobis", model, {});
  detector->fit(data, JobContext{});
  const Tensor scores = detector->scores(data.trainImages.to(torch::kFloat64));
  QVERIFY(scores.isfinite().all().item<bool>());
  QVERIFY(scores.mean().item<double>() <= 8);  // at most one of mean squares for each feature
}

void OddsTest::mahalanobisScaleOfFeaturesDoesNotMatter() {
  const Model model = test::smallModel(true, torch::kFloat64);
  Network network = dynamic_cast<const NetworkClassifier&>(*model.classifier).network().clone();
  const auto tensors = network.tensors();
  tensors.at("fc1.weight").mul_(7);
  tensors.at("fc1.bias").mul_(7);
  tensors.at("fc2.weight").div_(7);
  Model scaled = model;
  scaled.classifier = std::make_shared<NetworkClassifier>(network, std::vector<double>{.5}, std::vector<double>{1});
  const DetectorFitData data = test::fitDataFor(model);
  const Tensor x = test::stripedImages(9, 1).first.to(torch::kFloat64);
  const auto first = makeDetector("mahalanobis", model, {});
  const auto second = makeDetector("mahalanobis", scaled, {});
  first->fit(data, JobContext{});
  second->fit(data, JobContext{});
  QVERIFY(first->scores(x).allclose(second->scores(x), 1e-7, 1e-7));
}

QTEST_APPLESS_MAIN(OddsTest)
#include "odds_test.moc"
