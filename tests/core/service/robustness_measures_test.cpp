// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/robustness_measures.h"

#include <cmath>

#include <QTest>

using namespace whorl;

namespace {

double distance(const std::string& name, const Image& a, const Image& b) {
  for (const ImageDistance& each : imageDistances()) {
    if (each.name == name) return each.measure(a, b);
  }
  return std::nan("");
}

double divergence(const std::string& name, const std::vector<double>& a, const std::vector<double>& b) {
  for (const OutputDivergence& each : outputDivergences()) {
    if (each.name == name) return each.measure(a, b);
  }
  return std::nan("");
}

bool near(double a, double b) { return std::abs(a - b) < 1e-6; }

}  // namespace

class RobustnessMeasuresTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void distancesOfImages() {
    const Image a{{1, 2, 2}, {0, 0.5f, 1, 0.25f}};
    const Image b{{1, 2, 2}, {0.3f, 0.5f, 0.6f, 0.25f}};
    QVERIFY(near(distance("linf", a, b), 0.4));
    QVERIFY(near(distance("l2", a, b), 0.5));
    QVERIFY(near(distance("l1", a, b), 0.7));
    QVERIFY(near(distance("rms", a, b), 0.25));
    QVERIFY(near(distance("ssim", a, a), 0) && distance("ssim", a, b) > 0.01);
    for (const ImageDistance& each : imageDistances()) QVERIFY2(near(each.measure(a, a), 0), each.name.c_str());
  }

  void divergencesOfAnswers() {
    // Probabilities 1/2, 1/2 and 4/5, 1/5.
    const std::vector<double> even = {3, 3};
    const std::vector<double> sure = {std::log(4.0), 0};
    QVERIFY(near(divergence("l2", even, sure), std::sqrt(0.18)));
    QVERIFY(near(divergence("squared_l2", even, sure), 0.18));
    QVERIFY(near(divergence("total_variation", even, sure), 0.3));
    QVERIFY(near(divergence("kl", even, sure), 0.5 * std::log(0.5 / 0.8) + 0.5 * std::log(0.5 / 0.2)));
    QVERIFY(near(divergence("cross_entropy", even, sure), -0.5 * std::log(0.8) - 0.5 * std::log(0.2)));
    QVERIFY(near(divergence("cross_entropy", even, even), std::log(2.0)));  // not 0: the entropy of f(x)
    QVERIFY(near(divergence("logits_l2", even, sure), std::hypot(3 - std::log(4.0), 3)));
    const double js = divergence("jensen_shannon", even, sure);
    QVERIFY(js > 0 && near(js, divergence("jensen_shannon", sure, even)));
    // What is sure stays a number, and the opposite is as far as can be.
    QVERIFY(near(divergence("jensen_shannon", {2000, 0}, {0, 2000}), std::log(2.0)));
    QVERIFY(near(divergence("kl", {2000, 0}, {0, 2000}), 2000));
    for (const OutputDivergence& each : outputDivergences()) {
      if (each.name != "cross_entropy") QVERIFY2(near(each.measure(sure, sure), 0), each.name.c_str());
    }
  }

  void theyAreTheChoices() {
    const auto specs = robustnessParameterSpecs();
    QCOMPARE(resolve("test", specs, {}).text("divergence"), std::string("l2"));
    for (const ParameterSpec& each : specs) {
      if (each.name == "distance") QCOMPARE(each.choices.size(), imageDistances().size());
      if (each.name == "divergence") QCOMPARE(each.choices.size(), outputDivergences().size());
    }
  }
};

QTEST_APPLESS_MAIN(RobustnessMeasuresTest)
#include "robustness_measures_test.moc"
