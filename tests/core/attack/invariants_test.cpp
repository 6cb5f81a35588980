// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold for every attack of the table, whatever it is: a new attack is tested by being registered.
#include <cmath>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <QTest>

#include "core/attack/attack.h"
#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/attack_variants.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);
constexpr int kClasses = 3;

AttackOutcome run(const Variant& variant, const Classifier& net, const AttackRequest& request,
                  const JobContext& context = {}) {
  return variant.attack->run(net, request, variant.parameters, context);
}

torch::Tensor distances(const Variant& variant, const AttackRequest& request, const AttackOutcome& outcome) {
  const torch::Tensor delta = (outcome.adversarial - request.images).flatten(1);
  if (variant.norm == "linf") return delta.abs().amax(1);
  return variant.norm == "l1" ? delta.abs().sum(1) : delta.norm(2, 1);
}

/// "" or what is wrong with an outcome, against a fresh look at its images.
std::string fault(const Variant& variant, const Classifier& net, const AttackRequest& request,
                  const AttackOutcome& outcome) {
  const torch::Tensor& x = outcome.adversarial;
  if (x.sizes() != request.images.sizes() || x.scalar_type() != request.images.scalar_type()) return "shape or type";
  if (x.requires_grad()) return "a graph hangs on the images";
  if (!x.isfinite().all().item<bool>()) return "a pixel isn't finite";
  if (!((x >= 0) & (x <= 1)).all().item<bool>()) return "outside the box";
  if (variant.parameters.has("epsilon")) {
    const double excess =
        distances(variant, request, outcome).max().item<double>() - variant.parameters.real("epsilon");
    if (excess > 1e-6) return "outside the ball by " + std::to_string(excess);
  }
  const torch::Tensor predictions = net.logits(x).argmax(1);
  if (!at::equal(outcome.predictions, predictions)) return "predictions";
  const torch::Tensor fooled = variant.targeted ? predictions == request.targets : predictions != request.labels;
  if (!at::equal(outcome.success, fooled)) return "success";
  const std::int64_t batch = request.images.size(0);
  if (!outcome.nonfinite.defined() || outcome.nonfinite.size(0) != batch) return "nonfinite";
  if (!outcome.steps.defined() || outcome.steps.size(0) != batch || (outcome.steps < 0).any().item<bool>())
    return "steps";
  if (outcome.nonfinite.any().item<bool>()) return "flagged as not finite";
  if (batch > 0 && outcome.forwards < batch) return "forwards";
  if (variant.takesGradients() ? outcome.backwards == 0 && outcome.steps.any().item<bool>() : outcome.backwards != 0) {
    return "backwards";
  }
  return "";
}

/// A finite value with a gradient that isn't: √0 at every image.
class NanGradient : public Classifier {
 public:
  explicit NanGradient(LinearClassifier inner) : m_inner(std::move(inner)) {}
  torch::Tensor logits(const torch::Tensor& images) const override {
    return m_inner.logits(images) + (images.flatten(1).select(1, 0) * 0).sqrt().unsqueeze(1);
  }
  ImageShape inputShape() const override { return m_inner.inputShape(); }
  int classCount() const override { return m_inner.classCount(); }
  bool differentiable() const override { return true; }
  torch::Device device() const override { return torch::kCPU; }
  torch::Dtype dtype() const override { return torch::kFloat64; }

 private:
  LinearClassifier m_inner;
};

LinearClassifier flat(const ImageShape& shape, std::int64_t winner) {
  torch::Tensor bias = torch::zeros({kClasses}, kDouble);
  bias[winner] = 1;
  return {torch::zeros({kClasses, shape.size()}, kDouble), bias, shape};
}

const ImageShape kTiny{2, 5, 5};

}  // namespace

class InvariantsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  /// Small batches: threads inside an operator would wait for one another wherever the machine has other work.
  void initTestCase() { at::set_num_threads(1); }
  void faultsAreSeen();
  void everyOutcomeIsSound_data();
  void everyOutcomeIsSound();
  void misclassifiedImages();
  void batchesDoNotMatter();
  void seedsDecide();
  void inputsAreNotTouched();
  void cancellingRaises();
  void adaptiveScoresAreTrue();
  void brokenGradientsAreReported();
  void brokenLogitsAreReported();
  void flatModelsAreReported();
  void modelsWithoutGradients();
  void threatModels();
};

void InvariantsTest::faultsAreSeen() {
  // A check that nothing can fail would prove nothing.
  const SmoothClassifier net(kTiny, 12, kClasses, 3);
  Variant variant;
  for (const Variant& each : variants(kTiny)) {
    if (each.name == "pgd linf best") variant = each;
  }
  QVERIFY(variant.attack != nullptr);
  const AttackRequest request = requestFor(variant, net, hardImages(kTiny));
  const AttackOutcome sound = run(variant, net, request);
  const auto seen = [&](const std::function<void(AttackOutcome&)>& spoil) {
    AttackOutcome outcome = sound;
    outcome.adversarial = sound.adversarial.clone();
    spoil(outcome);
    return fault(variant, net, request, outcome);
  };
  QCOMPARE(seen([](AttackOutcome&) {}), std::string());
  QCOMPARE(seen([](AttackOutcome& o) { o.adversarial = o.adversarial.narrow(0, 0, 4); }), std::string("shape or type"));
  QCOMPARE(seen([](AttackOutcome& o) { o.adversarial[1][0][0][0] = -1e-9; }), std::string("outside the box"));
  QCOMPARE(seen([](AttackOutcome& o) { o.adversarial[1][0][0][0] = std::nan(""); }),
           std::string("a pixel isn't finite"));
  QVERIFY(seen([](AttackOutcome& o) { o.adversarial[1][0][0][0] = 0.1 + 2e-6; }).find("ball") != std::string::npos);
  QCOMPARE(seen([](AttackOutcome& o) { o.success = o.success.logical_not(); }), std::string("success"));
  QCOMPARE(seen([](AttackOutcome& o) { o.predictions = (o.predictions + 1) % kClasses; }), std::string("predictions"));
  QCOMPARE(seen([](AttackOutcome& o) { o.backwards = 0; }), std::string("backwards"));
}

void InvariantsTest::everyOutcomeIsSound_data() {
  QTest::addColumn<int>("channels");
  QTest::addColumn<int>("side");
  QTest::newRow("1x28x28") << 1 << 28;
  QTest::newRow("3x32x32") << 3 << 32;
  QTest::newRow("3x84x84") << 3 << 84;
}

void InvariantsTest::everyOutcomeIsSound() {
  QFETCH(int, channels);
  QFETCH(int, side);
  const ImageShape shape{channels, side, side};
  const SmoothClassifier net(shape, side == 84 ? 4 : 12, kClasses, 3);
  const torch::Tensor images = hardImages(shape);
  std::int64_t successes = 0;
  for (const Variant& variant : variants(shape)) {
    const AttackRequest request = requestFor(variant, net, images);
    const AttackOutcome outcome = run(variant, net, request);
    const std::string wrong = fault(variant, net, request, outcome);
    QVERIFY2(wrong.empty(), (variant.name + ": " + wrong).c_str());
    successes += outcome.success.sum().item<std::int64_t>();
  }
  QVERIFY(successes > 0);
}

void InvariantsTest::misclassifiedImages() {
  const SmoothClassifier net(kTiny, 12, kClasses, 3);
  for (const Variant& variant : variants(kTiny)) {
    AttackRequest request = requestFor(variant, net, hardImages(kTiny));
    request.labels = (request.labels + 1) % kClasses;
    if (variant.targeted) request.targets = (request.labels + 1) % kClasses;
    const std::string wrong = fault(variant, net, request, run(variant, net, request));
    QVERIFY2(wrong.empty(), (variant.name + ": " + wrong).c_str());
  }
}

void InvariantsTest::batchesDoNotMatter() {
  const SmoothClassifier net(kTiny, 12, kClasses, 3);
  for (const Variant& variant : variants(kTiny)) {
    const AttackRequest request = requestFor(variant, net, hardImages(kTiny));
    const AttackOutcome whole = run(variant, net, request);
    std::int64_t forwards = 0;
    for (std::int64_t k = 0; k < request.images.size(0); ++k) {
      const AttackOutcome one = run(variant, net, only(request, k));
      forwards += one.forwards;
      const double difference = (one.adversarial[0] - whole.adversarial[k]).abs().max().item<double>();
      QVERIFY2(difference < 1e-7, (variant.name + ": " + std::to_string(difference)).c_str());
      QVERIFY2(at::equal(one.success[0], whole.success[k]), variant.name.c_str());
    }
    QVERIFY2(forwards == whole.forwards, variant.name.c_str());
  }
}

void InvariantsTest::seedsDecide() {
  const SmoothClassifier net(kTiny, 12, kClasses, 3);
  for (const Variant& variant : variants(kTiny)) {
    const AttackRequest request = requestFor(variant, net, hardImages(kTiny));
    const AttackOutcome first = run(variant, net, request);
    QVERIFY2(at::equal(run(variant, net, request).adversarial, first.adversarial), variant.name.c_str());
  }
}

void InvariantsTest::inputsAreNotTouched() {
  const SmoothClassifier net(kTiny, 12, kClasses, 3);
  const torch::Tensor images = hardImages(kTiny);
  for (const Variant& variant : variants(kTiny)) {
    const AttackRequest request = requestFor(variant, net, images.clone());
    const torch::Tensor labels = request.labels.clone();
    const AttackOutcome outcome = run(variant, net, request);
    QVERIFY2(at::equal(request.images, images) && at::equal(request.labels, labels), variant.name.c_str());
    QVERIFY2(!request.images.requires_grad(), variant.name.c_str());
    QVERIFY2(outcome.adversarial.data_ptr() != request.images.data_ptr(), variant.name.c_str());
  }
}

void InvariantsTest::cancellingRaises() {
  const SmoothClassifier net(kTiny, 12, kClasses, 3);
  for (const Variant& variant : variants(kTiny)) {
    for (const int after : {1, 2}) {
      std::stop_source source;
      int calls = 0;
      const JobContext context(source.get_token(), nullptr, [&] {
        if (++calls == after) source.request_stop();
      });
      try {
        run(variant, net, requestFor(variant, net, hardImages(kTiny)), context);
        QFAIL((variant.name + " ran to its end").c_str());
      } catch (const Error& error) {
        QCOMPARE(error.kind(), ErrorKind::Cancelled);
        QCOMPARE(calls, after);
      }
    }
  }
}

void InvariantsTest::adaptiveScoresAreTrue() {
  const SmoothClassifier net(kTiny, 12, kClasses, 3);
  const Parameters sampling = resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}});
  const auto score = std::make_shared<FingerprintScore>(
      sampleFingerprints(sampling, kTiny, kClasses, 3).to(torch::kCPU, torch::kFloat64));
  for (const Variant& variant : variants(kTiny)) {
    AttackRequest request = requestFor(variant, net, hardImages(kTiny));
    request.threatModel = ThreatModel::AdaptiveWhiteBox;
    request.detector.score = score;
    request.detector.weight = 0.5;
    const AttackOutcome outcome = run(variant, net, request);
    const std::string wrong = fault(variant, net, request, outcome);
    QVERIFY2(wrong.empty(), (variant.name + ": " + wrong).c_str());
    QVERIFY2(outcome.scores.defined() && outcome.scores.scalar_type() == torch::kFloat64, variant.name.c_str());
    const torch::Tensor fresh = score->score(net, outcome.adversarial);
    const torch::Tensor known = outcome.scores.isfinite();
    QVERIFY2((known | outcome.success.logical_not()).all().item<bool>(), variant.name.c_str());
    QVERIFY2(at::allclose(outcome.scores.masked_select(known), fresh.masked_select(known), 0, 1e-9),
             variant.name.c_str());
  }
}

void InvariantsTest::brokenGradientsAreReported() {
  const NanGradient net(LinearClassifier::random(kTiny, kClasses, 3));
  for (const Variant& variant : variants(kTiny)) {
    if (!variant.takesGradients()) continue;
    const AttackRequest request = requestFor(variant, net, hardImages(kTiny));
    const AttackOutcome outcome = run(variant, net, request);
    QVERIFY2((outcome.nonfinite | outcome.success).all().item<bool>(), variant.name.c_str());
    QVERIFY2(outcome.nonfinite.any().item<bool>() && !outcome.notes.empty(), variant.name.c_str());
    QVERIFY2(outcome.adversarial.isfinite().all().item<bool>(), variant.name.c_str());
  }
}

void InvariantsTest::brokenLogitsAreReported() {
  torch::Tensor weight = torch::ones({kClasses, kTiny.size()}, kDouble);
  weight[1] = std::nan("");
  const LinearClassifier net(weight, torch::zeros({kClasses}, kDouble), kTiny);
  for (const Variant& variant : variants(kTiny)) {
    AttackRequest request = requestFor(variant, net, hardImages(kTiny));
    request.labels.fill_(0);
    if (variant.targeted) request.targets.fill_(1);
    const AttackOutcome outcome = run(variant, net, request);
    QVERIFY2(!outcome.success.any().item<bool>(), variant.name.c_str());
    QVERIFY2(outcome.nonfinite.all().item<bool>() && !outcome.notes.empty(), variant.name.c_str());
    QVERIFY2(outcome.adversarial.isfinite().all().item<bool>(), variant.name.c_str());
  }
}

void InvariantsTest::flatModelsAreReported() {
  const LinearClassifier net = flat(kTiny, 1);
  for (const Variant& variant : variants(kTiny)) {
    const AttackRequest request = requestFor(variant, net, hardImages(kTiny));
    const AttackOutcome outcome = run(variant, net, request);
    QVERIFY2(!outcome.success.any().item<bool>(), variant.name.c_str());
    QVERIFY2(!outcome.nonfinite.any().item<bool>(), variant.name.c_str());
    QVERIFY2(!outcome.notes.empty(), variant.name.c_str());
    QVERIFY2(outcome.notes[0].find("vanished") != std::string::npos, variant.name.c_str());
  }
}

void InvariantsTest::modelsWithoutGradients() {
  LinearClassifier net = LinearClassifier::random(kTiny, kClasses, 3);
  const torch::Tensor images = hardImages(kTiny);
  for (const Variant& variant : variants(kTiny)) {
    net.setDifferentiable(true);
    const AttackRequest request = requestFor(variant, net, images);
    net.setDifferentiable(false);
    try {
      const AttackOutcome outcome = run(variant, net, request);
      QVERIFY2(!variant.takesGradients(), variant.name.c_str());
      QVERIFY2(fault(variant, net, request, outcome).empty(), variant.name.c_str());
    } catch (const Error& error) {
      QVERIFY2(variant.takesGradients(), variant.name.c_str());
      QCOMPARE(error.kind(), ErrorKind::BadInput);
    }
  }
}

void InvariantsTest::threatModels() {
  const LinearClassifier net = LinearClassifier::random(kTiny, kClasses, 3);
  for (const Variant& variant : variants(kTiny)) {
    AttackRequest request = requestFor(variant, net, hardImages(kTiny));
    request.threatModel = ThreatModel::BlackBox;
    const std::int64_t before = net.imagesSeen();
    try {
      run(variant, net, request);
      QVERIFY2(!variant.takesGradients(), variant.name.c_str());
    } catch (const Error& error) {
      QVERIFY2(variant.takesGradients(), variant.name.c_str());
      QCOMPARE(error.kind(), ErrorKind::Usage);
      QCOMPARE(net.imagesSeen(), before);
    }
  }
}

QTEST_APPLESS_MAIN(InvariantsTest)
#include "invariants_test.moc"
