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

bool near(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance) {
  return (actual.flatten() - expected.flatten()).abs().max().item<double>() <= tolerance;
}

/// A score whose gradient is known: the mean pixel.
class MeanPixel : public DifferentiableScore {
 public:
  Value scored(const Classifier& classifier, const torch::Tensor& images, const torch::Tensor&) const override {
    return {images.flatten(1).mean(1), classifier.logits(images)};
  }
};

std::shared_ptr<const FingerprintScore> fingerprintScore(const ImageShape& shape, int classes) {
  const Parameters p = resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}});
  return std::make_shared<FingerprintScore>(sampleFingerprints(p, shape, classes, 3).to(torch::kCPU, torch::kFloat64));
}

AttackAims away(const torch::Tensor& labels, double weight = 1) {
  return {labels, {}, torch::full({labels.size(0)}, weight, kDouble)};
}
AttackAims awayFromOne(double weight = 1) { return away(torch::ones({1}, torch::kInt64), weight); }
AttackAims towardsZero() { return {torch::ones({1}, torch::kInt64), torch::zeros({1}, torch::kInt64), {}}; }

DetectorTerm term(std::shared_ptr<const DifferentiableScore> score) {
  DetectorTerm detector;
  detector.score = std::move(score);
  return detector;
}

}  // namespace

class ObjectiveTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void crossEntropyOfTheKnownNetwork();
  void marginOfTheKnownNetwork();
  void dlrOfTheKnownNetwork();
  void targetedPullsTowards();
  void gradientsMatchDifferences_data();
  void gradientsMatchDifferences();
  void imagesDoNotMix();
  void callersGradModeDoesNotMatter();
  void detectorIsSubtracted();
  void weightZeroIsTheBase();
  void weightsAreThoseOfTheImages();
  void hingeStopsAtItsScore();
  void selectiveFollowsOneAtATime();
  void orthogonalLeavesTheLossAlone();
  void matchedClassIsTheOneAskedFor();
  void threatModelsHaveNames();
  void badInputIsRefused();
};

void ObjectiveTest::crossEntropyOfTheKnownNetwork() {
  const LossGradient g = lossGradient(makeObjective("cross_entropy"), knownNetwork(), knownImage(), awayFromOne());
  QVERIFY(near(g.logits, torch::tensor({-0.2, 1.4, -0.3}, kDouble), 1e-12));
  QVERIFY(near(g.loss, torch::tensor({0.3253969}, kDouble), 1e-6));
  QVERIFY(near(g.gradient, torch::tensor({0.0138764, -0.5034244, 0.4826098, -0.6874602}, kDouble), 1e-6));
}

void ObjectiveTest::marginOfTheKnownNetwork() {
  // The binary network f = 3 x₁ − 4 x₂ + 1 at (1, ½) has f = 2: margin against class 0 of (f, 0) is −2.
  const LinearClassifier net(torch::tensor({3.0, -4.0, 0.0, 0.0}, kDouble).view({2, 2}),
                             torch::tensor({1.0, 0.0}, kDouble), {1, 1, 2});
  const torch::Tensor x = torch::tensor({1.0, 0.5}, kDouble).view({1, 1, 1, 2});
  const LossGradient g = lossGradient(makeObjective("margin"), net, x, away(torch::zeros({1}, torch::kInt64)));
  QVERIFY(near(g.loss, torch::tensor({-2.0}, kDouble), 1e-12));
  QVERIFY(near(g.gradient, torch::tensor({-3.0, 4.0}, kDouble), 1e-12));
  // One linear step from the margin: the foot on the plane is (.76, .82), .4 away.
  const torch::Tensor foot = x - g.loss.item<double>() * g.gradient / g.gradient.square().sum();
  QVERIFY(near(foot, torch::tensor({0.76, 0.82}, kDouble), 1e-12));
  QVERIFY(std::abs(2 / g.gradient.abs().sum().item<double>() - 2.0 / 7) < 1e-12);
}

void ObjectiveTest::dlrOfTheKnownNetwork() {
  // Logits (−.2, 1.4, −.3) of class 1: −(1.4 + .2) / (1.4 + .3).
  const LossGradient g = lossGradient(makeObjective("dlr"), knownNetwork(), knownImage(), awayFromOne());
  QVERIFY(near(g.loss, torch::tensor({-1.6 / 1.7}, kDouble), 1e-9));
  const LinearClassifier four = LinearClassifier::random({1, 2, 2}, 4, 1);
  const torch::Tensor h = four.logits(knownImage());
  const torch::Tensor sorted = std::get<0>(h.sort(1, true));
  const torch::Tensor expected =
      (h.select(1, 0) - h.select(1, 1)) / (sorted.select(1, 0) - (sorted.select(1, 2) + sorted.select(1, 3)) / 2);
  QVERIFY(near(lossGradient(makeObjective("dlr"), four, knownImage(), towardsZero()).loss, expected, 1e-9));
  // A ratio of three logits needs three, its targeted form four.
  QVERIFY_EXCEPTION_THROWN(lossGradient(makeObjective("dlr"), knownNetwork(), knownImage(), towardsZero()), Error);
  // Scaling the logits changes nothing.
  const LinearClassifier loud(four.logits(torch::eye(4, kDouble).view({4, 1, 2, 2})).t() * 1000,
                              torch::zeros({4}, kDouble), {1, 2, 2});
  QVERIFY(near(lossGradient(makeObjective("dlr"), loud, knownImage(), awayFromOne()).loss,
               lossGradient(makeObjective("dlr"), four, knownImage(), awayFromOne()).loss, 1e-9));
}

void ObjectiveTest::targetedPullsTowards() {
  for (const char* loss : {"cross_entropy", "margin"}) {
    AttackAims towards = towardsZero();
    towards.targets = towards.labels;  // the same class, so that only the sign differs
    const LossGradient from = lossGradient(makeObjective(loss), knownNetwork(), knownImage(), awayFromOne());
    const LossGradient to = lossGradient(makeObjective(loss), knownNetwork(), knownImage(), towards);
    QVERIFY(near(from.loss, -to.loss, 1e-12));
    QVERIFY(near(from.gradient, -to.gradient, 1e-12));
  }
}

void ObjectiveTest::gradientsMatchDifferences_data() {
  QTest::addColumn<QString>("loss");
  QTest::addColumn<bool>("adaptive");
  QTest::newRow("cross-entropy") << "cross_entropy" << false;
  QTest::newRow("margin") << "margin" << false;
  QTest::newRow("cross-entropy, adaptive") << "cross_entropy" << true;
  QTest::newRow("margin, adaptive") << "margin" << true;
  QTest::newRow("dlr") << "dlr" << false;
}

void ObjectiveTest::gradientsMatchDifferences() {
  QFETCH(QString, loss);
  QFETCH(bool, adaptive);
  const ImageShape shape{1, 3, 3};
  const SmoothClassifier net(shape, 12, 4, 1);
  const auto objective =
      makeObjective(loss.toStdString(), adaptive ? term(fingerprintScore(shape, 4)) : DetectorTerm());
  const torch::Tensor x = randomImages(shape, 3, 2);
  const AttackAims aims = away(torch::tensor({0, 1, 3}, torch::kInt64), 0.7);
  const torch::Tensor gradient = lossGradient(objective, net, x, aims).gradient;
  const double largest = gradient.abs().max().item<double>();
  const double h = 1e-5;
  for (std::int64_t k = 0; k < x.numel(); ++k) {
    torch::Tensor step = torch::zeros_like(x);
    step.view(-1)[k] = h;
    const double up = objective.evaluate(net, x + step, aims).loss.sum().item<double>();
    const double down = objective.evaluate(net, x - step, aims).loss.sum().item<double>();
    QVERIFY(std::abs((up - down) / (2 * h) - gradient.view(-1)[k].item<double>()) < 1e-3 * largest);
  }
}

void ObjectiveTest::imagesDoNotMix() {
  const ImageShape shape{3, 4, 4};
  const SmoothClassifier net(shape, 12, 5, 1);
  const auto objective = makeObjective("cross_entropy", term(fingerprintScore(shape, 5)));
  const torch::Tensor x = randomImages(shape, 4, 2);
  const AttackAims aims = away(torch::tensor({0, 1, 3, 4}, torch::kInt64), 0.5);
  const LossGradient whole = lossGradient(objective, net, x, aims);
  for (int i = 0; i < 4; ++i) {
    const LossGradient alone =
        lossGradient(objective, net, x.narrow(0, i, 1), aims.select(torch::tensor({i}, torch::kInt64)));
    QVERIFY(near(alone.gradient, whole.gradient[i], 1e-12));
    QVERIFY(near(alone.loss, whole.loss[i], 1e-12));
  }
}

void ObjectiveTest::callersGradModeDoesNotMatter() {
  const auto objective = makeObjective("cross_entropy");
  const torch::Tensor with = lossGradient(objective, knownNetwork(), knownImage(), awayFromOne()).gradient;
  const torch::NoGradGuard noGrad;
  const torch::Tensor without = lossGradient(objective, knownNetwork(), knownImage(), awayFromOne()).gradient;
  QVERIFY(at::equal(with, without));
  QVERIFY(!without.requires_grad());
}

void ObjectiveTest::detectorIsSubtracted() {
  const auto adaptive = makeObjective("margin", term(std::make_shared<MeanPixel>()));
  const LossGradient a = lossGradient(makeObjective("margin"), knownNetwork(), knownImage(), awayFromOne());
  const LossGradient b = lossGradient(adaptive, knownNetwork(), knownImage(), awayFromOne(2));
  QVERIFY(near(b.loss, a.loss - 2 * 0.5, 1e-12));
  QVERIFY(near(b.gradient, a.gradient - 0.5, 1e-12));
  QVERIFY(near(b.score, torch::tensor({0.5}, kDouble), 1e-12));
  QVERIFY(!a.score.defined());
}

void ObjectiveTest::weightZeroIsTheBase() {
  const auto adaptive = makeObjective("cross_entropy", term(std::make_shared<MeanPixel>()));
  const LossGradient a = lossGradient(makeObjective("cross_entropy"), knownNetwork(), knownImage(), awayFromOne());
  const LossGradient b = lossGradient(adaptive, knownNetwork(), knownImage(), awayFromOne(0));
  QVERIFY(near(a.loss, b.loss, 0) && near(a.gradient, b.gradient, 0));
}

void ObjectiveTest::weightsAreThoseOfTheImages() {
  const auto adaptive = makeObjective("margin", term(std::make_shared<MeanPixel>()));
  const torch::Tensor both = at::cat({knownImage(), knownImage()});
  AttackAims aims = away(torch::ones({2}, torch::kInt64));
  aims.weights = torch::tensor({1.0, 3.0}, kDouble);
  const LossGradient g = lossGradient(adaptive, knownNetwork(), both, aims);
  QVERIFY(near(g.gradient[0] - g.gradient[1], torch::full({4}, 0.5, kDouble), 1e-12));
}

void ObjectiveTest::hingeStopsAtItsScore() {
  for (const auto& [hinge, slope] : {std::pair{0.4, 0.25}, {0.6, 0.0}}) {
    DetectorTerm detector = term(std::make_shared<MeanPixel>());
    detector.hinge = hinge;
    const LossGradient a = lossGradient(makeObjective("margin"), knownNetwork(), knownImage(), awayFromOne());
    const LossGradient b = lossGradient(makeObjective("margin", detector), knownNetwork(), knownImage(), awayFromOne());
    QVERIFY(near(b.gradient, a.gradient - slope, 1e-12));
    QVERIFY(near(b.score, torch::tensor({0.5}, kDouble), 1e-12));
  }
}

void ObjectiveTest::selectiveFollowsOneAtATime() {
  DetectorTerm detector = term(std::make_shared<MeanPixel>());
  detector.rule = DetectorTerm::Rule::Selective;
  const auto objective = makeObjective("margin", detector);
  // Not fooled: the margin's gradient. Fooled (true class 0, class 1 is predicted): down with the mean pixel.
  const LossGradient base = lossGradient(makeObjective("margin"), knownNetwork(), knownImage(), awayFromOne());
  QVERIFY(near(lossGradient(objective, knownNetwork(), knownImage(), awayFromOne()).gradient, base.gradient, 1e-12));
  const LossGradient past =
      lossGradient(objective, knownNetwork(), knownImage(), away(torch::zeros({1}, torch::kInt64)));
  QVERIFY(near(past.gradient, torch::full({4}, -0.25, kDouble), 1e-12));
}

void ObjectiveTest::orthogonalLeavesTheLossAlone() {
  DetectorTerm detector = term(std::make_shared<MeanPixel>());
  detector.rule = DetectorTerm::Rule::Orthogonal;
  const AttackAims aims = away(torch::zeros({1}, torch::kInt64));
  const torch::Tensor escape =
      lossGradient(makeObjective("margin", detector), knownNetwork(), knownImage(), aims).gradient;
  const torch::Tensor loss = lossGradient(makeObjective("margin"), knownNetwork(), knownImage(), aims).gradient;
  QVERIFY(std::abs((escape * loss).sum().item<double>()) < 1e-12);
  QVERIFY(escape.sum().item<double>() < 0);  // the mean pixel still falls
}

void ObjectiveTest::matchedClassIsTheOneAskedFor() {
  const ImageShape shape{1, 3, 3};
  const SmoothClassifier net(shape, 12, 4, 1);
  const torch::Tensor x = randomImages(shape, 2, 2);
  const auto fingerprints = fingerprintScore(shape, 4);
  const torch::Tensor distances = fingerprints->evaluate(net, x).distances;
  AttackAims aims = away(torch::tensor({2, 0}, torch::kInt64));
  aims.targets = torch::tensor({1, 3}, torch::kInt64);
  const auto scores = [&](DetectorTerm::Matched matched) {
    DetectorTerm detector = term(fingerprints);
    detector.matched = matched;
    return makeObjective("margin", detector).evaluate(net, x, aims).score;
  };
  using M = DetectorTerm::Matched;
  QVERIFY(near(scores(M::Any), distances.amin(1), 1e-12));
  QVERIFY(near(scores(M::Label), torch::stack({distances[0][2], distances[1][0]}), 1e-12));
  QVERIFY(near(scores(M::Target), torch::stack({distances[0][1], distances[1][3]}), 1e-12));
}

void ObjectiveTest::threatModelsHaveNames() {
  for (const auto model : {ThreatModel::BlackBox, ThreatModel::GreyBox, ThreatModel::AdaptiveWhiteBox}) {
    QVERIFY(parseThreatModel(threatModelName(model)) == model);
  }
  QCOMPARE(threatModelName(ThreatModel::GreyBox), std::string("grey-box"));
  QVERIFY_EXCEPTION_THROWN(parseThreatModel("white"), Error);
}

void ObjectiveTest::badInputIsRefused() {
  QVERIFY_EXCEPTION_THROWN(makeObjective("hinge"), Error);
  for (const double weight : {-1.0, static_cast<double>(std::nan("")), HUGE_VAL}) {
    DetectorTerm detector = term(std::make_shared<MeanPixel>());
    detector.weight = weight;
    QVERIFY_EXCEPTION_THROWN(makeObjective("margin", detector), Error);
  }
}

QTEST_APPLESS_MAIN(ObjectiveTest)
#include "objective_test.moc"
