// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>

#include <QTest>

#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"

using namespace whorl;

namespace {

constexpr ImageShape kShape{1, 28, 28};

Parameters with(Parameters changes) { return resolve("fingerprint", fingerprintParameters(), changes); }

double at2(const torch::Tensor& dy, int i, int j, int k) { return dy[i][j][k].item<double>(); }

}  // namespace

class SamplingTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void sameSeedSameFingerprints();
  void fewerFingerprintsAreThePrefix();
  void lawsStayInTheirRange();
  void signsAsDeclared();
  void presetsMatchTheTable_data();
  void presetsMatchTheTable();
  void defaultIsTheMnistPreset();
  void badInputIsRefused();
};

void SamplingTest::sameSeedSameFingerprints() {
  const Parameters p = with({{"dx_law", std::string("gaussian")}, {"dy_sign", std::string("random")}});
  const Fingerprints a = sampleFingerprints(p, kShape, 10, 7);
  const Fingerprints b = sampleFingerprints(p, kShape, 10, 7);
  const Fingerprints c = sampleFingerprints(p, kShape, 10, 8);
  QVERIFY(at::equal(a.dx, b.dx) && at::equal(a.dy, b.dy));
  QVERIFY(!at::equal(a.dx, c.dx));
  QCOMPARE(a.count(), 10);
  QCOMPARE(a.classCount(), 10);
  QVERIFY((a.dx.sizes() == at::IntArrayRef{10, 1, 28, 28}));
}

void SamplingTest::fewerFingerprintsAreThePrefix() {
  const Parameters many = with({{"dy_sign", std::string("random")}, {"fingerprints", std::int64_t{12}}});
  const Parameters few = with({{"dy_sign", std::string("random")}, {"fingerprints", std::int64_t{5}}});
  const Fingerprints a = sampleFingerprints(many, kShape, 10, 3);
  const Fingerprints b = sampleFingerprints(few, kShape, 10, 3);
  QVERIFY(at::equal(a.dx.narrow(0, 0, 5), b.dx));
  QVERIFY(at::equal(a.dy.narrow(0, 0, 5), b.dy));
}

void SamplingTest::lawsStayInTheirRange() {
  const auto draw = [](const char* law) {
    return sampleFingerprints(with({{"dx_law", std::string(law)}, {"fingerprint_epsilon", 0.1}}), kShape, 10, 1)
        .dx.to(torch::kFloat64);
  };
  // 7,840 draws: the mean's deviation is 3e-4 (uniform_positive), 7e-4 (uniform), 1.1e-3 (gaussian).
  const torch::Tensor positive = draw("uniform_positive");
  QVERIFY(positive.min().item<double>() >= 0 && positive.max().item<double>() <= 0.1 + 1e-9);
  QVERIFY(std::abs(positive.mean().item<double>() - 0.05) < 0.002);
  const torch::Tensor uniform = draw("uniform");
  QVERIFY(uniform.min().item<double>() < -0.09 && uniform.abs().max().item<double>() <= 0.1 + 1e-9);
  QVERIFY(std::abs(uniform.mean().item<double>()) < 0.004);
  const torch::Tensor gaussian = draw("gaussian");
  QVERIFY(std::abs(gaussian.mean().item<double>()) < 0.006);
  QVERIFY(std::abs(gaussian.std().item<double>() - 0.1) < 0.005);
  QVERIFY(gaussian.abs().max().item<double>() > 0.2);
}

void SamplingTest::signsAsDeclared() {
  const auto draw = [](const char* sign) {
    return sampleFingerprints(with({{"dy_sign", std::string(sign)}, {"fingerprints", std::int64_t{64}}}), {1, 2, 2}, 3,
                              5)
        .dy;
  };
  const torch::Tensor minus = draw("minus");
  QCOMPARE(at2(minus, 0, 1, 1), -0.75);
  QCOMPARE(at2(minus, 0, 1, 0), 0.25);
  QVERIFY(at::equal(draw("plus"), -minus));
  const torch::Tensor random = draw("random");
  const torch::Tensor positive = random.select(1, 0).select(1, 0) > 0;
  const std::int64_t count = positive.sum().item<std::int64_t>();
  QVERIFY(count > 12 && count < 52);  // 64 fair coins: 1e-7 outside
  QVERIFY(at::equal(random.abs(), minus.abs()));
}

void SamplingTest::presetsMatchTheTable_data() {
  QTest::addColumn<QString>("name");
  QTest::addColumn<int>("classes");
  QTest::addColumn<double>("norm");
  QTest::addColumn<double>("between");
  QTest::newRow("paper") << "paper" << 10 << 1.06066 << 1.41421;
  QTest::newRow("slides") << "slides" << 10 << 1.06066 << 1.41421;
  QTest::newRow("mnist") << "mnist" << 10 << 1.06066 << 1.41421;
  QTest::newRow("mnist-code") << "mnist-code" << 10 << 0.99498 << 1.32328;
  QTest::newRow("cifar10") << "cifar10" << 10 << 1.55208 << 2.02374;
  QTest::newRow("cifar10-before-2018-12") << "cifar10-before-2018-12" << 10 << 1.45480 << 1.81161;
  QTest::newRow("miniimagenet20") << "miniimagenet20" << 20 << 1.25929 << 1.20774;
}

void SamplingTest::presetsMatchTheTable() {
  QFETCH(QString, name);
  QFETCH(int, classes);
  QFETCH(double, norm);
  QFETCH(double, between);
  for (const auto& [title, values] : fingerprintPresets()) {
    if (title != name.toStdString()) continue;
    QCOMPARE(values.values().size(), fingerprintParameters().size());
    const torch::Tensor dy = sampleFingerprints(with(values), {1, 2, 2}, classes, 1).dy[0];
    QVERIFY(std::abs(dy[2].norm().item<double>() - norm) < 1e-5);
    QVERIFY(std::abs((dy[2] - dy[1]).norm().item<double>() - between) < 1e-5);
    return;
  }
  QFAIL("no such preset");
}

void SamplingTest::defaultIsTheMnistPreset() {
  QCOMPARE(fingerprintPresets().front().first, std::string("mnist"));
  QVERIFY(with({}) == with(fingerprintPresets().front().second));
  // An attack's `epsilon` lives in the same namespace of a training run.
  for (const ParameterSpec& spec : fingerprintParameters()) QVERIFY(spec.name != "epsilon");
}

void SamplingTest::badInputIsRefused() {
  QVERIFY_EXCEPTION_THROWN(sampleFingerprints(with({}), {1, 0, 28}, 10, 1), Error);
  QVERIFY_EXCEPTION_THROWN(sampleFingerprints(with({}), kShape, 1, 1), Error);
  QVERIFY_EXCEPTION_THROWN(with({{"fingerprints", std::int64_t{0}}}), Error);
  QVERIFY_EXCEPTION_THROWN(with({{"dx_law", std::string("cauchy")}}), Error);
}

QTEST_APPLESS_MAIN(SamplingTest)
#include "sampling_test.moc"
