// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/fingerprint/fingerprint.h"

#include <cmath>

#include <torch/csrc/autograd/autograd.h>
#include <QTest>

#include "core/base/error.h"
#include "core/nn/classifier.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using whorl::test::LinearClassifier;
using whorl::test::randomImages;
using whorl::test::SmoothClassifier;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

/// dy of one sign for K classes, in double: [n,K,K].
torch::Tensor dyOf(int n, int classes, double alpha, double beta, double factor) {
  const torch::Tensor eye = torch::eye(classes, kDouble);
  return (factor * ((alpha + beta) * eye - alpha)).unsqueeze(0).repeat({n, 1, 1});
}

/// The network of method.md 11.7 that reaches fingerprint loss 0: h(x) = a + (w·x) d in 4 dimensions, 10 classes.
LinearClassifier zeroLossNet() {
  torch::Tensor d = torch::full({10}, 0.25, kDouble);
  d[3] = -0.75;
  torch::Tensor a = torch::full({10}, 0.0748263135, kDouble);
  a[3] = 0.9744789404;
  const torch::Tensor w = torch::tensor({10.0, 0.0, 0.0, 0.0}, kDouble);
  return {d.unsqueeze(1) * w.unsqueeze(0), a, {1, 2, 2}};
}

Fingerprints zeroLossFingerprints() {
  torch::Tensor dx = torch::zeros({1, 1, 2, 2}, kDouble);
  dx[0][0][0][0] = 0.1;
  return {dx, dyOf(1, 10, 0.25, 0.75, -1)};
}

Fingerprints randomFingerprints(const ImageShape& shape, int n, int classes, double epsilon) {
  const Parameters p = resolve("fingerprint", fingerprintParameters(),
                               {{"fingerprints", std::int64_t{n}}, {"fingerprint_epsilon", epsilon}});
  return sampleFingerprints(p, shape, classes, 11).to(torch::kCPU, torch::kFloat64);
}

void compare(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance) {
  const double difference = (actual - expected).abs().max().item<double>();
  QVERIFY2(difference <= tolerance, qPrintable(QString("largest difference %1").arg(difference)));
}

}  // namespace

class FingerprintTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void zeroLossNetworkAtItsOptimum();
  void zeroLossNetworkElsewhere();
  void constantNetworkScoresTheNormOfDy_data();
  void constantNetworkScoresTheNormOfDy();
  void scalingLogitsChangesNothing();
  void negatingLogitsFlipsTheResponse();
  void orderOfFingerprintsDoesNotMatter();
  void relabellingPermutesDistances();
  void distancesAreBounded();
  void gradientIsFiniteAtAnExactMatch();
  void gradientIsFiniteAtZeroLogits();
  void gradientMatchesDifferences_data();
  void gradientMatchesDifferences();
  void errorsHaveAGradientThroughBothTerms();
  void predictedClassIsStricter();
  void piecesGiveTheSameNumbers();
  void emptyBatch();
  void halfPrecisionLogitsGiveFloatDistances();
  void badInputIsRefused();
};

void FingerprintTest::zeroLossNetworkAtItsOptimum() {
  const LinearClassifier net = zeroLossNet();
  const FingerprintScore score(zeroLossFingerprints());
  const torch::Tensor x = torch::zeros({1, 1, 2, 2}, kDouble);
  const FingerprintOutput out = score.evaluate(net, x);
  QCOMPARE(out.logits.argmax(1).item<std::int64_t>(), 3);
  torch::Tensor expected = torch::full({1, 10}, 1.4142136, kDouble);
  expected[0][3] = 0;
  compare(out.distances, expected, 1e-7);
  QVERIFY(score.scoreOf(out).item<double>() < 1e-9);
  const torch::Tensor shifted = net.logits(x + score.fingerprints().dx).unsqueeze(0);
  const torch::Tensor errors =
      fingerprintErrors(out.logits, shifted, score.fingerprints().dy, torch::tensor({std::int64_t{3}}));
  QVERIFY(errors.item<double>() < 1e-18);
}

void FingerprintTest::zeroLossNetworkElsewhere() {
  const LinearClassifier net = zeroLossNet();
  const FingerprintScore score(zeroLossFingerprints());
  const FingerprintOutput out = score.evaluate(net, score.fingerprints().dx);
  QVERIFY(out.logits.argmax(1).item<std::int64_t>() != 3);
  torch::Tensor expected = torch::full({1, 10}, 1.2901470, kDouble);
  expected[0][3] = 0.8027756;
  compare(out.distances, expected, 1e-6);
}

void FingerprintTest::constantNetworkScoresTheNormOfDy_data() {
  QTest::addColumn<double>("alpha");
  QTest::addColumn<double>("beta");
  QTest::addColumn<double>("scale");
  QTest::addColumn<double>("norm");
  QTest::addColumn<double>("error");
  QTest::newRow("paper") << .25 << .75 << 1. << 1.0606602 << .1125;
  QTest::newRow("MNIST code") << .2357 << .70 << 1. << .9949835 << .0989990;
  QTest::newRow("CIFAR HEAD") << .254 << .70 << 1.5 << 1.5520786 << .2408949;
}

void FingerprintTest::constantNetworkScoresTheNormOfDy() {
  QFETCH(double, alpha);
  QFETCH(double, beta);
  QFETCH(double, scale);
  QFETCH(double, norm);
  QFETCH(double, error);
  const torch::Tensor logits = torch::arange(1, 11, kDouble).repeat({2, 1});
  const torch::Tensor dy = dyOf(3, 10, alpha, beta, -scale);
  const torch::Tensor shifted = logits.repeat({3, 1, 1});
  compare(fingerprintDistances(logits, shifted, dy), torch::full({2, 10}, norm, kDouble), 1e-6);
  compare(fingerprintErrors(logits, shifted, dy, torch::tensor({std::int64_t{0}, std::int64_t{4}})),
          torch::full({3}, error, kDouble), 1e-6);
}

void FingerprintTest::scalingLogitsChangesNothing() {
  const torch::Tensor clean = randomImages({1, 1, 10}, 4, 1).view({4, 10}) - 0.5;
  const torch::Tensor shifted = randomImages({1, 4, 10}, 3, 2).view({3, 4, 10}) - 0.5;
  const torch::Tensor dy = dyOf(3, 10, .25, .75, -1);
  const torch::Tensor distances = fingerprintDistances(clean, shifted, dy);
  compare(fingerprintDistances(clean * 37.5, shifted * 37.5, dy), distances, 1e-12);
  compare(fingerprintDistances(clean * 1e-6, shifted * 1e-6, dy), distances, 1e-12);
}

void FingerprintTest::negatingLogitsFlipsTheResponse() {
  const torch::Tensor clean = randomImages({1, 1, 10}, 4, 1).view({4, 10}) - 0.5;
  const torch::Tensor shifted = randomImages({1, 4, 10}, 3, 2).view({3, 4, 10}) - 0.5;
  const torch::Tensor dy = dyOf(3, 10, .25, .75, -1);
  compare(fingerprintDistances(-clean, -shifted, -dy), fingerprintDistances(clean, shifted, dy), 1e-12);
  QVERIFY(!at::allclose(fingerprintDistances(-clean, -shifted, dy), fingerprintDistances(clean, shifted, dy)));
}

void FingerprintTest::orderOfFingerprintsDoesNotMatter() {
  const SmoothClassifier net({1, 4, 4}, 12, 5, 1);
  const Fingerprints f = randomFingerprints({1, 4, 4}, 6, 5, 0.3);
  const torch::Tensor order = torch::tensor({3, 0, 5, 1, 4, 2}, torch::kInt64);
  const FingerprintScore straight(f);
  const FingerprintScore shuffled({f.dx.index_select(0, order), f.dy.index_select(0, order)});
  const torch::Tensor x = randomImages({1, 4, 4}, 3, 2);
  compare(straight.evaluate(net, x).distances, shuffled.evaluate(net, x).distances, 1e-12);
}

void FingerprintTest::relabellingPermutesDistances() {
  const torch::Tensor clean = randomImages({1, 1, 6}, 4, 1).view({4, 6}) - 0.5;
  const torch::Tensor shifted = randomImages({1, 4, 6}, 3, 2).view({3, 4, 6}) - 0.5;
  const torch::Tensor dy = dyOf(3, 6, .25, .75, -1);
  const torch::Tensor order = torch::tensor({2, 4, 0, 1, 5, 3}, torch::kInt64);
  compare(fingerprintDistances(clean.index_select(1, order), shifted.index_select(2, order), dy),
          fingerprintDistances(clean, shifted, dy).index_select(1, order), 1e-12);
}

void FingerprintTest::distancesAreBounded() {
  const torch::Tensor clean = randomImages({1, 1, 10}, 50, 1).view({50, 10}) - 0.5;
  const torch::Tensor shifted = randomImages({1, 50, 10}, 4, 2).view({4, 50, 10}) - 0.5;
  const torch::Tensor smallest = fingerprintDistances(clean, shifted, dyOf(4, 10, .254, .70, -1.5)).amin(1);
  QVERIFY(smallest.max().item<double>() <= 2 + 1.5520786);
  QVERIFY(smallest.min().item<double>() >= 0);
}

void FingerprintTest::gradientIsFiniteAtAnExactMatch() {
  const torch::Tensor clean = torch::zeros({1, 3}, kDouble);
  const torch::Tensor c = (clean + torch::tensor({1.0, 0.0, 0.0}, kDouble)).requires_grad_();
  const torch::Tensor s = torch::tensor({0.0, 1.0, 0.0}, kDouble).view({1, 1, 3}).requires_grad_();
  // F = (-1, 1, 0) exactly: class 0 is matched to the last bit.
  torch::Tensor dy = torch::zeros({1, 3, 3}, kDouble);
  dy[0][0] = torch::tensor({-1.0, 1.0, 0.0}, kDouble);
  const torch::Tensor distances = fingerprintDistances(c, s, dy);
  QCOMPARE(distances[0][0].item<double>(), 0.0);
  const auto gradients = torch::autograd::grad({distances.sum()}, {c, s});
  QVERIFY(gradients[0].isfinite().all().item<bool>());
  QVERIFY(gradients[1].isfinite().all().item<bool>());
  QVERIFY(gradients[1].abs().max().item<double>() > 0);  // the other classes still pull
}

void FingerprintTest::gradientIsFiniteAtZeroLogits() {
  const torch::Tensor c = torch::zeros({2, 3}, kDouble).requires_grad_();
  const torch::Tensor s = torch::ones({1, 2, 3}, kDouble);
  const torch::Tensor distances = fingerprintDistances(c, s, dyOf(1, 3, .25, .75, -1));
  QVERIFY(distances.isfinite().all().item<bool>());
  QVERIFY(torch::autograd::grad({distances.sum()}, {c})[0].isfinite().all().item<bool>());
}

void FingerprintTest::gradientMatchesDifferences_data() {
  QTest::addColumn<bool>("predicted");
  QTest::newRow("any class") << false;
  QTest::newRow("predicted class") << true;
}

void FingerprintTest::gradientMatchesDifferences() {
  QFETCH(bool, predicted);
  const ImageShape shape{1, 4, 4};
  const SmoothClassifier net(shape, 12, 5, 1);
  const FingerprintScore score(randomFingerprints(shape, 4, 5, 0.3), predicted
                                                                         ? FingerprintScore::Acceptance::PredictedClass
                                                                         : FingerprintScore::Acceptance::AnyClass);
  const torch::Tensor x = randomImages(shape, 3, 2).requires_grad_();
  const torch::Tensor gradient = torch::autograd::grad({score.score(net, x).sum()}, {x})[0];
  QVERIFY(gradient.abs().amax(at::IntArrayRef{1, 2, 3}).min().item<double>() > 1e-3);
  const torch::NoGradGuard noGrad;
  const double h = 1e-5;
  const double largest = gradient.abs().max().item<double>();
  for (std::int64_t k = 0; k < x.numel(); ++k) {
    torch::Tensor step = torch::zeros_like(x);
    step.view(-1)[k] = h;
    const double up = score.score(net, x + step).sum().item<double>();
    const double down = score.score(net, x - step).sum().item<double>();
    QVERIFY(std::abs((up - down) / (2 * h) - gradient.view(-1)[k].item<double>()) < 1e-3 * largest);
  }
}

void FingerprintTest::errorsHaveAGradientThroughBothTerms() {
  const torch::Tensor clean = (randomImages({1, 1, 5}, 3, 1).view({3, 5}) - 0.5).requires_grad_();
  const torch::Tensor shifted = (randomImages({1, 3, 5}, 2, 2).view({2, 3, 5}) - 0.5).requires_grad_();
  const torch::Tensor labels = torch::tensor({0, 2, 4}, torch::kInt64);
  const torch::Tensor errors = fingerprintErrors(clean, shifted, dyOf(2, 5, .25, .75, -1), labels);
  QVERIFY((errors.sizes() == at::IntArrayRef{2}));
  const auto gradients = torch::autograd::grad({errors.sum()}, {clean, shifted});
  QVERIFY(gradients[0].abs().max().item<double>() > 1e-3);
  QVERIFY(gradients[1].abs().max().item<double>() > 1e-3);
}

void FingerprintTest::predictedClassIsStricter() {
  const SmoothClassifier net({1, 4, 4}, 12, 5, 1);
  const Fingerprints f = randomFingerprints({1, 4, 4}, 4, 5, 0.3);
  const torch::Tensor x = randomImages({1, 4, 4}, 20, 4);
  const torch::Tensor any = FingerprintScore(f).score(net, x);
  const torch::Tensor one = FingerprintScore(f, FingerprintScore::Acceptance::PredictedClass).score(net, x);
  QVERIFY((one >= any).all().item<bool>());
  QVERIFY((one > any).any().item<bool>());
}

void FingerprintTest::piecesGiveTheSameNumbers() {
  // 5,000 images of 4 pixels with 2 fingerprints: 15,000 copies go through in pieces.
  const ImageShape shape{1, 2, 2};
  const SmoothClassifier net(shape, 4, 3, 1);
  const FingerprintScore score(randomFingerprints(shape, 2, 3, 0.3));
  const torch::Tensor x = randomImages(shape, 5000, 2);
  const torch::Tensor whole = score.score(net, x);
  compare(score.score(net, x.narrow(0, 4090, 20)), whole.narrow(0, 4090, 20), 1e-12);
  QVERIFY((whole.sizes() == at::IntArrayRef{5000}));
}

void FingerprintTest::emptyBatch() {
  const SmoothClassifier net({1, 2, 2}, 4, 3, 1);
  const FingerprintScore score(randomFingerprints({1, 2, 2}, 2, 3, 0.3));
  QCOMPARE(score.evaluate(net, torch::empty({0, 1, 2, 2}, kDouble)).distances.size(0), 0);
}

void FingerprintTest::halfPrecisionLogitsGiveFloatDistances() {
  const torch::Tensor logits = torch::ones({2, 10}, torch::kBFloat16);
  const torch::Tensor distances =
      fingerprintDistances(logits, logits.unsqueeze(0), dyOf(1, 10, .25, .75, -1).to(torch::kFloat32));
  QVERIFY(distances.scalar_type() == torch::kFloat32);
  compare(distances, torch::full({2, 10}, 1.0606602), 1e-6);
}

void FingerprintTest::badInputIsRefused() {
  const Fingerprints good = randomFingerprints({1, 2, 2}, 2, 3, 0.3);
  QVERIFY_EXCEPTION_THROWN(FingerprintScore(Fingerprints{}), Error);
  QVERIFY_EXCEPTION_THROWN(FingerprintScore({good.dx.squeeze(1), good.dy}), Error);
  QVERIFY_EXCEPTION_THROWN(FingerprintScore({good.dx, good.dy.narrow(0, 0, 1)}), Error);
  QVERIFY_EXCEPTION_THROWN(FingerprintScore({good.dx.narrow(0, 0, 0), good.dy.narrow(0, 0, 0)}), Error);
  QVERIFY_EXCEPTION_THROWN(FingerprintScore({good.dx * std::nan(""), good.dy}), Error);
  const FingerprintScore score(good);
  const SmoothClassifier wrongClasses({1, 2, 2}, 4, 5, 1);
  QVERIFY_EXCEPTION_THROWN(score.score(wrongClasses, torch::zeros({1, 1, 2, 2}, kDouble)), Error);
  const SmoothClassifier net({1, 2, 2}, 4, 3, 1);
  QVERIFY_EXCEPTION_THROWN(score.score(net, torch::zeros({1, 1, 2, 3}, kDouble)), Error);
}

QTEST_APPLESS_MAIN(FingerprintTest)
#include "fingerprint_test.moc"
