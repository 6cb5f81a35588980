// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/values.h"

#include <cmath>
#include <limits>
#include <set>

#include <QTest>

#include "tests/core/attack/linear_classifier.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using test::kindOf;
using test::knownImage;
using test::knownNetwork;
using test::LinearClassifier;
using torch::Tensor;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);
constexpr double kNear = 1e-6;

Tensor row(const std::vector<double>& values) { return torch::tensor(values, kDouble).view({-1, 1, 2, 2}); }

/// N = 1, ten classes, zero fingerprint loss at x = 0 for class 3: h(x) = a + 10 x₁ d (known answers).
LinearClassifier fingerprintedNetwork() {
  Tensor weight = at::zeros({10, 4}, kDouble);
  weight.select(1, 0).fill_(2.5);
  weight[3][0] = -7.5;
  Tensor bias = at::full({10}, .0748263135, kDouble);
  bias[3] = .9744789404;
  return {weight, bias, {1, 2, 2}};
}
std::shared_ptr<const FingerprintScore> fingerprints() {
  const Tensor dy = at::full({1, 10, 10}, .25, kDouble);
  for (std::int64_t k = 0; k < 10; ++k) dy[0][k][k] = -.75;
  return std::make_shared<FingerprintScore>(Fingerprints{row({.1, 0, 0, 0}), dy});
}

/// A detector that likes dark images, for scores that are known.
class Brightness : public Detector {
 public:
  explicit Brightness(const OperationSpec& spec) : Detector(spec, {}) {}
  using Detector::scores;
  Tensor scores(const Tensor& images, const Tensor&) const override { return images.flatten(1).sum(1); }
};

ValueSources sourcesOf(const Classifier& net, const Tensor& image, std::int64_t label) {
  ValueSources sources;
  sources.classifier = &net;
  sources.image = image;
  sources.label = label;
  return sources;
}

bool near(const Tensor& found, const std::vector<double>& wanted, double tolerance = kNear) {
  return at::allclose(found.flatten(), torch::tensor(wanted, kDouble), 0, tolerance);
}

}  // namespace

class ValuesTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void theKnownNetworksValues();
  void fingerprintDistancesOfTheKnownNetwork();
  void fingerprintsAndGradientsGoTogether();
  void stabilityIsADivergence();
  void aDetectorIsAsked();
  void passesAreShared();
  void rowsDontMix();
  void whatIsMissingIsToldOf();
  void numbersThatAreNoneAreRefused();
};

void ValuesTest::theKnownNetworksValues() {
  const LinearClassifier net = knownNetwork();
  const PointValues values(sourcesOf(net, knownImage(), 1),
                           {"cross_entropy", "margin", "confidence", "predicted", "gradient_norm"});
  QCOMPARE(values.layers().size(), std::size_t{5});
  // The image itself, and FGSM's with eps .3, whose logits are (.85, .2, -.15): class 0.
  const Tensor found = values.evaluate(at::cat({knownImage(), row({.5, .1, .9, .5})}));
  QCOMPARE(found.sizes().vec(), (std::vector<std::int64_t>{5, 2}));
  const double sum = std::exp(.85) + std::exp(.2) + std::exp(-.15);
  QVERIFY(near(found[0], {.3253969, std::log(sum) - .2}));
  QVERIFY(near(found[1], {-1.6, .65}));
  QVERIFY(near(found[2], {.7222407, std::exp(.85) / sum}));
  QVERIFY(near(found[3], {1, 0}, 0));
  const double norm = std::hypot(std::hypot(.0138764, .5034244), std::hypot(.4826098, .6874602));
  QVERIFY(std::abs(found[4][0].item<double>() - norm) < kNear);
}

void ValuesTest::fingerprintDistancesOfTheKnownNetwork() {
  const LinearClassifier net = fingerprintedNetwork();
  ValueSources sources = sourcesOf(net, row({0, 0, 0, 0}), 3);
  sources.fingerprints = fingerprints();
  sources.threshold = .5;
  const PointValues values(sources, {"fingerprint_distances", "fingerprint_distance", "accepted", "predicted"});
  QCOMPARE(values.layers().size(), std::size_t{13});
  QCOMPARE(values.layers()[3], std::string("fingerprint_distances_3"));
  const Tensor found = values.evaluate(row({0, 0, 0, 0, .1, 0, 0, 0}));
  for (std::int64_t k = 0; k < 10; ++k) {
    QVERIFY(near(found[k], k == 3 ? std::vector{0.0, .8027756} : std::vector{1.4142136, 1.2901470}));
  }
  QVERIFY(near(found[10], {0, .8027756}));
  QVERIFY(near(found[11], {1, 0}, 0));
  QVERIFY(found[12][0].item<double>() == 3 && found[12][1].item<double>() != 3);
}

void ValuesTest::fingerprintsAndGradientsGoTogether() {
  // Another road through the network where gradients are wanted, too: the same numbers.
  const LinearClassifier net = fingerprintedNetwork();
  ValueSources sources = sourcesOf(net, row({0, 0, 0, 0}), 3);
  sources.fingerprints = fingerprints();
  const Tensor images = test::randomImages({1, 2, 2}, 7, 1);
  const Tensor apart = PointValues(sources, {"fingerprint_distances"}).evaluate(images);
  const Tensor norms = PointValues(sources, {"gradient_norm"}).evaluate(images);
  const Tensor together = PointValues(sources, {"fingerprint_distances", "gradient_norm"}).evaluate(images);
  QVERIFY(at::allclose(together.narrow(0, 0, 10), apart, 0, 1e-12));
  QVERIFY(at::equal(together.narrow(0, 10, 1), norms));
}

void ValuesTest::stabilityIsADivergence() {
  // Logits log(.7, .2, .1) in the middle and log(.5, .3, .2) at the point: KL = .0851228 (known answers).
  const LinearClassifier net(
      torch::tensor({std::log(.5 / .7), std::log(.3 / .2), std::log(.2 / .1)}, kDouble).view({3, 1}),
      torch::tensor({std::log(.7), std::log(.2), std::log(.1)}, kDouble), {1, 1, 1});
  const PointValues values(sourcesOf(net, at::zeros({1, 1, 1, 1}, kDouble), 0), {"stability_distance"});
  QVERIFY(near(values.evaluate(torch::tensor({0.0, 1.0}, kDouble).view({2, 1, 1, 1})), {0, .0851228}));
}

void ValuesTest::aDetectorIsAsked() {
  const OperationSpec spec{"brightness", "", "", "", {}};
  const Brightness detector(spec);
  const LinearClassifier net = knownNetwork();
  ValueSources sources = sourcesOf(net, knownImage(), 1);
  sources.detector = &detector;
  QVERIFY(near(PointValues(sources, {"detector_score"}).evaluate(knownImage()), {2}, 1e-12));
}

void ValuesTest::passesAreShared() {
  const LinearClassifier net = fingerprintedNetwork();
  ValueSources sources = sourcesOf(net, row({0, 0, 0, 0}), 3);
  sources.fingerprints = fingerprints();
  sources.threshold = 1;
  const Tensor images = test::randomImages({1, 2, 2}, 6, 1);
  for (const bool gradients : {false, true}) {
    std::vector<std::string> names = {
        "cross_entropy",        "margin", "confidence", "predicted", "accepted", "fingerprint_distance",
        "fingerprint_distances"};
    if (gradients) names.emplace_back("gradient_norm");
    const PointValues values(sources, names);
    QCOMPARE(values.copies(), std::int64_t{2});
    QCOMPARE(values.takesGradients(), gradients);
    const std::int64_t before = net.imagesSeen();
    values.evaluate(images);
    QCOMPARE(net.imagesSeen() - before, std::int64_t{12});
  }
}

void ValuesTest::rowsDontMix() {
  const LinearClassifier net = knownNetwork();
  const PointValues values(sourcesOf(net, knownImage(), 2), {"cross_entropy", "gradient_norm"});
  const Tensor images = test::randomImages({1, 2, 2}, 5, 3);
  const Tensor together = values.evaluate(images);
  for (std::int64_t i = 0; i < 5; ++i) {
    QVERIFY(at::allclose(together.select(1, i), values.evaluate(images.narrow(0, i, 1)).select(1, 0), 0, 1e-14));
  }
}

void ValuesTest::whatIsMissingIsToldOf() {
  LinearClassifier net = knownNetwork();
  const ValueSources bare = sourcesOf(net, knownImage(), 1);
  for (const char* name : {"fingerprint_distance", "fingerprint_distances", "accepted", "detector_score", "loss", ""}) {
    QCOMPARE(kindOf([&] { PointValues(bare, {name}); }), ErrorKind::Usage);
  }
  QCOMPARE(kindOf([&] { PointValues(bare, {}); }), ErrorKind::Usage);
  QCOMPARE(kindOf([&] { PointValues(bare, {"margin", "margin"}); }), ErrorKind::Usage);
  for (const std::int64_t label : {-1, 3}) {
    QCOMPARE(kindOf([&] { PointValues(sourcesOf(net, knownImage(), label), {"margin"}); }), ErrorKind::Usage);
  }
  const LinearClassifier fingerprinted = fingerprintedNetwork();
  ValueSources noThreshold = sourcesOf(fingerprinted, row({0, 0, 0, 0}), 3);
  noThreshold.fingerprints = fingerprints();
  QCOMPARE(kindOf([&] { PointValues(noThreshold, {"accepted"}); }), ErrorKind::Usage);
  net.setDifferentiable(false);
  QCOMPARE(kindOf([&] { PointValues(sourcesOf(net, knownImage(), 1), {"gradient_norm"}); }), ErrorKind::BadInput);
}

void ValuesTest::numbersThatAreNoneAreRefused() {
  const LinearClassifier net = knownNetwork();
  const PointValues values(sourcesOf(net, knownImage(), 1), {"confidence"});
  const Tensor broken = row({std::numeric_limits<double>::infinity(), 0, 0, 0});
  QCOMPARE(kindOf([&] { values.evaluate(broken); }), ErrorKind::BadInput);
}

QTEST_APPLESS_MAIN(ValuesTest)
#include "values_test.moc"
