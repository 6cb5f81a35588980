// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/confidence.h"

#include <cmath>

#include <QTest>

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/base/error.h"
#include "core/detect/dropout_uncertainty.h"
#include "tests/core/attack/linear_classifier.h"
#include "tests/core/detect/small_models.h"

using namespace whorl;
using torch::Tensor;
using whorl::test::knownImage;
using whorl::test::knownNetwork;
using whorl::test::LinearClassifier;

namespace {

Model known() {
  Model model;
  model.name = "known";
  model.input = {1, 2, 2};
  model.classifier = std::make_shared<LinearClassifier>(knownNetwork());
  return model;
}

double scoreOf(const char* detector, const Model& model, const Tensor& x, const Parameters& parameters = {}) {
  return makeDetector(detector, model, parameters)->scores(x)[0].item<double>();
}

}  // namespace

/// What logits and dropout say of an image.
class ConfidenceTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void knownScores();
  void saturatedProbabilitiesKeepTheirOrder();
  void polarityIsTheSameForAll();
  void scoresCanBeDifferentiated();
  void classesCanBeAimedAt();
  void passVarianceKnownAnswers();
  void uncertaintyIsOfTheImageAlone();
  void uncertaintyNeedsDropout();
  void layersOfOthersCannotBeSeen();
};

void ConfidenceTest::knownScores() {
  // Logits (−.2, 1.4, −.3), p = (.1458179, .7222407, .1319415).
  QVERIFY(std::abs(scoreOf("max-softmax", known(), knownImage()) - .3253969) < 1e-7);
  QVERIFY(std::abs(scoreOf("logit-margin", known(), knownImage()) + 1.6) < 1e-12);
  const double sum = std::exp(-.2) + std::exp(1.4) + std::exp(-.3);
  QVERIFY(std::abs(scoreOf("energy", known(), knownImage()) + std::log(sum)) < 1e-12);
  const double hot = std::exp(-.1) + std::exp(.7) + std::exp(-.15);
  QVERIFY(std::abs(scoreOf("energy", known(), knownImage(), {{"energy_temperature", 2.}}) + 2 * std::log(hot)) < 1e-12);
}

void ConfidenceTest::saturatedProbabilitiesKeepTheirOrder() {
  // Two classes with logits ±50 and ±60: both probabilities are 1 in float and in double.
  Model model = known();
  model.input = {1, 1, 1};
  model.classifier = std::make_shared<LinearClassifier>(at::tensor({100.0, -100.0}, torch::kFloat64).view({2, 1}),
                                                        at::zeros({2}, torch::kFloat64), ImageShape{1, 1, 1});
  const Tensor x = at::tensor({0.2, 0.15}, torch::kFloat64).view({2, 1, 1, 1});
  const Tensor scores = makeDetector("max-softmax", model, {})->scores(x);
  QVERIFY((scores[0] < scores[1]).item<bool>());
}

void ConfidenceTest::polarityIsTheSameForAll() {
  // An image near the border to the next class is more suspicious than one far from it.
  const Tensor near = at::tensor({.298462, .104615, .747692, .603077}, torch::kFloat64).view({1, 1, 2, 2});
  for (const char* name : {"max-softmax", "logit-margin", "energy"}) {
    QVERIFY2(scoreOf(name, known(), near) > scoreOf(name, known(), knownImage()), name);
  }
}

void ConfidenceTest::scoresCanBeDifferentiated() {
  for (const char* name : {"max-softmax", "logit-margin", "energy"}) {
    const Model model = known();
    const auto score = makeDetector(name, model, {})->differentiableScore();
    QVERIFY(score != nullptr);
    Tensor x = knownImage().requires_grad_();
    const Tensor value = score->score(*model.classifier, x);
    const Tensor gradient = torch::autograd::grad({value.sum()}, {x})[0].flatten();
    for (std::int64_t p = 0; p < 4; ++p) {
      Tensor step = at::zeros({4}, torch::kFloat64);
      step[p] = 1e-6;
      const torch::NoGradGuard noGradients;
      const Tensor up = score->score(*model.classifier, x + step.view_as(x));
      const Tensor down = score->score(*model.classifier, x - step.view_as(x));
      const double slope = ((up - down) / 2e-6).item<double>();
      QVERIFY2(std::abs(slope - gradient[p].item<double>()) < 1e-6, name);
    }
    auto linear = std::make_shared<LinearClassifier>(knownNetwork());
    linear->setDifferentiable(false);
    Model blind = known();
    blind.classifier = linear;
    QVERIFY(makeDetector(name, blind, {})->differentiableScore() == nullptr);
  }
}

void ConfidenceTest::classesCanBeAimedAt() {
  const Model model = known();
  const auto score = makeDetector("max-softmax", model, {})->differentiableScore();
  const Tensor as2 = score->scored(*model.classifier, knownImage(), at::tensor({2}, torch::kInt64)).score;
  QVERIFY(std::abs(as2.item<double>() + std::log(.1319415)) < 1e-6);
}

void ConfidenceTest::passVarianceKnownAnswers() {
  const Tensor passes = at::tensor({1.0, 0.0, 0.0, 1.0}, torch::kFloat64).view({2, 1, 2});
  QVERIFY(std::abs(passVariance(passes).item<double>() - .25) < 1e-15);
  QCOMPARE(passVariance(passes.narrow(0, 0, 1).repeat({5, 1, 1})).item<double>(), 0.);
}

void ConfidenceTest::uncertaintyIsOfTheImageAlone() {
  const Model model = test::smallModel();
  const Tensor x = test::stripedImages(9, 1).first;
  const auto detector = makeDetector("bu", model, {});
  const Tensor scores = detector->scores(x);
  QVERIFY((scores > 0).all().item<bool>());
  QVERIFY(detector->scores(x.narrow(0, 5, 2)).allclose(scores.narrow(0, 5, 2), 1e-4, 1e-8));
  QVERIFY(makeDetector("bu", model, {})->scores(x).equal(scores));
  // More passes estimate the same number.
  const Tensor many = makeDetector("bu", model, {{"passes", std::int64_t{2000}}})->scores(x);
  const Tensor more = makeDetector("bu", model, {{"passes", std::int64_t{4000}}})->scores(x);
  QVERIFY(((many - more).abs() / more).max().item<double>() < .1);
}

void ConfidenceTest::uncertaintyNeedsDropout() {
  for (const char* name : {"bu", "kd-bu"}) {
    try {
      makeDetector(name, test::smallModel(false), {});
      QFAIL("a network without dropout was accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::BadInput);
      QVERIFY2(error.hint().find("feinman-mnist, feinman-cifar") != std::string::npos, error.hint().c_str());
    }
  }
}

void ConfidenceTest::layersOfOthersCannotBeSeen() {
  for (const char* name : {"kd", "bu", "lid", "mahalanobis"}) {
    try {
      makeDetector(name, known(), {});
      QFAIL("a classifier without layers was accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::BadInput);
      QCOMPARE(error.where(), std::string("known"));
      QVERIFY(!error.hint().empty());
    }
  }
  // The others need logits alone.
  for (const char* name : {"max-softmax", "energy", "logit-margin", "feature-squeezing", "odds"}) {
    makeDetector(name, known(), {});
  }
}

QTEST_APPLESS_MAIN(ConfidenceTest)
#include "confidence_test.moc"
