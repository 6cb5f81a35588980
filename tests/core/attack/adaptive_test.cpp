// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/adaptive.h"

#include <cmath>

#include <QTest>

#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

std::shared_ptr<const FingerprintScore> fingerprints(const ImageShape& shape, int classes,
                                                     FingerprintScore::Measure measure) {
  const Parameters p = resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}});
  return std::make_shared<FingerprintScore>(sampleFingerprints(p, shape, classes, 3).to(torch::kCPU, torch::kFloat64),
                                            FingerprintScore::Acceptance::AnyClass, measure);
}

AttackRequest requestFor(const Classifier& net, std::int64_t count) {
  AttackRequest request;
  request.images = randomImages(net.inputShape(), count, 2);
  request.labels = net.logits(request.images).argmax(1);
  request.seed = 5;
  request.threatModel = ThreatModel::AdaptiveWhiteBox;
  request.detector.score = fingerprints(net.inputShape(), net.classCount(), FingerprintScore::Measure::Distance);
  return request;
}

Parameters adaptive(const Parameters& given) { return resolve("adaptive", adaptiveParameters(), given); }

AttackOutcome run(const char* attack, const Classifier& net, const AttackRequest& request, const Parameters& parameters,
                  const Parameters& given) {
  return runAdaptive(findAttack(attack), net, request, parameters, adaptive(given), {});
}

/// An attack that notes what it was asked, and fools where an image's weight is below .6.
class Recorder : public Attack {
 public:
  Recorder()
      : Attack({{"recorder",
                 "Recorder",
                 "Notes its requests.",
                 "test",
                 {ParameterSpec::boolean("targeted", false, "Towards a class")}},
                {"linf"},
                {}}) {}
  mutable std::vector<AttackRequest> requests;

 protected:
  AttackOutcome perform(const Classifier&, const AttackRequest& request, const Parameters&,
                        const JobContext&) const override {
    requests.push_back(request);
    AttackOutcome outcome;
    outcome.adversarial = request.images * 0.5;
    outcome.success = request.detector.weights < 0.6;
    outcome.predictions = request.labels;
    outcome.scores = 1 - request.detector.weights;  // the heavier, the lower
    outcome.nonfinite = torch::zeros_like(outcome.success);
    outcome.steps = torch::ones_like(request.labels);
    outcome.forwards = 3;
    outcome.backwards = 2;
    return outcome;
  }
};

}  // namespace

class AdaptiveTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void declarationsResolve();
  void bisectionFollowsThePublishedRule();
  void logarithmicSearchTakesGeometricMeans();
  void searchKeepsTheLowestScoreThatFools();
  void warmStartsBeginWhereTheLastEnded();
  void candidatesAreTheLikeliestWrongClasses();
  void searchingHelpsEveryAttack_data();
  void searchingHelpsEveryAttack();
  void fingerprintLossHasAGradient();
  void measuresAgreeOnAMatch();
  void weightDecayReachesTheSteps();
  void contradictionsAreRefused();
};

void AdaptiveTest::declarationsResolve() {
  const Parameters defaults = adaptive({});
  QCOMPARE(defaults.integer("detector_weight_search"), 0);
  for (const ParameterSpec& spec : adaptiveParameters()) QVERIFY(!spec.help.empty());
}

void AdaptiveTest::bisectionFollowsThePublishedRule() {
  // a₀ = .1, [0, 10]: success → 5.05, failure from there → (.1 + 5.05) / 2.
  const SmoothClassifier net({1, 3, 3}, 8, 4, 1);
  const Recorder attack;
  const AttackOutcome outcome = runAdaptive(attack, net, requestFor(net, 2), {},
                                            adaptive({{"detector_weight", 0.1},
                                                      {"detector_weight_search", std::int64_t{3}},
                                                      {"detector_weight_low", 0.0},
                                                      {"detector_weight_high", 10.0}}),
                                            {});
  const std::vector<double> expected = {0.1, 5.05, 2.575};
  QCOMPARE(attack.requests.size(), 3U);
  for (std::size_t k = 0; k < 3; ++k) {
    QVERIFY(std::abs(attack.requests[k].detector.weights[0].item<double>() - expected[k]) < 1e-12);
  }
  QCOMPARE(outcome.forwards, 9);
  QCOMPARE(outcome.backwards, 6);
}

void AdaptiveTest::logarithmicSearchTakesGeometricMeans() {
  const SmoothClassifier net({1, 3, 3}, 8, 4, 1);
  const Recorder attack;
  runAdaptive(attack, net, requestFor(net, 1), {},
              adaptive({{"detector_weight", 1.0},
                        {"detector_weight_search", std::int64_t{3}},
                        {"detector_weight_low", 0.01},
                        {"detector_weight_high", 100.0},
                        {"detector_weight_scale", std::string("log")}}),
              {});
  // 1 fails: √(.01 · 1) = .1 fools: √(.1 · 1).
  QVERIFY(std::abs(attack.requests[1].detector.weights[0].item<double>() - 0.1) < 1e-12);
  QVERIFY(std::abs(attack.requests[2].detector.weights[0].item<double>() - std::sqrt(0.1)) < 1e-12);
}

void AdaptiveTest::searchKeepsTheLowestScoreThatFools() {
  const SmoothClassifier net({1, 3, 3}, 8, 4, 1);
  const Recorder attack;
  const AttackOutcome outcome = runAdaptive(attack, net, requestFor(net, 1), {},
                                            adaptive({{"detector_weight", 1.0},
                                                      {"detector_weight_search", std::int64_t{3}},
                                                      {"detector_weight_low", 0.0},
                                                      {"detector_weight_high", 10.0}}),
                                            {});
  // 1 fails, .5 fools, .75 fails: what comes back is that of .5.
  QVERIFY(outcome.success.item<bool>());
  QVERIFY(std::abs(outcome.scores.item<double>() - 0.5) < 1e-12);
}

void AdaptiveTest::warmStartsBeginWhereTheLastEnded() {
  const SmoothClassifier net({1, 3, 3}, 8, 4, 1);
  for (const bool warm : {false, true}) {
    const Recorder attack;
    const AttackRequest request = requestFor(net, 1);
    runAdaptive(attack, net, request, {},
                adaptive({{"detector_weight_search", std::int64_t{2}}, {"detector_warm_start", warm}}), {});
    QVERIFY(!attack.requests[0].start.defined());
    QCOMPARE(attack.requests[1].start.defined(), warm);
    if (warm) QVERIFY(at::equal(attack.requests[1].start, request.images * 0.5));
  }
}

void AdaptiveTest::candidatesAreTheLikeliestWrongClasses() {
  const SmoothClassifier net({1, 3, 3}, 8, 4, 1);
  const AttackRequest request = requestFor(net, 3);
  const Recorder attack;
  runAdaptive(attack, net, request, {}, adaptive({{"target_candidates", std::int64_t{2}}}), {});
  QCOMPARE(attack.requests.size(), 2U);
  const torch::Tensor order = std::get<1>(net.logits(request.images).sort(1, /*descending=*/true));
  QVERIFY(at::equal(attack.requests[0].targets, order.select(1, 1)));
  QVERIFY(at::equal(attack.requests[1].targets, order.select(1, 2)));
}

void AdaptiveTest::searchingHelpsEveryAttack_data() {
  QTest::addColumn<QString>("rule");
  QTest::newRow("sum") << "sum";
  QTest::newRow("selective") << "selective";
  QTest::newRow("orthogonal") << "orthogonal";
}

void AdaptiveTest::searchingHelpsEveryAttack() {
  QFETCH(QString, rule);
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  const AttackRequest request = requestFor(net, 8);
  const Parameters p = {{"epsilon", 0.3}, {"steps", std::int64_t{20}}, {"loss", std::string("margin")}};
  AttackRequest plainRequest = request;
  plainRequest.threatModel = ThreatModel::GreyBox;
  plainRequest.detector = {};
  const AttackOutcome plain = findAttack("pgd").run(net, plainRequest, p, {});
  const AttackOutcome evading = run(
      "pgd", net, request, p, {{"detector_gradient", rule.toStdString()}, {"detector_weight_search", std::int64_t{4}}});
  const auto meanScore = [&](const AttackOutcome& outcome) {
    const torch::Tensor chosen = outcome.adversarial.index({plain.success & evading.success});
    return request.detector.score->score(net, chosen).mean().item<double>();
  };
  QVERIFY(evading.success.sum().item<int>() > 0);
  QVERIFY2(meanScore(evading) < meanScore(plain) - 0.01,
           qPrintable(QString("%1 against %2").arg(meanScore(evading)).arg(meanScore(plain))));
}

void AdaptiveTest::fingerprintLossHasAGradient() {
  // A published attack's term was detached by accident: it had no gradient at all.
  const ImageShape shape{1, 3, 3};
  const SmoothClassifier net(shape, 12, 4, 1);
  const auto score = fingerprints(shape, 4, FingerprintScore::Measure::SquaredError);
  const torch::Tensor x = randomImages(shape, 1, 2);
  const torch::Tensor classes = torch::tensor({2}, torch::kInt64);
  DetectorTerm term;
  term.score = score;
  term.matched = DetectorTerm::Matched::Label;
  const AttackAims none = {classes, {}, torch::zeros({1}, kDouble)};
  const AttackAims one = {classes, {}, torch::ones({1}, kDouble)};
  const auto objective = makeObjective("margin", term);
  const torch::Tensor gradient =
      lossGradient(objective, net, x, none).gradient - lossGradient(objective, net, x, one).gradient;
  QVERIFY(gradient.abs().max().item<double>() > 1e-3);
  const double h = 1e-5;
  for (std::int64_t k = 0; k < x.numel(); ++k) {
    torch::Tensor step = torch::zeros_like(x);
    step.view(-1)[k] = h;
    const double difference =
        (score->scored(net, x + step, classes).score - score->scored(net, x - step, classes).score).item<double>();
    QVERIFY(std::abs(difference / (2 * h) - gradient.view(-1)[k].item<double>()) <
            1e-3 * gradient.abs().max().item<double>());
  }
}

void AdaptiveTest::measuresAgreeOnAMatch() {
  // One fingerprint that is met exactly: both measures are 0 there, and elsewhere the loss is D² / K.
  const torch::Tensor clean = torch::tensor({{0.6, 0.8, 0.0}}, kDouble);
  const torch::Tensor shifted = torch::tensor({{{0.0, 0.6, 0.8}}}, kDouble);
  const torch::Tensor moved = torch::tensor({-0.6, -0.2, 0.8}, kDouble);
  const torch::Tensor dy = torch::stack({moved, -moved, torch::zeros({3}, kDouble)}).unsqueeze(0);
  const torch::Tensor distances = fingerprintDistances(clean, shifted, dy);
  const torch::Tensor losses = fingerprintLosses(clean, shifted, dy);
  QVERIFY(distances[0][0].item<double>() < 1e-12 && losses[0][0].item<double>() < 1e-12);
  QVERIFY(at::allclose(losses, distances.square() / 3));
}

void AdaptiveTest::weightDecayReachesTheSteps() {
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  const AttackRequest request = requestFor(net, 2);
  const Parameters p = {{"epsilon", 0.3}, {"steps", std::int64_t{20}}, {"stop", std::string("last")}};
  const AttackOutcome steady = run("pgd", net, request, p, {{"detector_weight", 5.0}});
  const AttackOutcome falling =
      run("pgd", net, request, p, {{"detector_weight", 5.0}, {"detector_weight_decay", 1e-4}});
  QVERIFY(!at::equal(steady.adversarial, falling.adversarial));
}

void AdaptiveTest::contradictionsAreRefused() {
  const SmoothClassifier net({1, 3, 3}, 8, 4, 1);
  const AttackRequest request = requestFor(net, 1);
  QVERIFY_EXCEPTION_THROWN(run("pgd", net, request, {}, {{"detector_weight_low", 5.0}, {"detector_weight_high", 1.0}}),
                           Error);
  QVERIFY_EXCEPTION_THROWN(
      run("pgd", net, request, {}, {{"detector_weight_low", 0.0}, {"detector_weight_scale", std::string("log")}}),
      Error);
  AttackRequest blind = request;
  blind.threatModel = ThreatModel::GreyBox;
  QVERIFY_EXCEPTION_THROWN(run("pgd", net, blind, {}, {}), Error);
}

QTEST_APPLESS_MAIN(AdaptiveTest)
#include "adaptive_test.moc"
