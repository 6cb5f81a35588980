// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/attack.h"
#include "core/attack/adaptive.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <stop_token>

#include <QTest>

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

class MeanPixel : public DifferentiableScore {
 public:
  Value scored(const Classifier& classifier, const torch::Tensor& images, const torch::Tensor&) const override {
    return {images.flatten(1).mean(1), classifier.logits(images)};
  }
};

/// What the attack's defaults need.
AttackRequest knownRequestFor(const Attack& attack) {
  AttackRequest request = knownRequest();
  const Parameters defaults = resolve(attack.spec().name, attack.spec().parameters, {});
  if (defaults.has("targeted") && defaults.boolean("targeted")) request.targets = torch::zeros({1}, torch::kInt64);
  return request;
}

/// "eps" is nobody's: it must be refused by all.
bool allTaken(const Attack& attack, const Parameters& parameters) {
  const auto& list = attack.spec().parameters;
  for (const auto& [name, value] : parameters.values()) {
    const auto known = [&name = name](const ParameterSpec& spec) { return spec.name == name; };
    if (name != "eps" && std::none_of(list.begin(), list.end(), known)) return false;
  }
  return true;
}

}  // namespace

Q_DECLARE_METATYPE(std::function<void(whorl::AttackRequest&, whorl::Parameters&)>)

class AttackTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void namesAreUniqueAndFound();
  void presetsResolve();
  void badRequestsAreRefused_data();
  void badRequestsAreRefused();
  void badParametersNameTheRange();
  void noGradientsNoAttack();
  void emptyBatchIsFine();
  void cancellingTakesEffectBetweenSteps();
  void traceFollowsTheFirstImage();
  void inputIsNotTouched();
};

void AttackTest::namesAreUniqueAndFound() {
  std::set<std::string> names;
  for (const Attack* attack : attacks()) {
    const OperationSpec& spec = attack->spec();
    QVERIFY(names.insert(spec.name).second);
    QVERIFY(&findAttack(spec.name) == attack);
    QVERIFY(!spec.title.empty() && !spec.summary.empty() && !spec.reference.empty());
    QVERIFY(!attack->norms().empty());
    for (const ParameterSpec& parameter : spec.parameters) QVERIFY(!parameter.help.empty());
  }
  try {
    findAttack("deepfoool");
    QFAIL("an unknown name was found");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::Usage);
    QVERIFY(error.hint().find("fgsm") != std::string::npos);
  }
}

void AttackTest::presetsResolve() {
  for (const Attack* attack : attacks()) {
    QVERIFY(!attack->presets().empty());
    std::set<std::string> names;
    for (const AttackPreset& preset : attack->presets()) {
      QVERIFY(!preset.name.empty() && names.insert(preset.name).second);
      std::vector<ParameterSpec> known = attack->spec().parameters;
      const bool adaptive = preset.threatModel == ThreatModel::AdaptiveWhiteBox;
      QVERIFY(!adaptive || !preset.summary.empty());
      if (adaptive) known.insert(known.end(), adaptiveParameters().begin(), adaptiveParameters().end());
      resolve(attack->spec().name, known, preset.parameters);
    }
  }
}

void AttackTest::badRequestsAreRefused_data() {
  using Change = std::function<void(AttackRequest&, Parameters&)>;
  QTest::addColumn<Change>("change");
  QTest::addColumn<int>("kind");
  const auto row = [](const char* name, ErrorKind kind, Change change) {
    QTest::newRow(name) << change << static_cast<int>(kind);
  };
  using R = AttackRequest;
  using P = Parameters;
  const auto longs = [](std::int64_t value) { return torch::full({1}, value, torch::kInt64); };
  row("no images", ErrorKind::BadInput, [](R& r, P&) { r.images = torch::Tensor(); });
  row("three dimensions", ErrorKind::BadInput, [](R& r, P&) { r.images = r.images[0]; });
  row("wrong shape", ErrorKind::BadInput, [](R& r, P&) { r.images = torch::zeros({1, 1, 2, 3}, kDouble); });
  row("integers", ErrorKind::BadInput, [](R& r, P&) { r.images = torch::zeros({1, 1, 2, 2}, torch::kInt64); });
  row("pixel above 1", ErrorKind::BadInput, [](R& r, P&) { r.images = r.images + 1; });
  row("NaN pixel", ErrorKind::BadInput, [](R& r, P&) { r.images = r.images * std::nan(""); });
  row("no labels", ErrorKind::BadInput, [](R& r, P&) { r.labels = torch::Tensor(); });
  row("too many labels", ErrorKind::BadInput, [](R& r, P&) { r.labels = torch::zeros({2}, torch::kInt64); });
  row("label out of range", ErrorKind::BadInput, [=](R& r, P&) { r.labels = longs(3); });
  row("negative label", ErrorKind::BadInput, [=](R& r, P&) { r.labels = longs(-1); });
  row("wrong indices", ErrorKind::BadInput, [](R& r, P&) { r.indices = {1, 2}; });
  row("target missing", ErrorKind::Usage, [](R& r, P& p) {
    r.targets = torch::Tensor();
    p.set("targeted", true);
  });
  row("starting points of another shape", ErrorKind::BadInput, [](R& r, P&) { r.start = torch::zeros({2}); });
  row("target not asked for", ErrorKind::Usage, [=](R& r, P& p) {
    r.targets = longs(0);
    p.set("targeted", false);
  });
  row("target is the label", ErrorKind::Usage, [=](R& r, P& p) {
    r.targets = longs(1);
    p.set("targeted", true);
  });
  row("target out of range", ErrorKind::BadInput, [=](R& r, P& p) {
    r.targets = longs(7);
    p.set("targeted", true);
  });
  row("black box", ErrorKind::Usage, [](R& r, P&) { r.threatModel = ThreatModel::BlackBox; });
  row("detector in the grey box", ErrorKind::Usage, [](R& r, P&) { r.detector.score = std::make_shared<MeanPixel>(); });
  row("adaptive to nothing", ErrorKind::Usage, [](R& r, P&) { r.threatModel = ThreatModel::AdaptiveWhiteBox; });
  row("negative weight", ErrorKind::BadInput, [](R& r, P&) {
    r.threatModel = ThreatModel::AdaptiveWhiteBox;
    r.detector.score = std::make_shared<MeanPixel>();
    r.detector.weights = torch::full({1}, -1.0, kDouble);
  });
  row("unknown parameter", ErrorKind::Usage, [](R&, P& p) { p.set("eps", 0.1); });
  row("negative epsilon", ErrorKind::Usage, [](R&, P& p) { p.set("epsilon", -0.1); });
  row("NaN epsilon", ErrorKind::Usage, [](R&, P& p) { p.set("epsilon", std::nan("")); });
  row("epsilon beyond the box", ErrorKind::Usage, [](R&, P& p) { p.set("epsilon", 1.5); });
}

void AttackTest::badRequestsAreRefused() {
  using Change = std::function<void(AttackRequest&, Parameters&)>;
  QFETCH(Change, change);
  QFETCH(int, kind);
  for (const Attack* attack : attacks()) {
    AttackRequest request = knownRequestFor(*attack);
    Parameters parameters;
    change(request, parameters);
    if (!allTaken(*attack, parameters)) continue;  // "targeted" of an attack that can't be
    if (request.threatModel == ThreatModel::BlackBox && attack->threatModel() == ThreatModel::BlackBox) continue;
    const LinearClassifier net = knownNetwork();
    try {
      attack->run(net, request, parameters, {});
      QFAIL(attack->spec().name.c_str());
    } catch (const Error& error) {
      QCOMPARE(static_cast<int>(error.kind()), kind);
      QVERIFY(!error.message().empty());
      QCOMPARE(net.imagesSeen(), 0);  // refused at the door
    }
  }
}

void AttackTest::badParametersNameTheRange() {
  const auto refused = [](const char* name, const Parameters& parameters, const char* text) {
    try {
      findAttack(name).run(knownNetwork(), knownRequest(), parameters, {});
      return false;
    } catch (const Error& error) {
      return error.kind() == ErrorKind::Usage && std::string(error.what()).find(text) != std::string::npos;
    }
  };
  QVERIFY(refused("fgsm", {{"epsilon", -0.1}}, "0 to 1"));
  QVERIFY(refused("bim", {{"steps", std::int64_t{0}}}, "1 to"));
  QVERIFY(refused("bim", {{"stop", std::string("never")}}, "first_success"));
  QVERIFY(refused("pgd", {{"norm", std::string("l0")}}, "linf"));
  QVERIFY(refused("fgsm", {{"norm", std::string("l0")}}, "norm"));
  QVERIFY(refused("pgd", {{"epsilon", 1.5}}, "0 to 1"));
  QVERIFY(refused("pgd", {{"restarts", std::int64_t{3}}, {"random_start", false}}, "random_start"));
}

void AttackTest::noGradientsNoAttack() {
  LinearClassifier net = knownNetwork();
  net.setDifferentiable(false);
  for (const Attack* attack : attacks()) {
    if (attack->threatModel() == ThreatModel::BlackBox) continue;
    try {
      attack->run(net, knownRequestFor(*attack), {}, {});
      QFAIL(attack->spec().name.c_str());
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::BadInput);
    }
  }
}

void AttackTest::emptyBatchIsFine() {
  AttackRequest request;
  request.images = torch::empty({0, 1, 2, 2}, kDouble);
  request.labels = torch::empty({0}, torch::kInt64);
  for (const Attack* attack : attacks()) {
    request.targets = knownRequestFor(*attack).targets;
    if (request.targets.defined()) request.targets = request.targets.narrow(0, 0, 0);
    const AttackOutcome outcome = attack->run(knownNetwork(), request, {}, {});
    QCOMPARE(outcome.adversarial.size(0), 0);
    QCOMPARE(outcome.forwards, 0);
  }
}

void AttackTest::cancellingTakesEffectBetweenSteps() {
  std::stop_source source;
  AttackRequest request = knownRequest();
  std::int64_t steps = 0;
  request.onStep = [&](const AttackTraceStep& step) {
    ++steps;
    if (step.step == 3) source.request_stop();
  };
  const JobContext context(source.get_token(), nullptr);
  try {
    findAttack("bim").run(knownNetwork(), request, {{"stop", std::string("last")}}, context);
    QFAIL("it ran to its end");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::Cancelled);
  }
  QCOMPARE(steps, 4);
}

void AttackTest::traceFollowsTheFirstImage() {
  AttackRequest request;
  request.images = at::cat({knownImage(), 1 - knownImage()});
  request.labels = knownNetwork().logits(request.images).argmax(1);
  request.trace = true;
  const AttackOutcome outcome = findAttack("bim").run(
      knownNetwork(), request, {{"epsilon", 0.4}, {"step_size", 0.02}, {"stop", std::string("first_success")}}, {});
  QCOMPARE(outcome.trace.size(), 12U);  // the start, and 11 steps until it fools
  QCOMPARE(outcome.trace.front().linf, 0.0);
  QVERIFY(outcome.trace[10].margin < 0 && outcome.trace[11].margin > 0);
  QVERIFY(std::abs(outcome.trace[11].linf - 0.22) < 1e-12);
  QVERIFY(std::abs(outcome.trace[11].l2 - 0.44) < 1e-12);
  QVERIFY(at::equal(outcome.trace[11].image, outcome.adversarial[0]));
  QVERIFY((outcome.trace[11].image.sizes() == at::IntArrayRef{1, 2, 2}));
}

void AttackTest::inputIsNotTouched() {
  for (const Attack* attack : attacks()) {
    const AttackRequest request = knownRequestFor(*attack);
    attack->run(knownNetwork(), request, {}, {});
    QVERIFY(at::equal(request.images, knownImage()));
    QVERIFY(!request.images.requires_grad());
  }
}

QTEST_APPLESS_MAIN(AttackTest)
#include "attack_test.moc"
