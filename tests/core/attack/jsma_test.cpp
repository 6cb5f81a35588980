// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/jsma.h"

#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <torch/csrc/autograd/autograd.h>
#include <QTest>

#include "core/attack/saliency_pair.h"
#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);
const std::pair<const std::string, ParameterValue> kPaper = {"headroom", false};

AttackRequest towards(const torch::Tensor& images, const torch::Tensor& labels, const torch::Tensor& targets) {
  AttackRequest request;
  request.images = images;
  request.labels = labels;
  request.targets = targets;
  return request;
}

torch::Tensor longs(std::vector<std::int64_t> values) { return torch::tensor(values, torch::kInt64); }

AttackRequest knownRequest() { return towards(knownImage(), longs({1}), longs({0})); }

/// Images with the network's own predictions as labels, and the next class as target.
AttackRequest ownPredictions(const Classifier& net, std::int64_t count, std::uint64_t seed) {
  const torch::Tensor images = randomImages(net.inputShape(), count, seed);
  const torch::Tensor labels = net.logits(images).argmax(1);
  return towards(images, labels, (labels + 1) % net.classCount());
}

AttackOutcome jsma(const Classifier& net, const AttackRequest& request, const Parameters& parameters = {}) {
  return findAttack("jsma").run(net, request, parameters, {});
}

bool same(const torch::Tensor& actual, std::vector<double> expected) {
  return at::equal(actual.flatten(), torch::tensor(expected, kDouble));
}

torch::Tensor changed(const AttackRequest& request, const AttackOutcome& outcome) {
  return (outcome.adversarial != request.images).flatten(1).sum(1);
}

/// The whole Jacobian [K,P] of one image's outputs, a backward pass for each.
torch::Tensor jacobian(const Classifier& net, const torch::Tensor& image) {
  const torch::Tensor x = image.detach().clone().requires_grad_(true);
  const torch::Tensor logits = net.logits(x);
  std::vector<torch::Tensor> rows;
  for (std::int64_t k = 0; k < logits.size(1); ++k) {
    rows.push_back(torch::autograd::grad({logits[0][k]}, {x}, {}, /*retain_graph=*/true)[0].flatten());
  }
  return at::stack(rows);
}

/// Nothing ever reaches class 0, though every pixel pulls towards it.
LinearClassifier unreachable(const ImageShape& shape) {
  torch::Tensor weight = torch::empty({2, shape.size()}, kDouble);
  weight[0] = 1e-3;
  weight[1] = -1e-3;
  return {weight, torch::tensor({0.0, 1e6}, kDouble), shape};
}

}  // namespace

class JsmaTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void stepOfTheKnownNetwork();
  void iterationsFollowFromGamma_data();
  void iterationsFollowFromGamma();
  void usesThePairMapOfAllOutputs();
  void firstPairIsTheBestOfAll();
  void negativeThetaDarkens();
  void partialThetaStaysInTheBox();
  void headroomCountsWhatClippingLeaves();
  void noQualifyingPairChangesNothing();
  void targetedReachesItsClassAndStops();
  void untargetedTakesTheLikeliestWrongClass();
  void softmaxNeedsOneBackward();
  void saturatedSoftmaxIsReported();
  void finishedImagesLeaveTheBatch();
  void batchesDoNotMatter();
  void startIsHonoured();
  void adaptiveLowersTheScore();
  void adaptiveWithoutWeightIsThePlainAttack();
  void badParametersAreRefused();
  void largeImagesFit();
};

void JsmaTest::stepOfTheKnownNetwork() {
  // alpha = (1, -2, .5, 0), beta = (-1, 1.5, 0, 1): only pair (0, 2) qualifies; after it, none.
  AttackRequest request = knownRequest();
  request.trace = true;
  const AttackOutcome outcome = jsma(knownNetwork(), request, {{"gamma", 1.0}, kPaper});
  QVERIFY(at::equal(jsma(knownNetwork(), knownRequest(), {{"gamma", 1.0}}).adversarial, outcome.adversarial));
  QVERIFY(same(outcome.adversarial, {1, 0.4, 1, 0.8}));
  QVERIFY(!outcome.success.item<bool>());
  QCOMPARE(outcome.predictions.item<std::int64_t>(), 1);
  QCOMPARE(outcome.steps.item<std::int64_t>(), 1);
  QCOMPARE(outcome.forwards, 2);
  QCOMPARE(outcome.backwards, 4);
  QCOMPARE(outcome.trace.size(), 2U);
  QVERIFY(std::abs(outcome.trace[1].loss - (0.8 - 1.0)) < 1e-12);  // the target's logit over the highest other
  QCOMPARE(outcome.notes.size(), 1U);
  QVERIFY(outcome.notes[0].find("no pair") != std::string::npos);
}

void JsmaTest::iterationsFollowFromGamma_data() {
  QTest::addColumn<int>("channels");
  QTest::addColumn<int>("side");
  QTest::addColumn<double>("gamma");
  QTest::addColumn<int>("steps");
  QTest::newRow("784") << 1 << 28 << 0.1 << 39;
  QTest::newRow("3072") << 3 << 32 << 0.1 << 153;
  QTest::newRow("a whole number that rounds below itself") << 1 << 10 << 0.58 << 29;
  QTest::newRow("less than a pair") << 1 << 3 << 0.1 << 0;
}

void JsmaTest::iterationsFollowFromGamma() {
  QFETCH(int, channels);
  QFETCH(int, side);
  QFETCH(double, gamma);
  QFETCH(int, steps);
  const LinearClassifier net = unreachable({channels, side, side});
  const auto request = towards(torch::full({1, channels, side, side}, 0.5, kDouble), longs({1}), longs({0}));
  const AttackOutcome outcome = jsma(net, request, {{"gamma", gamma}});
  QCOMPARE(outcome.steps.item<std::int64_t>(), steps);
  QCOMPARE(changed(request, outcome).item<std::int64_t>(), 2 * steps);
  QVERIFY((outcome.adversarial.masked_select(outcome.adversarial != 0.5) == 1).all().item<bool>());
  QCOMPARE(outcome.forwards, steps + 1);
  QCOMPARE(outcome.backwards, 2 * steps);
  QCOMPARE(outcome.notes.empty(), steps > 0);
}

void JsmaTest::usesThePairMapOfAllOutputs() {
  // The target's gradient alone would take pixels 0 and 1, which help another class even more; the map takes 2 and 3.
  const torch::Tensor weight = torch::tensor({5.0, 5.0, 1.0, 1.0, 6.0, 6.0, -3.0, -3.0}, kDouble).view({2, 4});
  const LinearClassifier net(weight, torch::tensor({0.0, 20.0}, kDouble), {1, 2, 2});
  const auto request = towards(torch::zeros({1, 1, 2, 2}, kDouble), longs({1}), longs({0}));
  QVERIFY(same(jsma(net, request, {{"gamma", 0.5}}).adversarial, {0, 0, 1, 1}));
}

void JsmaTest::firstPairIsTheBestOfAll() {
  const ImageShape shape{3, 6, 6};
  const SmoothClassifier net(shape, 30, 7, 4);
  const AttackRequest request = ownPredictions(net, 8, 2);
  const AttackOutcome outcome = jsma(net, request, {{"gamma", 2.0 / 108}, kPaper});
  for (std::int64_t k = 0; k < 8; ++k) {
    const torch::Tensor all = jacobian(net, request.images.narrow(0, k, 1));
    const torch::Tensor alpha = all[request.targets[k].item<std::int64_t>()].contiguous();
    const torch::Tensor beta = (all.sum(0) - alpha).contiguous();
    const torch::Tensor open = (request.images[k].flatten() < 1).contiguous();
    double best = -1;
    std::set<std::int64_t> pair;
    for (std::int64_t p = 0; p < 108; ++p) {
      for (std::int64_t q = p + 1; q < 108; ++q) {
        if (!open[p].item<bool>() || !open[q].item<bool>()) continue;
        const double a = alpha.data_ptr<double>()[p] + alpha.data_ptr<double>()[q];
        const double b = beta.data_ptr<double>()[p] + beta.data_ptr<double>()[q];
        if (a > 0 && b < 0 && -a * b > best) {
          best = -a * b;
          pair = {p, q};
        }
      }
    }
    const torch::Tensor moved = (outcome.adversarial[k] != request.images[k]).flatten().nonzero().flatten();
    QCOMPARE(moved.size(0), 2);
    QVERIFY(pair == (std::set<std::int64_t>{moved[0].item<std::int64_t>(), moved[1].item<std::int64_t>()}));
  }
}

void JsmaTest::negativeThetaDarkens() {
  // Darkening pixels 1 and 3 raises class 0's logit (by 2 each of the first) and lowers the others'.
  const AttackOutcome outcome = jsma(knownNetwork(), knownRequest(), {{"gamma", 0.5}, {"theta", -1.0}});
  QVERIFY(same(outcome.adversarial, {0.2, 0, 0.6, 0}));
  QVERIFY(outcome.success.item<bool>());  // logits .6, -.6, .3
}

void JsmaTest::partialThetaStaysInTheBox() {
  const auto request = towards(torch::tensor({0.9, 0.1, 1.0, 0.3}, kDouble).view({1, 1, 2, 2}), longs({1}), longs({0}));
  // The saturated pixel isn't touched; each pixel is changed once.
  const AttackOutcome outcome = jsma(unreachable({1, 2, 2}), request, {{"gamma", 1.0}, {"theta", 0.25}, kPaper});
  QCOMPARE(outcome.steps.item<std::int64_t>(), 1);
  QVERIFY(same(outcome.adversarial, {1.0, 0.35, 1.0, 0.3}));
}

void JsmaTest::headroomCountsWhatClippingLeaves() {
  const auto request = towards(torch::tensor({0.9, 0.1, 1.0, 0.3}, kDouble).view({1, 1, 2, 2}), longs({1}), longs({0}));
  const Parameters parameters = {{"gamma", 1.0}, {"theta", 0.25}};
  QVERIFY(same(jsma(unreachable({1, 2, 2}), request, parameters).adversarial, {0.9, 0.35, 1.0, 0.55}));
  // Where every component can take the whole of theta, it is the paper's map.
  const SmoothClassifier net({1, 10, 10}, 20, 4, 3);
  AttackRequest middle = ownPredictions(net, 5, 2);
  middle.images = 0.25 + middle.images / 2;
  middle.labels = net.logits(middle.images).argmax(1);
  middle.targets = (middle.labels + 1) % 4;
  Parameters with = {{"theta", -0.2}};
  Parameters without = with;
  without.set("headroom", false);
  QVERIFY(at::equal(jsma(net, middle, with).adversarial, jsma(net, middle, without).adversarial));
}

void JsmaTest::noQualifyingPairChangesNothing() {
  // Every pixel pulls away from the target: a silent wrong pixel would show.
  const LinearClassifier net(torch::tensor({-1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0}, kDouble).view({2, 4}),
                             torch::zeros({2}, kDouble), {1, 2, 2});
  const auto request = towards(knownImage(), longs({1}), longs({0}));
  const AttackOutcome outcome = jsma(net, request, {{"gamma", 1.0}});
  QVERIFY(at::equal(outcome.adversarial, request.images));
  QVERIFY(!outcome.success.item<bool>());
  QCOMPARE(outcome.steps.item<std::int64_t>(), 0);
  QVERIFY(outcome.notes.at(0).find("no pair") != std::string::npos);
}

void JsmaTest::targetedReachesItsClassAndStops() {
  const SmoothClassifier net({1, 12, 12}, 30, 4, 3);
  AttackRequest request = ownPredictions(net, 12, 2);
  request.trace = true;
  const AttackOutcome outcome = jsma(net, request, {{"gamma", 1.0}});
  QVERIFY(outcome.success.sum().item<std::int64_t>() >= 8);
  QVERIFY(at::equal(outcome.success, net.logits(outcome.adversarial).argmax(1) == request.targets));
  QVERIFY(at::equal(outcome.predictions, net.logits(outcome.adversarial).argmax(1)));
  QVERIFY(at::equal(changed(request, outcome), 2 * outcome.steps));
  // The last step is the first that reaches the target.
  for (std::size_t k = 0; k + 1 < outcome.trace.size(); ++k) QVERIFY(outcome.trace[k].loss <= 0);
  QCOMPARE(outcome.trace.back().loss > 0, outcome.success[0].item<bool>());
}

void JsmaTest::untargetedTakesTheLikeliestWrongClass() {
  const SmoothClassifier net({1, 12, 12}, 30, 4, 3);
  AttackRequest request = ownPredictions(net, 12, 2);
  AttackRequest likeliest = request;
  likeliest.targets = net.logits(request.images).scatter(1, request.labels.unsqueeze(1), -1e9).argmax(1);
  request.targets = torch::Tensor();
  const AttackOutcome free = jsma(net, request, {{"targeted", false}, {"gamma", 1.0}});
  const AttackOutcome aimed = jsma(net, likeliest, {{"gamma", 1.0}});
  QVERIFY(at::equal(free.success, free.predictions != request.labels));
  QVERIFY((free.steps <= aimed.steps).all().item<bool>());
  const torch::Tensor both = (free.predictions == likeliest.targets) & aimed.success;
  QVERIFY(both.sum().item<std::int64_t>() > 6);
  const torch::Tensor rows = both.nonzero().flatten();
  QVERIFY(at::equal(free.adversarial.index_select(0, rows), aimed.adversarial.index_select(0, rows)));
}

void JsmaTest::softmaxNeedsOneBackward() {
  const SmoothClassifier net({1, 8, 8}, 20, 4, 3);
  const AttackRequest request = ownPredictions(net, 6, 2);
  const AttackOutcome softmax = jsma(net, request, {{"jacobian", std::string("softmax")}});
  const AttackOutcome logits = jsma(net, request);
  QVERIFY(softmax.backwards <= softmax.forwards);
  QVERIFY(logits.backwards > logits.forwards);
  // The map is the target's gradient squared: the two components with the largest one are taken.
  const AttackOutcome one = jsma(net, request, {{"jacobian", std::string("softmax")}, {"gamma", 2.0 / 64}, kPaper});
  const torch::Tensor x = request.images.narrow(0, 0, 1).detach().clone().requires_grad_(true);
  const torch::Tensor probability = net.logits(x).softmax(1)[0][request.targets[0].item<std::int64_t>()];
  const torch::Tensor gradient = torch::autograd::grad({probability}, {x})[0].masked_fill(x.detach() == 1, -1e9);
  const torch::Tensor top = std::get<0>(std::get<1>(gradient.flatten().topk(2)).sort());
  QVERIFY(at::equal((one.adversarial[0] != request.images[0]).flatten().nonzero().flatten(), top));
}

void JsmaTest::saturatedSoftmaxIsReported() {
  const LinearClassifier net(
      LinearClassifier::random({1, 4, 4}, 3, 1).logits(torch::eye(16, kDouble).view({16, 1, 4, 4})).t() * 1e6,
      torch::zeros({3}, kDouble), {1, 4, 4});
  const AttackRequest request = ownPredictions(net, 3, 2);
  const AttackOutcome outcome = jsma(net, request, {{"jacobian", std::string("softmax")}, {"gamma", 1.0}});
  QCOMPARE(outcome.success.sum().item<std::int64_t>(), 0);
  QVERIFY(outcome.notes.at(0).find("vanished") != std::string::npos);
  QVERIFY(outcome.notes.at(0).find("3 of 3") != std::string::npos);
  QVERIFY(jsma(net, request, {{"gamma", 1.0}}).success.any().item<bool>());  // logits don't saturate
}

void JsmaTest::finishedImagesLeaveTheBatch() {
  const SmoothClassifier net({1, 12, 12}, 30, 4, 3);
  const AttackRequest request = ownPredictions(net, 12, 2);
  const AttackOutcome outcome = jsma(net, request, {{"gamma", 1.0}});
  // Each image goes forward once more than it is changed.
  QCOMPARE(outcome.forwards, outcome.steps.sum().item<std::int64_t>() + 12);
}

void JsmaTest::batchesDoNotMatter() {
  const SmoothClassifier net({3, 6, 6}, 20, 4, 3);
  const AttackRequest request = ownPredictions(net, 6, 5);
  const AttackOutcome whole = jsma(net, request, {{"gamma", 0.5}});
  for (std::int64_t k = 0; k < 6; ++k) {
    const auto alone =
        towards(request.images.narrow(0, k, 1), request.labels.narrow(0, k, 1), request.targets.narrow(0, k, 1));
    QVERIFY(at::equal(jsma(net, alone, {{"gamma", 0.5}}).adversarial[0], whole.adversarial[k]));
  }
}

void JsmaTest::startIsHonoured() {
  AttackRequest request = knownRequest();
  request.start = torch::tensor({0.5, 0.4, 1.0, 0.8}, kDouble).view({1, 1, 2, 2});
  // Pixel 2 is full already, and no pair is left without it.
  QVERIFY(at::equal(jsma(knownNetwork(), request, {{"gamma", 1.0}, kPaper}).adversarial, request.start));
}

void JsmaTest::adaptiveLowersTheScore() {
  const ImageShape shape{1, 8, 8};
  const SmoothClassifier net(shape, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 20, 2);
  const Parameters p = resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}});
  const auto score =
      std::make_shared<FingerprintScore>(sampleFingerprints(p, shape, 4, 3).to(torch::kCPU, torch::kFloat64));
  request.threatModel = ThreatModel::AdaptiveWhiteBox;
  request.detector.score = score;
  // Both go all the way and keep their lowest score; only one looks for it.
  const auto run = [&](double weight) {
    request.detector.weight = weight;
    const AttackOutcome outcome = jsma(net, request, {{"gamma", 0.4}});
    return outcome;
  };
  const AttackOutcome blind = run(0);
  const AttackOutcome adaptive = run(20);
  QVERIFY(at::allclose(adaptive.scores, score->score(net, adaptive.adversarial), 0, 1e-12));
  QVERIFY(at::equal(adaptive.success, net.logits(adaptive.adversarial).argmax(1) == request.targets));
  const torch::Tensor both = (blind.success & adaptive.success).nonzero().flatten();
  QVERIFY(both.size(0) >= 10);
  const double before = blind.scores.index_select(0, both).mean().item<double>();
  const double after = adaptive.scores.index_select(0, both).mean().item<double>();
  QVERIFY2(after < before - 0.01, qPrintable(QString("%1 against %2").arg(after).arg(before)));
  // With a hinge, an image leaves as soon as both aims are reached.
  request.detector.hinge = before;
  const AttackOutcome hinged = run(20);
  QVERIFY(hinged.forwards < adaptive.forwards);
  QVERIFY(at::equal(hinged.success, adaptive.success));
}

void JsmaTest::adaptiveWithoutWeightIsThePlainAttack() {
  const ImageShape shape{1, 8, 8};
  const SmoothClassifier net(shape, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 6, 2);
  for (const char* outputs : {"logits", "softmax"}) {
    AttackRequest plain = request;
    const Parameters parameters = {{"jacobian", std::string(outputs)}};
    const AttackOutcome expected = jsma(net, plain, parameters);
    plain.threatModel = ThreatModel::AdaptiveWhiteBox;
    plain.detector.score = std::make_shared<FingerprintScore>(
        sampleFingerprints(resolve("fingerprint", fingerprintParameters(), {}), shape, 4, 3)
            .to(torch::kCPU, torch::kFloat64));
    plain.detector.weight = 0;
    plain.detector.hinge = std::numeric_limits<double>::max();  // every score passes
    QVERIFY(at::equal(jsma(net, plain, parameters).adversarial, expected.adversarial));
  }
}

void JsmaTest::badParametersAreRefused() {
  const auto refused = [](const AttackRequest& request, const Parameters& parameters, const char* text) {
    const LinearClassifier net = knownNetwork();
    try {
      jsma(net, request, parameters);
      return false;
    } catch (const Error& error) {
      return error.kind() == ErrorKind::Usage && std::string(error.what()).find(text) != std::string::npos &&
             net.imagesSeen() == 0;
    }
  };
  QVERIFY(refused(knownRequest(), {{"theta", 0.0}}, "theta"));
  QVERIFY(refused(knownRequest(), {{"theta", 1.5}}, "-1 to 1"));
  QVERIFY(refused(knownRequest(), {{"gamma", 1.5}}, "0 to 1"));
  QVERIFY(refused(knownRequest(), {{"jacobian", std::string("probabilities")}}, "logits"));
  QVERIFY(refused(knownRequest(), {{"targeted", false}}, "not targeted"));
  AttackRequest selective = knownRequest();
  selective.threatModel = ThreatModel::AdaptiveWhiteBox;
  selective.detector.score = std::make_shared<FingerprintScore>(
      sampleFingerprints(resolve("fingerprint", fingerprintParameters(), {}), {1, 2, 2}, 3, 3)
          .to(torch::kCPU, torch::kFloat64));
  selective.detector.rule = DetectorTerm::Rule::Selective;
  QVERIFY(refused(selective, {}, "detector_gradient"));
}

void JsmaTest::largeImagesFit() {
  // A matrix of all pairs of 3x84x84 components would take 3.6 GB an image.
  const LinearClassifier net = LinearClassifier::random({3, 84, 84}, 5, 3);
  const AttackRequest request = ownPredictions(net, 2, 2);
  const AttackOutcome outcome = jsma(net, request, {{"gamma", 0.002}});
  QVERIFY(at::equal(changed(request, outcome), 2 * outcome.steps));
  QVERIFY((outcome.steps > 0).all().item<bool>());
}

QTEST_APPLESS_MAIN(JsmaTest)
#include "jsma_test.moc"
