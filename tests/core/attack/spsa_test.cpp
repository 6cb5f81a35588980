// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/spsa.h"

#include <cmath>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <QTest>

#include "core/attack/support.h"
#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

/// Two classes; the margin away from class 1 is (x − c)ᵀ A (x − c) / 2, with A = diag(curvature).
class QuadraticClassifier : public Classifier {
 public:
  QuadraticClassifier(torch::Tensor curvature, torch::Tensor centre)
      : m_curvature(std::move(curvature)), m_centre(std::move(centre)) {}
  torch::Tensor logits(const torch::Tensor& images) const override {
    const torch::Tensor offset = images.flatten(1) - m_centre;
    const torch::Tensor value = (offset.square() * m_curvature).sum(1) / 2;
    return at::stack({value, at::zeros_like(value)}, 1);
  }
  torch::Tensor gradient(const torch::Tensor& image) const { return (image.flatten() - m_centre) * m_curvature; }
  ImageShape inputShape() const override { return {1, 1, static_cast<int>(m_centre.size(0))}; }
  int classCount() const override { return 2; }
  bool differentiable() const override { return false; }
  torch::Device device() const override { return torch::kCPU; }
  torch::Dtype dtype() const override { return torch::kFloat64; }

 private:
  torch::Tensor m_curvature;
  torch::Tensor m_centre;
};

class WeightedPixels : public DifferentiableScore {
 public:
  explicit WeightedPixels(torch::Tensor weights) : m_weights(std::move(weights)) {}
  Value scored(const Classifier& classifier, const torch::Tensor& images, const torch::Tensor&) const override {
    return {(images.flatten(1) * m_weights).sum(1), classifier.logits(images)};
  }

 private:
  torch::Tensor m_weights;
};

/// All 2^size sign vectors, [1,2^size,size].
torch::Tensor allSigns(std::int64_t size) {
  torch::Tensor signs = torch::empty({1, std::int64_t{1} << size, size}, torch::kInt8);
  for (std::int64_t v = 0; v < signs.size(1); ++v) {
    for (std::int64_t k = 0; k < size; ++k) {
      signs.data_ptr<std::int8_t>()[v * size + k] = (v >> k & 1) != 0 ? 1 : -1;
    }
  }
  return signs;
}

torch::Tensor estimate(const Classifier& net, const torch::Tensor& image, const torch::Tensor& signs, double delta,
                       DetectorTerm detector = {}) {
  AttackAims aims{torch::ones({image.size(0)}, torch::kInt64), {}, {}};
  if (detector) aims.weights = torch::full({image.size(0)}, detector.weight, kDouble);
  return SpsaGradient(delta, signs.size(1))
      .estimate(makeObjective("margin", std::move(detector)), net, image, aims,
                [&](std::int64_t first, std::int64_t n, std::int64_t pair, std::int64_t m) {
                  return signs.narrow(0, first, n).narrow(1, pair, m);
                })
      .flatten(1);
}

bool near(const torch::Tensor& actual, const torch::Tensor& expected, double tolerance) {
  return (actual.flatten() - expected.flatten()).abs().max().item<double>() <= tolerance;
}

AttackRequest ownPredictions(const Classifier& net, std::int64_t count, std::uint64_t seed) {
  AttackRequest request;
  request.images = randomImages(net.inputShape(), count, seed);
  request.labels = net.logits(request.images).argmax(1);
  request.threatModel = ThreatModel::BlackBox;
  request.seed = 5;
  return request;
}

AttackOutcome spsa(const Classifier& net, const AttackRequest& request, Parameters parameters) {
  return findAttack("spsa").run(net, request, parameters, {});
}

const Parameters kQuick = {
    {"epsilon", 0.1}, {"steps", std::int64_t{6}}, {"learning_rate", 0.05}, {"pairs", std::int64_t{20}}};

Parameters with(Parameters parameters, const char* name, ParameterValue value) {
  parameters.set(name, std::move(value));
  return parameters;
}

}  // namespace

class SpsaTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void averageOverAllSignsIsTheGradient();
  void gradientIsThatOfThePointItself();
  void manyPairsAreThePlainMean();
  void imagesKeepTheirOwnDifferences();
  void signsAreFairAndTheirSeedsOwn();
  void detectorIsAskedAtTheProbes();
  void queriesAreCounted();
  void modelsWithoutGradientsAreAttacked();
  void threatModelsAreHonoured();
  void presetsOfThePublishedTerm();
  void agreesWithTheTrueGradient();
  void randomnessBelongsToTheImage();
  void seedsMatter();
  void cancelsBetweenProbes();
  void flatAndBrokenModelsAreReported();
  void badParametersAreRefused();
};

void SpsaTest::averageOverAllSignsIsTheGradient() {
  const torch::Tensor g = torch::tensor({1.0, -2.0, 0.5}, kDouble);
  const LinearClassifier net(at::stack({g, torch::zeros_like(g)}), torch::zeros({2}, kDouble), {1, 1, 3});
  const torch::Tensor x = torch::tensor({0.2, 0.9, 0.4}, kDouble).view({1, 1, 1, 3});
  QVERIFY(near(estimate(net, x, allSigns(3), 0.01), g, 1e-12));
}

void SpsaTest::gradientIsThatOfThePointItself() {
  // On a quadratic the antithetic difference is exact; another library's estimate was that of the point 2x.
  const torch::Tensor curvature = torch::tensor({1.0, 3.0, -2.0, 0.5}, kDouble);
  const QuadraticClassifier net(curvature, torch::tensor({0.1, 0.7, 0.3, 0.9}, kDouble));
  const torch::Tensor x = torch::tensor({0.5, 0.2, 0.8, 0.4}, kDouble).view({1, 1, 1, 4});
  for (const double delta : {0.001, 0.01, 0.5}) {
    QVERIFY(near(estimate(net, x, allSigns(4), delta), net.gradient(x), 1e-10));
    QVERIFY(!near(estimate(net, x, allSigns(4), delta), net.gradient(2 * x), 0.1));
  }
}

void SpsaTest::manyPairsAreThePlainMean() {
  // 150 pairs go through the network in pieces; of two images, as of one.
  const SmoothClassifier net({1, 5, 5}, 12, 2, 3);
  const torch::Tensor images = randomImages({1, 5, 5}, 2, 4);
  const torch::Tensor signs = randomSigns({8, 9}, 0, 150, 25);
  const double delta = 0.02;
  const torch::Tensor actual = estimate(net, images, signs, delta);
  for (std::int64_t k = 0; k < 2; ++k) {
    const torch::Tensor v = signs[k].to(torch::kFloat64);
    const torch::Tensor labels = torch::ones({150}, torch::kInt64);
    const auto margin = [&](double side) {
      return margins(net.logits((images[k].flatten() + side * delta * v).view({150, 1, 5, 5})), labels);
    };
    const torch::Tensor expected = ((margin(1) - margin(-1)) / (2 * delta)).unsqueeze(1).mul(v).mean(0);
    QVERIFY(near(actual[k], expected, 1e-12));
  }
}

void SpsaTest::imagesKeepTheirOwnDifferences() {
  // Few pairs: many images share a batch of probes.
  const SmoothClassifier net({1, 5, 5}, 12, 2, 3);
  const torch::Tensor images = randomImages({1, 5, 5}, 50, 4);
  std::vector<std::uint64_t> seeds(50);
  for (std::size_t k = 0; k < seeds.size(); ++k) seeds[k] = k;
  const torch::Tensor signs = randomSigns(seeds, 0, 3, 25);
  const torch::Tensor whole = estimate(net, images, signs, 0.01);
  for (const std::int64_t k : {0, 1, 20, 21, 22, 49}) {
    QVERIFY(near(estimate(net, images.narrow(0, k, 1), signs.narrow(0, k, 1), 0.01), whole[k], 1e-12));
  }
}

void SpsaTest::signsAreFairAndTheirSeedsOwn() {
  for (const std::int64_t size : {1, 7, 8, 63, 64, 65, 784}) {
    const torch::Tensor signs = randomSigns({1, 2}, 0, 40, size);
    QVERIFY((signs.sizes() == at::IntArrayRef{2, 40, size}));
    QVERIFY((signs.abs() == 1).all().item<bool>());
    QVERIFY(at::equal(signs, randomSigns({1, 2}, 0, 40, size)));
    QVERIFY(at::equal(signs.narrow(0, 1, 1).narrow(1, 30, 5), randomSigns({2}, 30, 5, size)));
  }
  const torch::Tensor many = randomSigns({3}, 0, 5000, 100).to(torch::kFloat64)[0];
  QVERIFY(many.mean(0).abs().max().item<double>() < 5 / std::sqrt(5000.0));
  QVERIFY(many.mean(1).abs().max().item<double>() < 6 / std::sqrt(100.0));
  // No two components or pairs go together.
  const torch::Tensor together = many.t().mm(many) / 5000 - torch::eye(100, kDouble);
  QVERIFY(together.abs().max().item<double>() < 6 / std::sqrt(5000.0));
  QVERIFY(!at::equal(randomSigns({3}, 0, 1, 784), randomSigns({4}, 0, 1, 784)));
  QVERIFY(!at::equal(randomSigns({3}, 0, 1, 784), randomSigns({3}, 1, 1, 784)));
}

void SpsaTest::detectorIsAskedAtTheProbes() {
  const torch::Tensor g = torch::tensor({1.0, -2.0, 0.5}, kDouble);
  const torch::Tensor d = torch::tensor({0.3, 0.1, -4.0}, kDouble);
  const LinearClassifier net(at::stack({g, torch::zeros_like(g)}), torch::zeros({2}, kDouble), {1, 1, 3});
  const torch::Tensor x = torch::tensor({0.2, 0.9, 0.4}, kDouble).view({1, 1, 1, 3});
  DetectorTerm detector;
  detector.score = std::make_shared<WeightedPixels>(d);
  detector.weight = 2;
  QVERIFY(near(estimate(net, x, allSigns(3), 0.01, detector), g - 2 * d, 1e-12));
}

void SpsaTest::queriesAreCounted() {
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  const AttackRequest request = ownPredictions(net, 5, 2);
  const AttackOutcome all = spsa(net, request, with(kQuick, "stop", std::string("last")));
  QCOMPARE(all.forwards, 5 * (6 * 41 + 1));
  QCOMPARE(all.backwards, 0);
  // Fooled images are asked about no more.
  const AttackOutcome best = spsa(net, request, with(kQuick, "epsilon", 0.5));
  QVERIFY(best.success.any().item<bool>());
  QCOMPARE(best.forwards, 5 + 41 * best.steps.sum().item<std::int64_t>() + 5);
}

void SpsaTest::modelsWithoutGradientsAreAttacked() {
  LinearClassifier net = LinearClassifier::random({1, 8, 8}, 4, 3);
  const AttackRequest request = ownPredictions(net, 10, 2);
  net.setDifferentiable(false);
  const AttackOutcome outcome = spsa(net, request, with(kQuick, "epsilon", 0.3));
  QVERIFY(outcome.success.sum().item<std::int64_t>() >= 9);
  QVERIFY((outcome.adversarial - request.images).abs().max().item<double>() <= 0.3 + 1e-12);
}

void SpsaTest::threatModelsAreHonoured() {
  const ImageShape shape{1, 6, 6};
  const SmoothClassifier net(shape, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 3, 2);
  QCOMPARE(findAttack("spsa").threatModel(), ThreatModel::BlackBox);
  const AttackOutcome plain = spsa(net, request, kQuick);
  request.threatModel = ThreatModel::GreyBox;  // may see more than it needs
  QVERIFY(at::equal(spsa(net, request, kQuick).adversarial, plain.adversarial));
  request.detector.score = std::make_shared<WeightedPixels>(torch::ones({36}, kDouble));
  for (const ThreatModel model : {ThreatModel::BlackBox, ThreatModel::GreyBox}) {
    request.threatModel = model;
    QVERIFY_THROWS_EXCEPTION(Error, spsa(net, request, kQuick));
  }
  request.threatModel = ThreatModel::AdaptiveWhiteBox;
  request.detector.weight = 5;
  const AttackOutcome adaptive = spsa(net, request, kQuick);
  QVERIFY((adaptive.adversarial.mean() < plain.adversarial.mean()).item<bool>());
  QVERIFY(near(adaptive.scores, adaptive.adversarial.flatten(1).sum(1), 1e-12));
}

void SpsaTest::presetsOfThePublishedTerm() {
  // The published attack's fingerprint term was a constant: the direction is plain SPSA's.
  const ImageShape shape{1, 6, 6};
  const SmoothClassifier net(shape, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 3, 2);
  const Parameters first = with(kQuick, "stop", std::string("first_success"));
  const AttackOutcome plain = spsa(net, request, first);
  request.threatModel = ThreatModel::AdaptiveWhiteBox;
  request.detector.score = std::make_shared<WeightedPixels>(torch::ones({36}, kDouble));
  request.detector.weight = 0;
  QVERIFY(at::equal(spsa(net, request, first).adversarial, plain.adversarial));
  int published = 0;
  for (const AttackPreset& preset : findAttack("spsa").presets()) {
    if (preset.name.find("as-published") == std::string::npos) continue;
    ++published;
    QCOMPARE(preset.parameters.real("detector_weight"), 0.0);
    QVERIFY(preset.summary.find("constant") != std::string::npos);
  }
  QCOMPARE(published, 2);
}

void SpsaTest::agreesWithTheTrueGradient() {
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  const AttackRequest request = ownPredictions(net, 4, 2);
  const AttackObjective objective = makeObjective("margin");
  const AttackAims aims = aimsOf(request);
  const torch::Tensor truth = lossGradient(objective, net, request.images, aims).gradient.flatten(1);
  const SpsaGradient source(0.001, 4000);
  const LossGradient estimated = source.at(objective, net, request.images, aims, {1, 2, 3, 4});
  QVERIFY(at::cosine_similarity(estimated.gradient.flatten(1), truth, 1).min().item<double>() > 0.98);
  QVERIFY(at::equal(estimated.logits, net.logits(request.images)));
  QVERIFY(!estimated.gradient.requires_grad());
}

void SpsaTest::randomnessBelongsToTheImage() {
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 6, 2);
  request.indices = {40, 41, 42, 43, 44, 45};
  const Parameters p = with(with(kQuick, "stop", std::string("last")), "restarts", std::int64_t{2});
  const torch::Tensor whole = spsa(net, request, p).adversarial;
  QVERIFY(at::equal(spsa(net, request, p).adversarial, whole));
  const torch::Tensor rows = torch::tensor({4, 2}, torch::kInt64);
  AttackRequest few = request;
  few.images = request.images.index_select(0, rows);
  few.labels = request.labels.index_select(0, rows);
  few.indices = {44, 42};
  QVERIFY(near(spsa(net, few, p).adversarial, whole.index_select(0, rows), 1e-9));
}

void SpsaTest::seedsMatter() {
  const SmoothClassifier net({1, 6, 6}, 20, 4, 3);
  AttackRequest request = ownPredictions(net, 2, 2);
  // Without a random start, the probes alone differ.
  const Parameters p = with(with(kQuick, "stop", std::string("last")), "random_start", false);
  const torch::Tensor one = spsa(net, request, p).adversarial;
  request.seed = 6;
  QVERIFY(!at::equal(spsa(net, request, p).adversarial, one));
}

void SpsaTest::cancelsBetweenProbes() {
  // One step of many probes: a person who cancels doesn't wait for all of them.
  LinearClassifier net = LinearClassifier::random({1, 6, 6}, 4, 3);
  const AttackRequest request = ownPredictions(LinearClassifier(net), 1, 2);
  std::stop_source source;
  int calls = 0;
  const JobContext context(source.get_token(), nullptr, [&] {
    if (++calls == 5) source.request_stop();
  });
  try {
    findAttack("spsa").run(net, request, with(kQuick, "pairs", std::int64_t{100000}), context);
    QFAIL("it ran to its end");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::Cancelled);
  }
  QVERIFY(net.imagesSeen() < 2000);
}

void SpsaTest::flatAndBrokenModelsAreReported() {
  const LinearClassifier flat(torch::zeros({3, 4}, kDouble), torch::tensor({0.0, 1.0, 0.0}, kDouble), {1, 2, 2});
  AttackRequest request;
  request.images = knownImage();
  request.labels = torch::ones({1}, torch::kInt64);
  const AttackOutcome nothing = spsa(flat, request, kQuick);
  QCOMPARE(nothing.success.sum().item<std::int64_t>(), 0);
  QVERIFY(nothing.notes.at(0).find("vanished") != std::string::npos);
  torch::Tensor weight = torch::ones({3, 4}, kDouble);
  weight[0] = std::nan("");
  const AttackOutcome broken = spsa(LinearClassifier(weight, torch::zeros({3}, kDouble), {1, 2, 2}), request, kQuick);
  QVERIFY(broken.nonfinite.all().item<bool>());
  QCOMPARE(broken.success.sum().item<std::int64_t>(), 0);
  QVERIFY(broken.adversarial.isfinite().all().item<bool>());
}

void SpsaTest::badParametersAreRefused() {
  AttackRequest request;
  request.images = knownImage();
  request.labels = torch::ones({1}, torch::kInt64);
  const LinearClassifier net = knownNetwork();
  const std::vector<std::pair<const char*, ParameterValue>> wrong = {
      {"pairs", std::int64_t{0}}, {"delta", 0.0},   {"learning_rate", -1.0},
      {"steps", std::int64_t{0}}, {"epsilon", 1.5}, {"loss", std::string("hinge")}};
  for (const auto& [name, value] : wrong) {
    try {
      spsa(net, request, {{name, value}});
      QFAIL(name);
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Usage);
      QVERIFY(std::string(error.what()).find(name) != std::string::npos);
    }
  }
  request.threatModel = ThreatModel::AdaptiveWhiteBox;
  request.detector.score = std::make_shared<WeightedPixels>(torch::ones({4}, kDouble));
  request.detector.rule = DetectorTerm::Rule::Orthogonal;
  QVERIFY_THROWS_EXCEPTION(Error, spsa(net, request, {}));
  QCOMPARE(net.imagesSeen(), 0);
}

QTEST_APPLESS_MAIN(SpsaTest)
#include "spsa_test.moc"
