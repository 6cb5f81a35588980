// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/step_rule.h"

#include <cmath>

#include <QTest>

#include "core/attack/attack.h"
#include "core/base/error.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

torch::Tensor gradient(std::initializer_list<double> values) {
  return torch::tensor(std::vector<double>(values), kDouble).view({1, 1, 1, -1});
}

bool near(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.flatten() - b.flatten()).abs().max().item<double>() < 1e-9;
}

}  // namespace

class StepRuleTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void steepestAscentOfEachNorm() {
    const torch::Tensor g = gradient({3, 0, -4});
    QVERIFY(near(steepestAscent(Norm::Linf)->direction(g), gradient({1, 0, -1})));
    QVERIFY(near(steepestAscent(Norm::L2)->direction(g), gradient({0.6, 0, -0.8})));
    QVERIFY(near(steepestAscent(Norm::L1)->direction(g), gradient({0, 0, -1})));
    const torch::Tensor zero = gradient({0, 0, 0});
    for (const Norm norm : {Norm::Linf, Norm::L2, Norm::L1}) {
      QVERIFY(near(steepestAscent(norm)->direction(zero), zero));
    }
    // Of 300 pixels three move, and share the step.
    const torch::Tensor many = torch::arange(300, kDouble).view({1, 1, 1, 300});
    const torch::Tensor step = steepestAscent(Norm::L1)->direction(many);
    QCOMPARE((step != 0).sum().item<int>(), 3);
    QVERIFY(std::abs(step.sum().item<double>() - 1) < 1e-12);
  }

  void momentumIsARunningMean() {
    // m₁ = g₁/‖g₁‖₁ = (.5, −.5), m₂ = μ m₁ + (0, 1): Dong et al., algorithm 1, with μ = .5.
    const auto rule = withMomentum(0.5, steepestAscent(Norm::L2));
    QVERIFY(near(rule->direction(gradient({2, -2})), gradient({std::sqrt(0.5), -std::sqrt(0.5)})));
    const double length = std::hypot(0.25, 0.75);
    QVERIFY(near(rule->direction(gradient({0, 3})), gradient({0.25 / length, 0.75 / length})));
    rule->restart();
    QVERIFY(near(rule->direction(gradient({0, 3})), gradient({0, 1})));
  }

  void stateFollowsTheImages() {
    for (const bool withAdam : {false, true}) {
      const auto rule = withAdam ? adam() : withMomentum(0.9, steepestAscent(Norm::L2));
      const auto alone = withAdam ? adam() : withMomentum(0.9, steepestAscent(Norm::L2));
      const torch::Tensor both = at::cat({gradient({1, 2}), gradient({-3, 1})});
      rule->direction(both);
      alone->direction(both.narrow(0, 1, 1));
      rule->keep(torch::tensor({1}, torch::kInt64));
      QVERIFY(near(rule->direction(gradient({1, 1})), alone->direction(gradient({1, 1}))));
    }
  }

  void adamsFirstStepIsTheSign() {
    QVERIFY((adam()->direction(gradient({5, -0.01, 0})) - gradient({1, -1, 0})).abs().max().item<double>() < 1e-5);
  }

  void schedules() {
    QCOMPARE(stepFactor(StepSchedule::Constant, 7, 10), 1.0);
    QCOMPARE(stepFactor(StepSchedule::Cosine, 0, 10), 1.0);
    QVERIFY(std::abs(stepFactor(StepSchedule::Cosine, 5, 10) - 0.505) < 1e-12);
    QCOMPARE(stepFactor(StepSchedule::Halving, 0, 8), 1.0);
    QCOMPARE(stepFactor(StepSchedule::Halving, 3, 8), 1.0);
    QCOMPARE(stepFactor(StepSchedule::Halving, 4, 8), 0.5);
    QCOMPARE(stepFactor(StepSchedule::Halving, 6, 8), 0.25);
    QCOMPARE(stepFactor(StepSchedule::Halving, 7, 8), 0.125);
    for (const char* name : {"constant", "cosine", "halving"}) {
      double before = 2;
      for (int step = 0; step < 100; ++step) {
        const double factor = stepFactor(parseStepSchedule(name), step, 100);
        QVERIFY(factor > 0 && factor <= before);
        before = factor;
      }
    }
    QVERIFY_EXCEPTION_THROWN(parseStepSchedule("linear"), Error);
  }

  void momentumOneOnALinearNetworkIsBim() {
    // The gradient of a linear margin never turns, so its running mean has its sign.
    const LinearClassifier net = LinearClassifier::random({1, 4, 4}, 3, 1);
    AttackRequest request;
    request.images = randomImages({1, 4, 4}, 4, 2);
    request.labels = net.logits(request.images).argmax(1);
    const Parameters p = {{"epsilon", 0.2},
                          {"step_size", 0.02},
                          {"steps", std::int64_t{10}},
                          {"loss", std::string("margin")},
                          {"stop", std::string("last")}};
    const LinearClassifier two(torch::stack({torch::ones({16}, kDouble), -torch::ones({16}, kDouble)}),
                               torch::zeros({2}, kDouble), {1, 4, 4});
    request.labels = two.logits(request.images).argmax(1);
    QVERIFY(at::equal(findAttack("mifgsm").run(two, request, p, {}).adversarial,
                      findAttack("bim").run(two, request, p, {}).adversarial));
  }

  void randomStartOfFgsmFillsTheBall() {
    const LinearClassifier net = LinearClassifier::random({1, 4, 4}, 3, 1);
    AttackRequest request;
    request.images = torch::full({5, 1, 4, 4}, 0.5, kDouble);
    request.labels = net.logits(request.images).argmax(1);
    const AttackOutcome one = findAttack("fgsm").run(net, request, {{"epsilon", 0.1}, {"random_start", true}}, {});
    const torch::Tensor delta = one.adversarial - request.images;
    QVERIFY(delta.abs().max().item<double>() <= 0.1 + 1e-12);
    QVERIFY((delta.abs() < 0.1 - 1e-9).any().item<bool>());  // not all in corners, as without a random start
    request.seed = 1;
    QVERIFY(!at::equal(findAttack("fgsm").run(net, request, {{"epsilon", 0.1}, {"random_start", true}}, {}).adversarial,
                       one.adversarial));
  }

  void l1AttackFindsTheSparseWay() {
    // The nearest point of another class in l1: all of it in the pixel where the classes differ most.
    AttackRequest request;
    request.images = knownImage();
    request.labels = torch::ones({1}, torch::kInt64);
    // To class 2: the margin is 1.7, and x₃, with .8 of room downwards, weighs 3: 1.7 / 3 = .567. The way to
    // class 0, which is the likelier one and where the margin leads, takes .6.
    for (const auto& [epsilon, expected] : {std::pair{0.55, false}, {0.64, true}}) {
      const AttackOutcome outcome = findAttack("pgd").run(knownNetwork(), request,
                                                          {{"norm", std::string("l1")},
                                                           {"epsilon", epsilon},
                                                           {"steps", std::int64_t{300}},
                                                           {"loss", std::string("margin")},
                                                           {"step_size", 0.01},
                                                           {"restarts", std::int64_t{3}}},
                                                          {});
      QCOMPARE(outcome.success.item<bool>(), expected);
      QVERIFY((outcome.adversarial - request.images).abs().sum().item<double>() <= epsilon + 1e-9);
    }
  }
};

QTEST_APPLESS_MAIN(StepRuleTest)
#include "step_rule_test.moc"
