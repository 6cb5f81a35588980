// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/objective.h"

#include <cmath>

#include <QTest>

#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);
const torch::Tensor kClassOne = torch::ones({1}, torch::kInt64);

bool near(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance) {
  return (actual.flatten() - expected.flatten()).abs().max().item<double>() <= tolerance;
}

/// A score whose gradient is known: the mean pixel.
class MeanPixel : public DifferentiableScore {
 public:
  torch::Tensor score(const Classifier&, const torch::Tensor& images) const override {
    return images.flatten(1).mean(1);
  }
};

std::shared_ptr<const FingerprintScore> fingerprintScore(const ImageShape& shape, int classes) {
  const Parameters p = resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}});
  return std::make_shared<FingerprintScore>(sampleFingerprints(p, shape, classes, 3).to(torch::kCPU, torch::kFloat64));
}

}  // namespace

class ObjectiveTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void crossEntropyOfTheKnownNetwork();
  void marginOfTheKnownNetwork();
  void targetedPullsTowards();
  void gradientsMatchDifferences_data();
  void gradientsMatchDifferences();
  void imagesDoNotMix();
  void callersGradModeDoesNotMatter();
  void detectorIsSubtracted();
  void weightZeroIsTheBase();
  void threatModelsHaveNames();
  void badInputIsRefused();
};

void ObjectiveTest::crossEntropyOfTheKnownNetwork() {
  const LossGradient g = lossGradient(*makeObjective("cross_entropy", false), knownNetwork(), knownImage(), kClassOne);
  QVERIFY(near(g.logits, torch::tensor({-0.2, 1.4, -0.3}, kDouble), 1e-12));
  QVERIFY(near(g.loss, torch::tensor({0.3253969}, kDouble), 1e-6));
  QVERIFY(near(g.gradient, torch::tensor({0.0138764, -0.5034244, 0.4826098, -0.6874602}, kDouble), 1e-6));
}

void ObjectiveTest::marginOfTheKnownNetwork() {
  // The binary network f = 3 x₁ − 4 x₂ + 1 at (1, ½) has f = 2: margin against class 0 of (f, 0) is −2.
  const LinearClassifier net(torch::tensor({3.0, -4.0, 0.0, 0.0}, kDouble).view({2, 2}),
                             torch::tensor({1.0, 0.0}, kDouble), {1, 1, 2});
  const torch::Tensor x = torch::tensor({1.0, 0.5}, kDouble).view({1, 1, 1, 2});
  const LossGradient g = lossGradient(*makeObjective("margin", false), net, x, torch::zeros({1}, torch::kInt64));
  QVERIFY(near(g.loss, torch::tensor({-2.0}, kDouble), 1e-12));
  QVERIFY(near(g.gradient, torch::tensor({-3.0, 4.0}, kDouble), 1e-12));
  // One linear step from the margin: the foot on the plane is (.76, .82), .4 away.
  const torch::Tensor foot = x - g.loss.item<double>() * g.gradient / g.gradient.square().sum();
  QVERIFY(near(foot, torch::tensor({0.76, 0.82}, kDouble), 1e-12));
  QVERIFY(std::abs(2 / g.gradient.abs().sum().item<double>() - 2.0 / 7) < 1e-12);
}

void ObjectiveTest::targetedPullsTowards() {
  for (const char* loss : {"cross_entropy", "margin"}) {
    const LossGradient away = lossGradient(*makeObjective(loss, false), knownNetwork(), knownImage(), kClassOne);
    const LossGradient towards = lossGradient(*makeObjective(loss, true), knownNetwork(), knownImage(), kClassOne);
    QVERIFY(near(away.loss, -towards.loss, 1e-12));
    QVERIFY(near(away.gradient, -towards.gradient, 1e-12));
  }
}

void ObjectiveTest::gradientsMatchDifferences_data() {
  QTest::addColumn<QString>("loss");
  QTest::addColumn<bool>("adaptive");
  QTest::newRow("cross-entropy") << "cross_entropy" << false;
  QTest::newRow("margin") << "margin" << false;
  QTest::newRow("cross-entropy, adaptive") << "cross_entropy" << true;
  QTest::newRow("margin, adaptive") << "margin" << true;
}

void ObjectiveTest::gradientsMatchDifferences() {
  QFETCH(QString, loss);
  QFETCH(bool, adaptive);
  const ImageShape shape{1, 3, 3};
  const SmoothClassifier net(shape, 12, 4, 1);
  auto objective = makeObjective(loss.toStdString(), false);
  if (adaptive) objective = withDetector(std::move(objective), fingerprintScore(shape, 4), 0.7);
  const torch::Tensor x = randomImages(shape, 3, 2);
  const torch::Tensor classes = torch::tensor({0, 1, 3}, torch::kInt64);
  const torch::Tensor gradient = lossGradient(*objective, net, x, classes).gradient;
  const double largest = gradient.abs().max().item<double>();
  const double h = 1e-5;
  for (std::int64_t k = 0; k < x.numel(); ++k) {
    torch::Tensor step = torch::zeros_like(x);
    step.view(-1)[k] = h;
    const double up = objective->evaluate(net, x + step, classes).loss.sum().item<double>();
    const double down = objective->evaluate(net, x - step, classes).loss.sum().item<double>();
    QVERIFY(std::abs((up - down) / (2 * h) - gradient.view(-1)[k].item<double>()) < 1e-3 * largest);
  }
}

void ObjectiveTest::imagesDoNotMix() {
  const ImageShape shape{3, 4, 4};
  const SmoothClassifier net(shape, 12, 5, 1);
  const auto objective = withDetector(makeObjective("cross_entropy", false), fingerprintScore(shape, 5), 0.5);
  const torch::Tensor x = randomImages(shape, 4, 2);
  const torch::Tensor classes = torch::tensor({0, 1, 3, 4}, torch::kInt64);
  const LossGradient whole = lossGradient(*objective, net, x, classes);
  for (int i = 0; i < 4; ++i) {
    const LossGradient alone = lossGradient(*objective, net, x.narrow(0, i, 1), classes.narrow(0, i, 1));
    QVERIFY(near(alone.gradient, whole.gradient[i], 1e-12));
    QVERIFY(near(alone.loss, whole.loss[i], 1e-12));
  }
}

void ObjectiveTest::callersGradModeDoesNotMatter() {
  const auto objective = makeObjective("cross_entropy", false);
  const torch::Tensor with = lossGradient(*objective, knownNetwork(), knownImage(), kClassOne).gradient;
  const torch::NoGradGuard noGrad;
  const torch::Tensor without = lossGradient(*objective, knownNetwork(), knownImage(), kClassOne).gradient;
  QVERIFY(at::equal(with, without));
  QVERIFY(!without.requires_grad());
}

void ObjectiveTest::detectorIsSubtracted() {
  const auto base = makeObjective("margin", false);
  const auto adaptive = withDetector(makeObjective("margin", false), std::make_shared<MeanPixel>(), 2);
  const LossGradient a = lossGradient(*base, knownNetwork(), knownImage(), kClassOne);
  const LossGradient b = lossGradient(*adaptive, knownNetwork(), knownImage(), kClassOne);
  QVERIFY(near(b.loss, a.loss - 2 * 0.5, 1e-12));
  QVERIFY(near(b.gradient, a.gradient - 0.5, 1e-12));
  QVERIFY(adaptive->needs() == ThreatModel::AdaptiveWhiteBox);
  QVERIFY(base->needs() == ThreatModel::GreyBox);
}

void ObjectiveTest::weightZeroIsTheBase() {
  const auto adaptive = withDetector(makeObjective("cross_entropy", false), std::make_shared<MeanPixel>(), 0);
  const LossGradient a = lossGradient(*makeObjective("cross_entropy", false), knownNetwork(), knownImage(), kClassOne);
  const LossGradient b = lossGradient(*adaptive, knownNetwork(), knownImage(), kClassOne);
  QVERIFY(at::equal(a.loss, b.loss) && at::equal(a.gradient, b.gradient));
  QVERIFY(adaptive->needs() == ThreatModel::AdaptiveWhiteBox);
}

void ObjectiveTest::threatModelsHaveNames() {
  for (const auto model : {ThreatModel::BlackBox, ThreatModel::GreyBox, ThreatModel::AdaptiveWhiteBox}) {
    QVERIFY(parseThreatModel(threatModelName(model)) == model);
  }
  QCOMPARE(threatModelName(ThreatModel::GreyBox), std::string("grey-box"));
  QVERIFY_EXCEPTION_THROWN(parseThreatModel("white"), Error);
}

void ObjectiveTest::badInputIsRefused() {
  QVERIFY_EXCEPTION_THROWN(makeObjective("hinge", false), Error);
  QVERIFY_EXCEPTION_THROWN(withDetector(makeObjective("margin", false), std::make_shared<MeanPixel>(), -1), Error);
  QVERIFY_EXCEPTION_THROWN(withDetector(makeObjective("margin", false), nullptr, 1), Error);
  const auto nan = std::nan("");
  QVERIFY_EXCEPTION_THROWN(withDetector(makeObjective("margin", false), std::make_shared<MeanPixel>(), nan), Error);
}

QTEST_APPLESS_MAIN(ObjectiveTest)
#include "objective_test.moc"
