// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/cw.h"

#include <cmath>
#include <memory>
#include <string>

#include <QTest>

#include "core/attack/adaptive.h"
#include "core/attack/cw_search.h"
#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"
#include "tests/core/attack/nearest_distance.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

Parameters small(const char* search) {
  return {{"steps", std::int64_t{200}},
          {"learning_rate", 0.05},
          {"search_steps", std::int64_t{6}},
          {"initial_const", 0.1},
          {"search", std::string(search)}};
}

AttackOutcome attack(const Classifier& net, const AttackRequest& request, const Parameters& parameters) {
  return findAttack("cw").run(net, request, parameters, {});
}

torch::Tensor flags(bool value) { return torch::full({1}, value, torch::kBool); }

torch::Tensor l2(const AttackRequest& request, const AttackOutcome& outcome) {
  return l2Norms(outcome.adversarial - request.images);
}

}  // namespace

class CwTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void constantsAreBisected();
  void everyPixelCanMove();
  void confidenceCostsDistance();
  void warmSearchIsNoWorseAndCheaper();
  void abortEarlySavesGradients();
  void constantsCanBeGivenBack();
  void confidenceNeedsASum();
  void presetsAreValid();
};

void CwTest::constantsAreBisected() {
  ConstantSearch failing(1e-3, 1, kDouble);
  for (int k = 0; k < 8; ++k) failing.update(flags(true), flags(false));
  QVERIFY(std::abs(failing.constant.item<double>() - 1e5) < 1e-6);
  ConstantSearch search(0.1, 1, kDouble);
  search.update(flags(true), flags(false));
  QCOMPARE(search.constant.item<double>(), 1.0);
  search.update(flags(true), flags(true));
  QCOMPARE(search.constant.item<double>(), 0.55);
  search.update(flags(false), flags(true));  // its search step goes on
  QCOMPARE(search.constant.item<double>(), 0.55);
  for (int k = 0; k < 100; ++k) failing.update(flags(true), flags(false));
  QCOMPARE(failing.constant.item<double>(), 1e10);
}

void CwTest::everyPixelCanMove() {
  const torch::Tensor images = torch::tensor({0.0, 1.0, 0.5, 0.25}, torch::kFloat32).view({1, 1, 2, 2});
  TanhAdam adam(images, 0.999999);
  QVERIFY((adam.images() - images).abs().max().item<double>() < 1e-6);
  QVERIFY((adam.slope() > 0).all().item<bool>());
  // Far outside, where float images have long rounded to 0 and 1, the slope is still there.
  adam.restart(torch::zeros({1}, torch::kInt64), torch::full({1, 1, 2, 2}, 20.0F));
  QCOMPARE(adam.images().min().item<double>(), 1.0);
  QVERIFY((adam.slope() > 0).all().item<bool>());
}

void CwTest::confidenceCostsDistance() {
  const SmoothClassifier net({1, 6, 6}, 12, 4, 2);
  const AttackRequest request = ownPredictions(net, 4, 9);
  for (const char* search : {"warm", "published"}) {
    double last = 0;
    for (const double confidence : {0.0, 0.2, 0.5}) {
      Parameters parameters = small(search);
      parameters.set("confidence", confidence);
      const AttackOutcome outcome = attack(net, request, parameters);
      QVERIFY(outcome.success.all().item<bool>());
      QVERIFY((margins(net.logits(outcome.adversarial), request.labels) >= confidence).all().item<bool>());
      const double mean = l2(request, outcome).mean().item<double>();
      QVERIFY(mean > last);
      last = mean;
    }
  }
}

void CwTest::warmSearchIsNoWorseAndCheaper() {
  const SmoothClassifier net({1, 12, 12}, 12, 5, 4);
  const AttackRequest request = ownPredictions(net, 8, 9);
  const AttackOutcome warm = attack(net, request, small("warm"));
  const AttackOutcome published = attack(net, request, small("published"));
  QVERIFY(warm.success.all().item<bool>());
  QVERIFY(published.success.all().item<bool>());
  QVERIFY(l2(request, warm).mean().item<double>() <= 1.01 * l2(request, published).mean().item<double>());
  QVERIFY2(2 * warm.backwards < published.backwards, qPrintable(QString::number(warm.backwards)));
}

void CwTest::abortEarlySavesGradients() {
  const SmoothClassifier net({1, 6, 6}, 12, 4, 2);
  const AttackRequest request = ownPredictions(net, 4, 9);
  Parameters all = small("published");
  all.set("abort_early", false);
  const AttackOutcome full = attack(net, request, all);
  const AttackOutcome early = attack(net, request, small("published"));
  QCOMPARE(full.backwards, 4 * 6 * 200);
  QVERIFY((full.steps == 6 * 200).all().item<bool>());
  QVERIFY(early.backwards < full.backwards);
}

void CwTest::constantsCanBeGivenBack() {
  const SmoothClassifier net({1, 6, 6}, 12, 4, 2);
  AttackRequest request = ownPredictions(net, 4, 9);
  Parameters parameters = small("published");
  parameters.set("abort_early", false);
  parameters.set("line_search", std::int64_t{0});
  const AttackOutcome first = attack(net, request, parameters);
  QVERIFY(first.success.all().item<bool>());
  request.constants = first.constants;
  const AttackOutcome second = attack(net, request, parameters);
  // One search step with the constants that were best gives the same images.
  QCOMPARE(second.backwards, 4 * 200);
  QVERIFY((second.adversarial - first.adversarial).abs().max().item<double>() < 1e-9);
  QVERIFY(torch::equal(second.constants, first.constants));
}

void CwTest::confidenceNeedsASum() {
  const ImageShape shape{1, 6, 6};
  const SmoothClassifier net(shape, 12, 4, 2);
  const Parameters p = resolve("fingerprint", fingerprintParameters(), {{"fingerprint_epsilon", 0.3}});
  AttackRequest request = ownPredictions(net, 2, 9);
  request.threatModel = ThreatModel::AdaptiveWhiteBox;
  request.detector.score =
      std::make_shared<FingerprintScore>(sampleFingerprints(p, shape, 4, 3).to(torch::kCPU, torch::kFloat64));
  request.detector.rule = DetectorTerm::Rule::Selective;
  Parameters parameters = small("published");
  QVERIFY(attack(net, request, parameters).success.any().item<bool>());
  parameters.set("confidence", 0.1);
  QVERIFY_THROWS_EXCEPTION(Error, attack(net, request, parameters));
}

void CwTest::presetsAreValid() {
  const Attack& cw = findAttack("cw");
  std::vector<ParameterSpec> all = cw.spec().parameters;
  all.insert(all.end(), adaptiveParameters().begin(), adaptiveParameters().end());
  for (const AttackPreset& preset : cw.presets()) {
    const bool adaptive = preset.threatModel == ThreatModel::AdaptiveWhiteBox;
    const Parameters resolved = resolve(preset.name, adaptive ? all : cw.spec().parameters, preset.parameters);
    QCOMPARE(adaptive, preset.name.starts_with("adaptive"));
    if (adaptive) QCOMPARE(resolved.text("search"), std::string("published"));
  }
}

QTEST_APPLESS_MAIN(CwTest)
#include "cw_test.moc"
