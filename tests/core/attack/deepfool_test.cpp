// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/deepfool.h"

#include <memory>
#include <string>

#include <QTest>

#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/nearest_distance.h"

using namespace whorl;
using namespace whorl::test;

namespace {

AttackOutcome attack(const Classifier& net, const AttackRequest& request, const Parameters& parameters) {
  return findAttack("deepfool").run(net, request, parameters, {});
}

}  // namespace

class DeepFoolTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void linearNetworksTakeOneStep();
  void binaryKnownAnswer();
  void fewCandidatesCostLess();
  void detectorMustBeASum();
};

void DeepFoolTest::linearNetworksTakeOneStep() {
  // Half the pixels are at an end of the box and would leave it: counted in, they would take the length of the step.
  const LinearClassifier net = LinearClassifier::random({1, 28, 28}, 10, 3);
  AttackRequest request = ownPredictions(net, 6, 5);
  request.images = request.images.round();
  request.labels = net.logits(request.images).argmax(1);
  const Parameters published = {{"anchor", std::string("iterate")}, {"line_search", std::int64_t{0}}};
  const AttackOutcome outcome = attack(net, request, published);
  QVERIFY(outcome.success.all().item<bool>());
  QVERIFY((outcome.steps == 1).all().item<bool>());
  QCOMPARE(outcome.backwards, 6 * 9);
  const torch::Tensor ratio = l2Norms(outcome.adversarial - request.images) / nearestDistances(net, request, Norm::L2);
  QVERIFY(ratio.max().item<double>() <= 1.0201);
}

void DeepFoolTest::binaryKnownAnswer() {
  // f = 3 x₁ − 4 x₂ + 1 is 2 at (1, .5): .4 away in L2 at (.76, .82), 2/7 in linf.
  const auto options = torch::TensorOptions().dtype(torch::kFloat64);
  const LinearClassifier net(torch::tensor({3.0, -4.0, 0.0, 0.0}, options).view({2, 2}),
                             torch::tensor({1.0, 0.0}, options), {1, 1, 2});
  AttackRequest request;
  request.images = torch::tensor({1.0, 0.5}, options).view({1, 1, 1, 2});
  request.labels = torch::zeros({1}, torch::kInt64);
  Parameters parameters = {{"overshoot", 1e-6}, {"line_search", std::int64_t{20}}};
  const AttackOutcome outcome = attack(net, request, parameters);
  QVERIFY(outcome.success.item<bool>());
  const torch::Tensor foot = torch::tensor({0.76, 0.82}, options);
  QVERIFY((outcome.adversarial.flatten() - foot).abs().max().item<double>() < 1e-5);
  parameters.set("norm", std::string("linf"));
  const AttackOutcome linf = attack(net, request, parameters);
  QVERIFY(std::abs((linf.adversarial - request.images).abs().max().item<double>() - 2.0 / 7) < 1e-5);
}

void DeepFoolTest::fewCandidatesCostLess() {
  const SmoothClassifier net({1, 6, 6}, 12, 6, 2);
  const AttackRequest request = ownPredictions(net, 4, 9);
  const AttackOutcome all = attack(net, request, {});
  const AttackOutcome two = attack(net, request, {{"candidates", std::int64_t{2}}});
  QVERIFY(two.success.all().item<bool>());
  // All five at the first step of the four images, then the four nearest.
  QCOMPARE(all.backwards, 5 * 4 + 4 * (all.steps.sum().item<std::int64_t>() - 4));
  QCOMPARE(two.backwards, 2 * two.steps.sum().item<std::int64_t>());
  const AttackOutcome published = attack(net, request, {{"anchor", std::string("iterate")}});
  QCOMPARE(published.backwards, 5 * published.steps.sum().item<std::int64_t>());
}

void DeepFoolTest::detectorMustBeASum() {
  const ImageShape shape{1, 6, 6};
  const SmoothClassifier net(shape, 12, 4, 2);
  const Parameters p = resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}});
  AttackRequest request = ownPredictions(net, 2, 9);
  request.threatModel = ThreatModel::AdaptiveWhiteBox;
  request.detector.score =
      std::make_shared<FingerprintScore>(sampleFingerprints(p, shape, 4, 3).to(torch::kCPU, torch::kFloat64));
  request.detector.rule = DetectorTerm::Rule::Orthogonal;
  QVERIFY_THROWS_EXCEPTION(Error, attack(net, request, {}));
}

QTEST_APPLESS_MAIN(DeepFoolTest)
#include "deepfool_test.moc"
