// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/iterative.h"

#include <cmath>

#include <QTest>

#include "core/attack/support.h"
#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

AttackRequest knownRequest() {
  AttackRequest request;
  request.images = knownImage();
  request.labels = torch::ones({1}, torch::kInt64);
  return request;
}

AttackOutcome attack(const char* name, const Classifier& net, const AttackRequest& request, Parameters parameters) {
  return findAttack(name).run(net, request, parameters, {});
}

/// Images with the network's own predictions as labels, so that none is misclassified at the start.
AttackRequest ownPredictions(const Classifier& net, std::int64_t count, std::uint64_t seed) {
  AttackRequest request;
  request.images = randomImages(net.inputShape(), count, seed);
  request.labels = net.logits(request.images).argmax(1);
  request.seed = 5;
  return request;
}

bool near(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance) {
  return (actual.flatten() - expected.flatten()).abs().max().item<double>() <= tolerance;
}

torch::Tensor distances(const AttackRequest& request, const AttackOutcome& outcome, bool l2) {
  const torch::Tensor delta = outcome.adversarial - request.images;
  return l2 ? l2Norms(delta) : delta.abs().flatten(1).amax(1);
}

std::int64_t successes(const AttackOutcome& outcome) { return outcome.success.sum().item<std::int64_t>(); }

std::shared_ptr<const FingerprintScore> fingerprintScore(const ImageShape& shape, int classes) {
  const Parameters p = resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}});
  return std::make_shared<FingerprintScore>(sampleFingerprints(p, shape, classes, 3).to(torch::kCPU, torch::kFloat64));
}

}  // namespace

class IterativeTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void fgsmOfTheKnownNetwork();
  void pgdFindsTheSmallestLinfDistance();
  void pgdFindsTheSmallestL2Distance();
  void bimFirstSuccessAndLast();
  void bimLossRisesOnALinearNetwork();
  void budgetAndBoxHold_data();
  void budgetAndBoxHold();
  void successGrowsWithEpsilon_data();
  void successGrowsWithEpsilon();
  void successGrowsWithRestarts();
  void growingStartsBeginAtTheImage();
  void targetedReachesTheTarget();
  void randomnessBelongsToTheImage();
  void seedsMatter();
  void misclassifiedImagesAreLeftAlone();
  void epsilonZeroChangesNothing();
  void doneImagesLeaveTheBatch();
  void lateLeavingChangesNoResult_data();
  void lateLeavingChangesNoResult();
  void lastRunsAllSteps();
  void bestKeepsTheHighestObjective();
  void adaptiveWeightZeroIsThePlainAttack();
  void adaptiveAttackLowersTheScore();
  void nanNeitherWinsNorHides();
  void vanishedGradientsAreReported();
};

void IterativeTest::fgsmOfTheKnownNetwork() {
  const LinearClassifier net = knownNetwork();
  const AttackOutcome small = attack("fgsm", net, knownRequest(), {{"epsilon", 0.1}});
  QVERIFY(near(small.adversarial, torch::tensor({0.3, 0.3, 0.7, 0.7}, kDouble), 1e-12));
  QCOMPARE(successes(small), 0);
  const AttackOutcome large = attack("fgsm", net, knownRequest(), {{"epsilon", 0.3}});
  QVERIFY(near(large.adversarial, torch::tensor({0.5, 0.1, 0.9, 0.5}, kDouble), 1e-12));
  QVERIFY(near(net.logits(large.adversarial), torch::tensor({0.85, 0.2, -0.15}, kDouble), 1e-12));
  QCOMPARE(large.predictions.item<std::int64_t>(), 0);
  QCOMPARE(successes(large), 1);
  QCOMPARE(large.forwards, 2);
  QCOMPARE(large.backwards, 1);
}

void IterativeTest::pgdFindsTheSmallestLinfDistance() {
  // The nearest other class, 0, is .2133333 away. A single random start may climb towards class 2 instead, a local
  // maximum; the clean image and the best of twenty starts don't.
  const Parameters clean = {{"random_start", false}, {"steps", std::int64_t{100}}};
  const Parameters random = {{"restarts", std::int64_t{20}}, {"steps", std::int64_t{100}}};
  for (Parameters p : {clean, random}) {
    p.set("epsilon", 0.2132);
    QCOMPARE(successes(attack("pgd", knownNetwork(), knownRequest(), p)), 0);
    p.set("epsilon", 0.2135);
    QCOMPARE(successes(attack("pgd", knownNetwork(), knownRequest(), p)), 1);
  }
}

void IterativeTest::pgdFindsTheSmallestL2Distance() {
  // .3969112 away, at (.298462, .104615, .747692, .603077).
  const auto run = [](double epsilon) {
    return attack("pgd", knownNetwork(), knownRequest(),
                  {{"norm", std::string("l2")},
                   {"epsilon", epsilon},
                   {"steps", std::int64_t{200}},
                   {"random_start", false},
                   {"loss", std::string("margin")}});
  };
  QCOMPARE(successes(run(0.3968)), 0);
  const AttackOutcome outcome = run(0.3971);
  QCOMPARE(successes(outcome), 1);
  QVERIFY(near(outcome.adversarial, torch::tensor({.298462, .104615, .747692, .603077}, kDouble), 2e-4));
}

void IterativeTest::bimFirstSuccessAndLast() {
  // Steps of .02 towards class 0, .2133333 away: the 11th iterate is the first that fools.
  const Parameters p = {{"epsilon", 0.4}, {"step_size", 0.02}, {"steps", std::int64_t{30}}};
  Parameters first = p;
  first.set("stop", std::string("first_success"));
  Parameters last = p;
  last.set("stop", std::string("last"));
  const AttackOutcome a = attack("bim", knownNetwork(), knownRequest(), first);
  const AttackOutcome b = attack("bim", knownNetwork(), knownRequest(), last);
  QVERIFY(near(distances(knownRequest(), a, false), torch::tensor({0.22}, kDouble), 1e-12));
  QVERIFY(near(distances(knownRequest(), b, false), torch::tensor({0.4}, kDouble), 1e-12));
  QCOMPARE(a.backwards, 12);
  QCOMPARE(b.backwards, 30);
  QCOMPARE(successes(a), 1);
  QCOMPARE(successes(b), 1);
  // Where nothing fools, first_success hands back the last iterate too.
  first.set("epsilon", 0.1);
  const AttackOutcome failed = attack("bim", knownNetwork(), knownRequest(), first);
  QCOMPARE(successes(failed), 0);
  QVERIFY(near(failed.adversarial, torch::tensor({0.3, 0.3, 0.7, 0.7}, kDouble), 1e-12));
}

void IterativeTest::bimLossRisesOnALinearNetwork() {
  AttackRequest request = knownRequest();
  request.trace = true;
  const AttackOutcome outcome =
      attack("bim", knownNetwork(), request,
             {{"epsilon", 0.3}, {"step_size", 0.01}, {"steps", std::int64_t{30}}, {"stop", std::string("last")}});
  QCOMPARE(outcome.trace.size(), 31U);
  for (std::size_t k = 1; k < outcome.trace.size(); ++k) {
    QVERIFY(outcome.trace[k].loss >= outcome.trace[k - 1].loss);
    QVERIFY(outcome.trace[k].margin >= outcome.trace[k - 1].margin);
  }
}

void IterativeTest::budgetAndBoxHold_data() {
  QTest::addColumn<QString>("name");
  QTest::addColumn<bool>("l2");
  QTest::addColumn<int>("channels");
  QTest::addColumn<int>("side");
  QTest::addColumn<int>("count");
  QTest::addColumn<QString>("stop");
  for (const auto& [channels, side] : {std::pair{1, 28}, {3, 32}, {3, 84}}) {
    for (const char* stop : {"first_success", "last", "best"}) {
      QTest::addRow("bim %d %s", side, stop) << "bim" << false << channels << side << 4 << stop;
      QTest::addRow("pgd linf %d %s", side, stop) << "pgd" << false << channels << side << 3 << stop;
      QTest::addRow("pgd l2 %d %s", side, stop) << "pgd" << true << channels << side << 1 << stop;
    }
    QTest::addRow("fgsm %d", side) << "fgsm" << false << channels << side << 4 << "";
  }
}

void IterativeTest::budgetAndBoxHold() {
  QFETCH(QString, name);
  QFETCH(bool, l2);
  QFETCH(int, channels);
  QFETCH(int, side);
  QFETCH(int, count);
  QFETCH(QString, stop);
  const LinearClassifier net = LinearClassifier::random({channels, side, side}, 3, 1);
  AttackRequest request = ownPredictions(net, count, 2);
  request.images = request.images.to(torch::kFloat32);
  const double epsilon = l2 ? 1.5 : 0.05;
  Parameters p = {{"epsilon", epsilon}};
  if (name != "fgsm") {
    p.set("stop", stop.toStdString());
    p.set("steps", std::int64_t{6});
    p.set("step_size", epsilon / 3);
  }
  if (name == "pgd") p.set("norm", std::string(l2 ? "l2" : "linf"));
  const AttackOutcome outcome = attack(name.toUtf8(), net, request, p);
  QVERIFY(outcome.adversarial.sizes() == request.images.sizes());
  QVERIFY(outcome.adversarial.scalar_type() == torch::kFloat32);
  QVERIFY(outcome.adversarial.min().item<double>() >= 0 && outcome.adversarial.max().item<double>() <= 1);
  QVERIFY(distances(request, outcome, l2).max().item<double>() <= epsilon + 1e-6);
  // What is reported is what the network says.
  QVERIFY(at::equal(net.logits(outcome.adversarial).argmax(1), outcome.predictions));
  QVERIFY(at::equal(outcome.predictions != request.labels, outcome.success));
  QVERIFY(successes(outcome) > 0);
}

void IterativeTest::successGrowsWithEpsilon_data() {
  QTest::addColumn<QString>("name");
  QTest::newRow("fgsm") << "fgsm";
  QTest::newRow("bim") << "bim";
  QTest::newRow("pgd") << "pgd";
}

void IterativeTest::successGrowsWithEpsilon() {
  QFETCH(QString, name);
  const LinearClassifier net = LinearClassifier::random({1, 8, 8}, 4, 3);
  const AttackRequest request = ownPredictions(net, 40, 2);
  std::int64_t before = 0;
  for (const double epsilon : {0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3}) {
    Parameters p = {{"epsilon", epsilon}, {"loss", std::string("margin")}};
    if (name != "fgsm") p.set("steps", std::int64_t{20});
    if (name == "bim") p.set("step_size", 0.0);
    const std::int64_t now = successes(attack(name.toUtf8(), net, request, p));
    QVERIFY2(now >= before, qPrintable(QString("epsilon %1: %2 after %3").arg(epsilon).arg(now).arg(before)));
    before = now;
  }
  QCOMPARE(before, 40);
}

void IterativeTest::successGrowsWithRestarts() {
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  const AttackRequest request = ownPredictions(net, 40, 2);
  torch::Tensor before = torch::zeros({40}, torch::kBool);
  for (const std::int64_t restarts : {1, 2, 5}) {
    const torch::Tensor now =
        attack("pgd", net, request, {{"epsilon", 0.06}, {"steps", std::int64_t{2}}, {"restarts", restarts}}).success;
    QVERIFY(!(before & now.logical_not()).any().item<bool>());
    before = now;
  }
  const std::int64_t fooled = before.sum().item<std::int64_t>();
  QVERIFY(fooled > 0 && fooled < 40);
}

void IterativeTest::growingStartsBeginAtTheImage() {
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  const AttackRequest request = ownPredictions(net, 20, 2);
  const Parameters common = {{"epsilon", 0.06}, {"steps", std::int64_t{3}}, {"stop", std::string("last")}};
  Parameters growing = common, clean = common;
  growing.set("start_law", std::string("growing"));
  clean.set("random_start", false);
  const torch::Tensor one = attack("pgd", net, request, growing).adversarial;
  QVERIFY(at::equal(one, attack("pgd", net, request, clean).adversarial));
  QVERIFY(!at::equal(one, attack("pgd", net, request, common).adversarial));
  growing.set("restarts", std::int64_t{3});  // the later ones are elsewhere
  QVERIFY(!at::equal(one, attack("pgd", net, request, growing).adversarial));
}

void IterativeTest::targetedReachesTheTarget() {
  const LinearClassifier net = LinearClassifier::random({1, 8, 8}, 4, 3);
  AttackRequest request = ownPredictions(net, 10, 2);
  request.targets = (request.labels + 1) % 4;
  for (const char* name : {"fgsm", "bim", "pgd"}) {
    const AttackOutcome outcome = attack(name, net, request, {{"epsilon", 0.5}, {"targeted", true}});
    QVERIFY(successes(outcome) >= 9);
    QVERIFY(at::equal(outcome.predictions == request.targets, outcome.success));
  }
}

void IterativeTest::randomnessBelongsToTheImage() {
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 6, 2);
  request.indices = {40, 41, 42, 43, 44, 45};
  const Parameters p = {{"epsilon", 0.1}, {"steps", std::int64_t{4}}, {"restarts", std::int64_t{2}}};
  const torch::Tensor whole = attack("pgd", net, request, p).adversarial;
  QVERIFY(at::equal(attack("pgd", net, request, p).adversarial, whole));
  // Images 4 and 2 alone, in another order.
  const torch::Tensor rows = torch::tensor({4, 2}, torch::kInt64);
  AttackRequest few = request;
  few.images = request.images.index_select(0, rows);
  few.labels = request.labels.index_select(0, rows);
  few.indices = {44, 42};
  QVERIFY(near(attack("pgd", net, few, p).adversarial, whole.index_select(0, rows), 1e-12));
}

void IterativeTest::seedsMatter() {
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 2, 2);
  const Parameters p = {
      {"epsilon", 0.1}, {"steps", std::int64_t{1}}, {"stop", std::string("last")}, {"step_size", 0.01}};
  const torch::Tensor one = attack("pgd", net, request, p).adversarial;
  request.seed = 6;
  QVERIFY(!at::equal(attack("pgd", net, request, p).adversarial, one));
}

void IterativeTest::misclassifiedImagesAreLeftAlone() {
  const LinearClassifier net = LinearClassifier::random({3, 4, 4}, 3, 1);
  AttackRequest request = ownPredictions(net, 5, 2);
  request.labels = (request.labels + 1) % 3;
  for (const char* name : {"bim", "pgd"}) {
    for (const char* stop : {"best", "first_success"}) {
      const AttackOutcome outcome = attack(name, net, request, {{"stop", std::string(stop)}});
      QVERIFY(at::equal(outcome.adversarial, request.images));
      QCOMPARE(successes(outcome), 5);
      QCOMPARE(outcome.forwards, 5);
    }
  }
}

void IterativeTest::epsilonZeroChangesNothing() {
  const LinearClassifier net = LinearClassifier::random({1, 5, 5}, 3, 1);
  const AttackRequest request = ownPredictions(net, 3, 2);
  for (const char* name : {"fgsm", "bim", "pgd"}) {
    const AttackOutcome outcome = attack(name, net, request, {{"epsilon", 0.0}});
    QVERIFY(at::equal(outcome.adversarial, request.images));
    QCOMPARE(successes(outcome), 0);
  }
  const AttackOutcome l2 = attack("pgd", net, request, {{"epsilon", 0.0}, {"norm", std::string("l2")}});
  QVERIFY(at::equal(l2.adversarial, request.images));
}

void IterativeTest::doneImagesLeaveTheBatch() {
  const LinearClassifier net = LinearClassifier::random({1, 8, 8}, 4, 3);
  const AttackRequest request = ownPredictions(net, 40, 2);
  const Parameters all = {
      {"epsilon", 0.1}, {"step_size", 0.002}, {"steps", std::int64_t{50}}, {"stop", std::string("last")}};
  Parameters leave = all;
  leave.set("stop", std::string("best"));
  const AttackOutcome stayed = attack("bim", net, request, all);
  const AttackOutcome left = attack("bim", net, request, leave);
  QVERIFY(at::equal(left.success | stayed.success, left.success));
  QVERIFY(left.backwards < stayed.backwards / 2);
  QCOMPARE(stayed.backwards, 40 * 50);
  QCOMPARE(stayed.forwards, 40 * 51);
}

void IterativeTest::lateLeavingChangesNoResult_data() {
  QTest::addColumn<int>("stop");
  QTest::addColumn<bool>("adaptive");
  QTest::newRow("first success") << static_cast<int>(StopPolicy::FirstSuccess) << false;
  QTest::newRow("best") << static_cast<int>(StopPolicy::Best) << false;
  QTest::newRow("best, adaptive") << static_cast<int>(StopPolicy::Best) << true;
}

// On a GPU the host looks at who is done only now and then.
void IterativeTest::lateLeavingChangesNoResult() {
  QFETCH(int, stop);
  QFETCH(bool, adaptive);
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 30, 4);
  if (adaptive) {
    request.threatModel = ThreatModel::AdaptiveWhiteBox;
    request.detector.score = fingerprintScore({1, 6, 6}, 4);
    request.detector.weight = 0.2;
  }
  IterativePlan plan;
  plan.epsilon = 0.08;
  plan.stepSize = 0.01;
  plan.steps = 20;
  plan.restarts = 3;
  plan.randomStart = true;
  plan.stop = static_cast<StopPolicy>(stop);
  const auto run = [&](std::int64_t every) {
    plan.leaveEvery = every;
    const auto rule = withMomentum(0.9, steepestAscent(Norm::Linf));
    const torch::NoGradGuard noGradients;
    return runIterative(net, request, plan, *rule, {});
  };
  const AttackOutcome each = run(1);
  const AttackOutcome late = run(7);
  QVERIFY2(successes(each) > 5 && successes(each) < 30, qPrintable(QString::number(successes(each))));
  QVERIFY(at::allclose(late.adversarial, each.adversarial, 0, 1e-12));  // sums depend on the batch
  QVERIFY(at::equal(late.success, each.success) && at::equal(late.predictions, each.predictions));
  QVERIFY(at::equal(late.steps, each.steps) && at::equal(late.nonfinite, each.nonfinite));
  QCOMPARE(late.backwards > each.backwards, !adaptive);  // adaptive: nobody leaves
}

void IterativeTest::lastRunsAllSteps() {
  AttackRequest request = knownRequest();
  std::vector<std::int64_t> steps;
  request.onStep = [&](const AttackTraceStep& step) { steps.push_back(step.step); };
  attack("bim", knownNetwork(), request, {{"stop", std::string("last")}, {"steps", std::int64_t{7}}});
  QCOMPARE(steps, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7}));
}

void IterativeTest::bestKeepsTheHighestObjective() {
  // Too small a budget: what is handed back is the worst that was found, not the last step.
  AttackRequest request = ownPredictions(SmoothClassifier({1, 6, 6}, 20, 4, 3), 1, 9);
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  request.trace = true;
  const AttackOutcome outcome =
      attack("pgd", net, request, {{"epsilon", 0.01}, {"step_size", 0.01}, {"steps", std::int64_t{9}}});
  QCOMPARE(successes(outcome), 0);
  double highest = -1e300;
  for (const AttackTraceStep& step : outcome.trace) highest = std::max(highest, step.loss);
  const double kept =
      makeObjective("cross_entropy").evaluate(net, outcome.adversarial, {request.labels, {}, {}}).loss.item<double>();
  QVERIFY(std::abs(kept - highest) < 1e-12);
}

void IterativeTest::adaptiveWeightZeroIsThePlainAttack() {
  const ImageShape shape{1, 6, 6};
  const SmoothClassifier net(shape, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 5, 2);
  const Parameters p = {{"epsilon", 0.1}, {"steps", std::int64_t{5}}, {"stop", std::string("last")}};
  const AttackOutcome plain = attack("pgd", net, request, p);
  request.threatModel = ThreatModel::AdaptiveWhiteBox;
  request.detector.score = fingerprintScore(shape, 4);
  request.detector.weight = 0;
  QVERIFY(at::equal(attack("pgd", net, request, p).adversarial, plain.adversarial));
  request.detector.weight = 1;
  QVERIFY(!at::equal(attack("pgd", net, request, p).adversarial, plain.adversarial));
}

void IterativeTest::adaptiveAttackLowersTheScore() {
  const ImageShape shape{1, 6, 6};
  const SmoothClassifier net(shape, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 10, 2);
  const Parameters p = {{"epsilon", 0.3}, {"steps", std::int64_t{20}}, {"loss", std::string("margin")}};
  const AttackOutcome plain = attack("pgd", net, request, p);
  request.threatModel = ThreatModel::AdaptiveWhiteBox;
  const auto score = fingerprintScore(shape, 4);
  request.detector.score = score;
  request.detector.weight = 20;
  const AttackOutcome adaptive = attack("pgd", net, request, p);
  const auto meanScore = [&](const AttackOutcome& outcome) {
    return score->score(net, outcome.adversarial).mean().item<double>();
  };
  QVERIFY2(meanScore(adaptive) < meanScore(plain) - 0.01,
           qPrintable(QString("%1 against %2").arg(meanScore(adaptive)).arg(meanScore(plain))));
  // The detector's copies are counted: an image and its 10 fingerprints, in one forward.
  QCOMPARE(adaptive.backwards % 11, 0);
}

void IterativeTest::nanNeitherWinsNorHides() {
  torch::Tensor weight = torch::ones({3, 4}, kDouble);
  weight[1] = std::nan("");
  const LinearClassifier net(weight, torch::zeros({3}, kDouble), {1, 2, 2});
  AttackRequest request = knownRequest();
  request.labels = torch::zeros({1}, torch::kInt64);
  for (const char* name : {"fgsm", "bim", "pgd"}) {
    const AttackOutcome outcome = attack(name, net, request, {});
    QCOMPARE(successes(outcome), 0);
    QVERIFY(outcome.nonfinite.all().item<bool>());
    QVERIFY(!outcome.notes.empty());
    QVERIFY(outcome.adversarial.isfinite().all().item<bool>());
  }
  // One bad image doesn't spoil the others.
  const LinearClassifier good = LinearClassifier::random({1, 4, 4}, 3, 1);
  QVERIFY(!attack("bim", good, ownPredictions(good, 3, 2), {}).nonfinite.any().item<bool>());
}

void IterativeTest::vanishedGradientsAreReported() {
  const LinearClassifier flat(torch::zeros({3, 4}, kDouble), torch::tensor({0.0, 1.0, 0.0}, kDouble), {1, 2, 2});
  for (const char* norm : {"linf", "l2"}) {
    const AttackOutcome outcome = attack("pgd", flat, knownRequest(), {{"norm", std::string(norm)}});
    QCOMPARE(successes(outcome), 0);
    QVERIFY(!outcome.nonfinite.any().item<bool>());
    QCOMPARE(outcome.notes.size(), 1U);
    QVERIFY(outcome.notes[0].find("vanished") != std::string::npos);
  }
}

QTEST_APPLESS_MAIN(IterativeTest)
#include "iterative_test.moc"
