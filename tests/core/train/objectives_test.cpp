// SPDX-License-Identifier: GPL-3.0-or-later
#include <set>

#include <torch/csrc/autograd/autograd.h>
#include <QTest>

#include "core/base/error.h"
#include "core/train/training_loss.h"

using namespace whorl;
using Kind = LayerSpec::Kind;

namespace {

constexpr int kClasses = 10;
const ImageShape kShape{1, 2, 2};

Architecture linearNet() {
  return {"linear", "Linear", "test", kShape, kClasses, {{Kind::Flatten}, {Kind::Linear, kClasses}}, 0};
}

Architecture normNet() {
  return {"norm", "With BatchNorm", "test",
          kShape, kClasses,         {{Kind::Flatten}, {Kind::Linear, 6}, {Kind::BatchNorm}, {Kind::Linear, kClasses}},
          0};
}

Network trainable(const Architecture& architecture, std::uint64_t seed = 3) {
  Network network(architecture, kShape, kClasses, seed);
  network.setRequiresGrad(true);
  return network;
}

TrainingNetwork inTraining(const Network& network, torch::Dtype dtype = torch::kFloat32) {
  Network::Mode mode;
  mode.training = true;
  return {network, mode, torch::zeros({1, 1, 1, 1}, dtype), torch::ones({1, 1, 1, 1}, dtype)};
}

Parameters resolved(const std::string& objective, Parameters given = {}) {
  return resolve("test", objectiveParameters(objective), given);
}

Fingerprints sampled(std::int64_t count) {
  return sampleFingerprints(resolved("fingerprint", {{"fingerprints", count}}), kShape, kClasses, 1);
}

TrainingBatch someBatch(std::int64_t size, std::uint64_t seed = 0) {
  const torch::Tensor images = torch::linspace(0, 1, size * 4).view({size, 1, 2, 2});
  return {images, torch::arange(size, torch::kInt64).remainder(kClasses), seed};
}

double termOf(const TrainingLoss::Value& value, const std::string& name) {
  for (const auto& term : value.terms) {
    if (term.name == name) return term.value.item<double>();
  }
  return -1;
}

/// The network of method 11.7: h(x) = a + (w·x) d has fingerprint loss 0 at x = 0 for class 3.
Network zeroLossNet() {
  torch::Tensor d = torch::full({kClasses}, 0.25);
  d[3] = -0.75;
  torch::Tensor a = torch::full({kClasses}, 0.0748263135);
  a[3] = 0.9744789404;
  Network network = trainable(linearNet());
  network.load({{"fc1.weight", torch::outer(d, torch::tensor({10.0F, 0.0F, 0.0F, 0.0F}))}, {"fc1.bias", a}}, "test");
  return network;
}

}  // namespace

class ObjectivesTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void zeroLossNetHasNoFingerprintLoss() {
    Fingerprints fingerprints = sampled(1);
    fingerprints.dx = torch::tensor({0.1F, 0.0F, 0.0F, 0.0F}).view({1, 1, 2, 2});
    const auto loss = makeTrainingLoss("fingerprint", resolved("fingerprint"), &fingerprints);
    const Network network = zeroLossNet();
    const TrainingBatch batch{torch::zeros({4, 1, 2, 2}), torch::full({4}, 3, torch::kInt64), 0};
    const auto value = loss->evaluate(inTraining(network), batch);
    QVERIFY(termOf(value, "fingerprint") < 1e-10);
    QVERIFY((value.logits.argmax(1) == 3).all().item<bool>());
    const TrainingBatch wrong{torch::zeros({4, 1, 2, 2}), torch::full({4}, 2, torch::kInt64), 0};
    // ‖dy_3 − dy_2‖² / K = 2 / 10.
    QVERIFY(qAbs(termOf(loss->evaluate(inTraining(network), wrong), "fingerprint") - 0.2) < 1e-5);
  }

  void constantNetScoresTheNormOfDy() {
    const Fingerprints fingerprints = sampled(4);
    const auto loss =
        makeTrainingLoss("fingerprint", resolved("fingerprint", {{"fingerprint_weight", 2.0}}), &fingerprints);
    Network network = trainable(linearNet());
    network.load({{"fc1.weight", torch::zeros({kClasses, 4})}, {"fc1.bias", torch::linspace(1, 2, kClasses)}}, "test");
    const auto value = loss->evaluate(inTraining(network), someBatch(7));
    QVERIFY(qAbs(termOf(value, "fingerprint") - 2.0 * 4 * 0.1125) < 1e-5);
    QCOMPARE(value.copies, std::int64_t{5 * 7});
  }

  void subsetsEstimateTheWholeWithoutBias() {
    const Fingerprints fingerprints = sampled(5);
    const Network network = trainable(linearNet());
    const auto all = makeTrainingLoss("fingerprint", resolved("fingerprint"), &fingerprints);
    const auto some = makeTrainingLoss(
        "fingerprint", resolved("fingerprint", {{"fingerprints_per_step", std::int64_t{2}}}), &fingerprints);
    const double whole = termOf(all->evaluate(inTraining(network), someBatch(6)), "fingerprint");
    std::map<std::vector<std::int64_t>, double> estimates;
    for (std::uint64_t seed = 0; estimates.size() < 10 && seed < 1000; ++seed) {
      const auto value = some->evaluate(inTraining(network), someBatch(6, seed));
      QCOMPARE(value.copies, std::int64_t{3 * 6});
      estimates[fingerprintSubset(2, 5, seed)] = termOf(value, "fingerprint");
    }
    QCOMPARE(estimates.size(), std::size_t{10});
    double sum = 0;
    std::set<double> distinct;
    for (const auto& [subset, estimate] : estimates) {
      sum += estimate;
      distinct.insert(estimate);
    }
    QVERIFY(distinct.size() > 5);
    QVERIFY(qAbs(sum / 10 - whole) < 1e-6 * whole);
  }

  void subsetsAreUniformAndRising() {
    std::map<std::vector<std::int64_t>, int> counts;
    for (std::uint64_t seed = 0; seed < 6000; ++seed) {
      const auto subset = fingerprintSubset(2, 4, seed);
      QVERIFY(subset.size() == 2 && subset[0] < subset[1] && subset[1] < 4);
      ++counts[subset];
    }
    QCOMPARE(counts.size(), std::size_t{6});
    // 1000 expected, standard deviation 29.
    for (const auto& [subset, count] : counts) QVERIFY(count > 850 && count < 1150);
    QCOMPARE(fingerprintSubset(0, 3, 9), (std::vector<std::int64_t>{0, 1, 2}));
    QCOMPARE(fingerprintSubset(8, 3, 9), (std::vector<std::int64_t>{0, 1, 2}));
  }

  void copiesShareOneForwardsStatistics() {
    const Fingerprints fingerprints = sampled(3);
    const auto loss = makeTrainingLoss("fingerprint", resolved("fingerprint"), &fingerprints);
    const Network network = trainable(normNet());
    const TrainingBatch batch = someBatch(5);
    loss->evaluate(inTraining(network), batch);
    torch::Tensor copies = batch.images.flatten(1);
    for (int i = 0; i < 3; ++i) copies = torch::cat({copies, (batch.images + fingerprints.dx[i]).flatten(1)});
    const auto tensors = network.tensors();
    const torch::Tensor before = torch::matmul(copies, tensors.at("fc1.weight").t()) + tensors.at("fc1.bias");
    QVERIFY(tensors.at("bn1.running_mean").allclose(before.mean(0) * 0.1, 1e-5, 1e-6));
    QVERIFY(tensors.at("bn1.running_var").allclose(before.var(0, true) * 0.1 + 0.9, 1e-5, 1e-6));
  }

  void sumsCountTheCleanCrossEntropyOnce() {
    const Fingerprints fingerprints = sampled(2);
    const Network network = trainable(linearNet());
    const auto names = [&](const char* objective) {
      const auto value =
          makeTrainingLoss(objective, resolved(objective), &fingerprints)->evaluate(inTraining(network), someBatch(4));
      QStringList list;
      for (const auto& term : value.terms) list << QString::fromStdString(term.name);
      return list.join("+");
    };
    QCOMPARE(names("plain"), QString("cross_entropy"));
    QCOMPARE(names("plain+fingerprint"), QString("cross_entropy+fingerprint"));
    QCOMPARE(names("fingerprint+adversarial"), QString("cross_entropy+fingerprint+adversarial"));
    QCOMPARE(names("plain+adversarial"), QString("cross_entropy+adversarial"));
    QCOMPARE(names("adversarial"), QString("adversarial"));
  }

  void adversariesAreWorseAndLeaveStatisticsAlone() {
    const Network network = trainable(normNet());
    const auto parameters =
        resolved("plain+adversarial", {{"epsilon", 0.1}, {"step_size", 0.05}, {"steps", std::int64_t{5}}});
    const TrainingBatch batch = someBatch(8);
    const auto value = makeTrainingLoss("plain+adversarial", parameters, nullptr)->evaluate(inTraining(network), batch);
    QVERIFY(termOf(value, "adversarial") > termOf(value, "cross_entropy"));
    QCOMPARE(value.copies, std::int64_t{16});
    // One training forward of 16 images: 0.9 · 1 + 0.1 · variance, not five more of them.
    const torch::Tensor variance = network.tensors().at("bn1.running_var");
    QVERIFY((variance >= 0.9).all().item<bool>());
    const auto again =
        makeTrainingLoss("plain+adversarial", parameters, nullptr)->evaluate(inTraining(trainable(normNet())), batch);
    QCOMPARE(termOf(again, "adversarial"), termOf(value, "adversarial"));
  }

  void gradientMatchesCentralDifferences() {
    Network network = trainable(linearNet());
    network.to(torch::kFloat64);
    const Fingerprints fingerprints = sampled(3).to(torch::kCPU, torch::kFloat64);
    const auto loss = makeTrainingLoss("fingerprint", resolved("fingerprint"), &fingerprints);
    TrainingBatch batch = someBatch(4);
    batch.images = batch.images.to(torch::kFloat64);
    const auto total = [&] {
      const auto value = loss->evaluate(inTraining(network, torch::kFloat64), batch);
      return value.terms[0].value + value.terms[1].value;
    };
    torch::Tensor weight = network.tensors().at("fc1.weight");
    const torch::Tensor gradient = torch::autograd::grad({total()}, {weight})[0];
    torch::Tensor values = weight.detach();
    for (const auto& [i, j] : {std::pair{0, 0}, {3, 2}, {9, 3}}) {
      constexpr double kStep = 1e-5;
      const double before = values[i][j].item<double>();
      values[i][j] = before + kStep;
      const double up = total().item<double>();
      values[i][j] = before - kStep;
      const double down = total().item<double>();
      values[i][j] = before;
      const double expected = (up - down) / (2 * kStep);
      const double got = gradient[i][j].item<double>();
      QVERIFY(qAbs(got) > 1e-6);
      QVERIFY2(qAbs(got - expected) < 1e-6 * (1 + qAbs(expected)), qPrintable(QString::number(got - expected)));
    }
  }

  void unknownAndRepeatedNamesAreRefused_data() {
    QTest::addColumn<QString>("objective");
    for (const char* name : {"", "fancy", "plain+", "+plain", "plain+plain", "Plain"})
      QTest::newRow(name) << QString(name);
  }
  void unknownAndRepeatedNamesAreRefused() {
    QFETCH(QString, objective);
    try {
      objectiveParameters(objective.toStdString());
      QFAIL("accepted");
    } catch (const Error& error) {
      QVERIFY(error.kind() == ErrorKind::Usage);
    }
  }

  void sumsDeclareEachParameterOnce() {
    std::set<std::string> names;
    for (const ParameterSpec& spec : objectiveParameters("plain+fingerprint+adversarial")) {
      QVERIFY2(names.insert(spec.name).second, spec.name.c_str());
    }
    QVERIFY(names.contains("fingerprints_per_step") && names.contains("dx_law") && names.contains("epsilon"));
    QVERIFY(objectiveNeedsFingerprints("adversarial+fingerprint"));
    QVERIFY(!objectiveNeedsFingerprints("plain+adversarial"));
  }
};

QTEST_APPLESS_MAIN(ObjectivesTest)
#include "objectives_test.moc"
