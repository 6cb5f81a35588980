// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/minimal_norm.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stop_token>
#include <string>

#include <ATen/Parallel.h>
#include <QTest>

#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/nearest_distance.h"

using namespace whorl;
using namespace whorl::test;

namespace {

struct Case {
  const char* title;
  const char* attack;
  Norm norm;
  Parameters parameters;
};

/// All minimal-norm attacks, with budgets of a unit test.
const std::vector<Case>& cases() {
  const auto text = [](const char* value) { return std::string(value); };
  static const std::vector<Case> list = {
      {"deepfool-l2", "deepfool", Norm::L2, {}},
      {"deepfool-linf", "deepfool", Norm::Linf, {{"norm", text("linf")}}},
      {"deepfool-published", "deepfool", Norm::L2, {{"anchor", text("iterate")}, {"line_search", std::int64_t{0}}}},
      {"ddn", "ddn", Norm::L2, {}},
      {"ddn-margin", "ddn", Norm::L2, {{"loss", text("margin")}}},
      {"fmn-l2", "fmn", Norm::L2, {}},
      {"fmn-linf", "fmn", Norm::Linf, {{"norm", text("linf")}}},
      {"cw-warm",
       "cw",
       Norm::L2,
       {{"steps", std::int64_t{200}}, {"learning_rate", 0.05}, {"search_steps", std::int64_t{6}}}},
      {"cw-published",
       "cw",
       Norm::L2,
       {{"steps", std::int64_t{200}},
        {"learning_rate", 0.05},
        {"search_steps", std::int64_t{9}},
        {"abort_early", false},
        {"search", text("published")}}},
  };
  return list;
}

const Case& current() {
  QFETCH_GLOBAL(int, index);
  return cases()[static_cast<std::size_t>(index)];
}

AttackOutcome attack(const Classifier& net, const AttackRequest& request, const Parameters& more = {},
                     const JobContext& context = {}) {
  Parameters parameters = current().parameters;
  for (const auto& [name, value] : more.values()) parameters.set(name, value);
  return findAttack(current().attack).run(net, request, parameters, context);
}

torch::Tensor distances(const AttackRequest& request, const AttackOutcome& outcome) {
  return distancesOf(outcome.adversarial - request.images, current().norm);
}

/// NaN wherever the first pixel is above a half.
class PoisonedClassifier : public LinearClassifier {
 public:
  using LinearClassifier::LinearClassifier;
  torch::Tensor logits(const torch::Tensor& images) const override {
    const torch::Tensor poisoned = images.flatten(1).select(1, 0) > 0.5;
    return LinearClassifier::logits(images).masked_fill(poisoned.unsqueeze(1), std::nan(""));
  }
};

}  // namespace

/// What holds for each attack that looks for the nearest adversarial image.
class MinimalNormTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  /// Small batches: threads inside an operator would wait for one another wherever the machine has other work.
  void initTestCase() { at::set_num_threads(1); }
  void initTestCase_data();
  void knownNetworkHasKnownDistance();
  void linearNetworksInClosedForm_data();
  void linearNetworksInClosedForm();
  void saturatedPixelsMove();
  void misclassifiedImagesAreDone();
  void aloneAsInABatch();
  void targetsAreReached();
  void failureKeepsTheCleanImage();
  void nanIsFlaggedAndLeftOut();
  void cancelling();
  void queriesAndSteps();
  void adaptiveLowersTheScore();
  void emptyBatch();
};

void MinimalNormTest::initTestCase_data() {
  QTest::addColumn<int>("index");
  for (std::size_t k = 0; k < cases().size(); ++k) QTest::newRow(cases()[k].title) << static_cast<int>(k);
}

void MinimalNormTest::knownNetworkHasKnownDistance() {
  AttackRequest request;
  request.images = knownImage();
  request.labels = torch::ones({1}, torch::kInt64);
  const AttackOutcome outcome = attack(knownNetwork(), request);
  const double expected = current().norm == Norm::L2 ? 0.3969112 : 0.2133333;
  QVERIFY(outcome.success.item<bool>());
  const double distance = distances(request, outcome).item<double>();
  // With logits so close to each other, cross-entropy also pulls away from the third class. Published DeepFool
  // overshoots by 2 %.
  const std::string title = current().title;
  const double tolerance = title == "ddn" ? 1.07 : title == "deepfool-published" ? 1.0201 : 1.01;
  QVERIFY2(distance >= expected - 1e-7 && distance <= tolerance * expected, qPrintable(QString::number(distance)));
}

void MinimalNormTest::linearNetworksInClosedForm_data() {
  QTest::addColumn<int>("channels");
  QTest::addColumn<int>("side");
  QTest::addColumn<int>("classes");
  QTest::addColumn<int>("batch");
  QTest::newRow("1x28x28, 3 classes, alone") << 1 << 28 << 3 << 1;
  QTest::newRow("1x28x28, 10 classes") << 1 << 28 << 10 << 8;
  QTest::newRow("3x32x32, 3 classes") << 3 << 32 << 3 << 3;
  QTest::newRow("3x84x84, 10 classes, alone") << 3 << 84 << 10 << 1;
}

void MinimalNormTest::linearNetworksInClosedForm() {
  QFETCH(int, channels);
  QFETCH(int, side);
  QFETCH(int, classes);
  QFETCH(int, batch);
  const LinearClassifier net = LinearClassifier::random({channels, side, side}, classes, 7);
  AttackRequest request = ownPredictions(net, batch, 11);
  Parameters more;
  if (std::string(current().attack) == "cw") {
    if (std::string(current().title) == "cw-published" && (side > 28 || classes > 3))
      QSKIP("as the first row, but slow");
    // Adam's steps have a length of their own, for each pixel: what is nearer than they reach is not resolved.
    more.set("learning_rate", 0.03 * 28 / (side * std::sqrt(channels)));
    request = ownPredictions(net, std::max(batch, 4), 11);
    const torch::Tensor far = (nearestDistances(net, request, Norm::L2) > 0.25).nonzero().squeeze(1);
    QVERIFY(far.size(0) > 0);
    request.images = request.images.index_select(0, far);
    request.labels = request.labels.index_select(0, far);
  }
  const AttackOutcome outcome = attack(net, request, more);
  QVERIFY(outcome.success.all().item<bool>());
  QVERIFY(insideTheBox(outcome.adversarial));
  QVERIFY(torch::equal(net.logits(outcome.adversarial).argmax(1), outcome.predictions));
  QVERIFY((outcome.predictions != request.labels).all().item<bool>());
  const torch::Tensor ratio = distances(request, outcome) / nearestDistances(net, request, current().norm);
  QVERIFY2(ratio.min().item<double>() > 1 - 1e-9, "nearer than possible: the closed form or the distance is wrong");
  QVERIFY2(ratio.max().item<double>() <= 1.05, qPrintable(QString::number(ratio.max().item<double>())));
}

void MinimalNormTest::saturatedPixelsMove() {
  // Every pixel is exactly 0 or 1: attacks that start where a gradient is 0, or that lose length to the box, fail here.
  const LinearClassifier net = LinearClassifier::random({1, 28, 28}, 3, 21);
  AttackRequest request = ownPredictions(net, 3, 5);
  request.images = request.images.round();
  request.labels = net.logits(request.images).argmax(1);
  const AttackOutcome outcome = attack(net, request);
  QVERIFY(outcome.success.all().item<bool>());
  QVERIFY(insideTheBox(outcome.adversarial));
  const torch::Tensor moved = outcome.adversarial != request.images;
  QVERIFY((moved & (request.images == 0)).flatten(1).any(1).all().item<bool>());
  QVERIFY((moved & (request.images == 1)).flatten(1).any(1).all().item<bool>());
  const torch::Tensor ratio = distances(request, outcome) / nearestDistances(net, request, current().norm);
  QVERIFY2(ratio.max().item<double>() <= 1.05, qPrintable(QString::number(ratio.max().item<double>())));
}

void MinimalNormTest::misclassifiedImagesAreDone() {
  const LinearClassifier net = LinearClassifier::random({1, 6, 6}, 3, 3);
  AttackRequest request = ownPredictions(net, 4, 9);
  request.labels = (request.labels + 1).remainder(3);
  const AttackOutcome outcome = attack(net, request);
  QVERIFY(outcome.success.all().item<bool>());
  QVERIFY(torch::equal(outcome.adversarial, request.images));
  QCOMPARE(outcome.backwards, 0);
  QCOMPARE(outcome.steps.sum().item<std::int64_t>(), 0);
}

void MinimalNormTest::aloneAsInABatch() {
  const SmoothClassifier net({1, 6, 6}, 12, 4, 2);
  const AttackRequest request = ownPredictions(net, 4, 9);
  const AttackOutcome together = attack(net, request);
  const AttackOutcome again = attack(net, request);
  QVERIFY(torch::equal(together.adversarial, again.adversarial));
  for (std::int64_t k = 0; k < 4; ++k) {
    AttackRequest one;
    one.images = request.images.narrow(0, k, 1);
    one.labels = request.labels.narrow(0, k, 1);
    const AttackOutcome alone = attack(net, one);
    QVERIFY((alone.adversarial[0] - together.adversarial[k]).abs().max().item<double>() <= 1e-9);
    QCOMPARE(alone.steps.item<std::int64_t>(), together.steps[k].item<std::int64_t>());
  }
}

void MinimalNormTest::targetsAreReached() {
  const SmoothClassifier net({1, 6, 6}, 12, 4, 2);
  AttackRequest request = ownPredictions(net, 4, 9);
  const AttackOutcome free = attack(net, request);
  request.targets = (request.labels + 1).remainder(4);
  const AttackOutcome outcome = attack(net, request, {{"targeted", true}});
  const torch::Tensor reached = net.logits(outcome.adversarial).argmax(1) == request.targets;
  QVERIFY(torch::equal(reached, outcome.success));
  QVERIFY(outcome.success.sum().item<std::int64_t>() >= 3);
  // A particular class is no nearer than the nearest (up to what either misses it by).
  const torch::Tensor both = free.success & outcome.success;
  const torch::Tensor ratio = (distances(request, outcome) / distances(request, free)).index({both});
  QVERIFY2(ratio.min().item<double>() >= 0.95, qPrintable(QString::number(ratio.min().item<double>())));
  QVERIFY(ratio.max().item<double>() > 1.05);
}

void MinimalNormTest::failureKeepsTheCleanImage() {
  // Nothing that one could do to an image changes this network's mind.
  const auto options = torch::TensorOptions().dtype(torch::kFloat64);
  const LinearClassifier net(torch::zeros({3, 16}, options), torch::tensor({1.0, 0.0, 0.5}, options), {1, 4, 4});
  const AttackRequest request = ownPredictions(net, 2, 1);
  const AttackOutcome outcome = attack(net, request);
  QVERIFY(!outcome.success.any().item<bool>());
  QVERIFY(torch::equal(outcome.adversarial, request.images));
  QVERIFY(torch::equal(outcome.predictions, request.labels));
  QVERIFY(!outcome.notes.empty());
  QVERIFY(QString::fromStdString(outcome.notes.front()).contains("vanished for 2 of 2"));
}

void MinimalNormTest::nanIsFlaggedAndLeftOut() {
  torch::Tensor weight = weightsOf(LinearClassifier::random({1, 4, 4}, 3, 21));
  weight.select(1, 0).zero_();  // no attack moves the pixel that poisons
  const PoisonedClassifier net(weight, torch::zeros({3}, torch::kFloat64), {1, 4, 4});
  AttackRequest request = ownPredictions(net, 2, 1);
  request.images.index_put_({torch::indexing::Slice(), 0, 0, 0}, torch::tensor({0.1, 0.9}, torch::kFloat64));
  request.labels =
      LinearClassifier(weight, torch::zeros({3}, torch::kFloat64), {1, 4, 4}).logits(request.images).argmax(1);
  const AttackOutcome outcome = attack(net, request);
  QVERIFY(outcome.nonfinite[1].item<bool>());
  QVERIFY(!outcome.success[1].item<bool>());
  QVERIFY(torch::equal(outcome.adversarial[1], request.images[1]));
  QVERIFY(outcome.success[0].item<bool>());
  QVERIFY(outcome.adversarial.isfinite().all().item<bool>());
}

void MinimalNormTest::cancelling() {
  const SmoothClassifier net({1, 6, 6}, 12, 4, 2);
  const AttackRequest request = ownPredictions(net, 4, 9);
  std::stop_source stop;
  int steps = 0;
  const JobContext context(stop.get_token(), nullptr, [&] {
    if (++steps == 3) stop.request_stop();
  });
  try {
    attack(net, request, {}, context);
    QFAIL("not cancelled");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::Cancelled);
  }
  QCOMPARE(steps, 3);
}

void MinimalNormTest::queriesAndSteps() {
  const LinearClassifier net = LinearClassifier::random({1, 6, 6}, 3, 3);
  AttackRequest request = ownPredictions(net, 4, 9);
  request.trace = true;
  std::int64_t announced = 0;
  request.onStep = [&](const AttackTraceStep& step) { announced += step.step >= 0; };
  const std::int64_t before = net.imagesSeen();
  const AttackOutcome outcome = attack(net, request);
  QCOMPARE(outcome.forwards, net.imagesSeen() - before);
  const std::int64_t steps = outcome.steps.sum().item<std::int64_t>();
  const std::int64_t gradients = std::string(current().attack) == "deepfool" ? 2 : 1;
  QCOMPARE(outcome.backwards, gradients * steps);
  QVERIFY(!outcome.trace.empty());
  QCOMPARE(announced, static_cast<std::int64_t>(outcome.trace.size()));
  QVERIFY(outcome.trace.front().margin < 0);
}

void MinimalNormTest::adaptiveLowersTheScore() {
  const ImageShape shape{1, 6, 6};
  const SmoothClassifier net(shape, 12, 4, 2);
  const Parameters p = resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}});
  const auto score =
      std::make_shared<FingerprintScore>(sampleFingerprints(p, shape, 4, 3).to(torch::kCPU, torch::kFloat64));
  AttackRequest request = ownPredictions(net, 4, 9);
  const AttackOutcome plain = attack(net, request);
  request.threatModel = ThreatModel::AdaptiveWhiteBox;
  request.detector.score = score;
  request.detector.weight = std::string(current().attack) == "deepfool" ? 3 : 0.5;
  const AttackOutcome adaptive = attack(net, request);
  QVERIFY(!plain.scores.defined());
  const torch::Tensor both = plain.success & adaptive.success;
  QVERIFY(both.any().item<bool>());
  const torch::Tensor without = score->score(net, plain.adversarial);
  const torch::Tensor with = score->score(net, adaptive.adversarial);
  QVERIFY((with - adaptive.scores).abs().max().item<double>() < 1e-9);
  QVERIFY(with.index({both}).mean().item<double>() < without.index({both}).mean().item<double>());
}

void MinimalNormTest::emptyBatch() {
  const SmoothClassifier net({1, 6, 6}, 12, 4, 2);
  const AttackOutcome outcome = attack(net, ownPredictions(net, 0, 9));
  QCOMPARE(outcome.adversarial.size(0), 0);
  QCOMPARE(outcome.forwards, 0);
}

QTEST_APPLESS_MAIN(MinimalNormTest)
#include "minimal_norm_test.moc"
