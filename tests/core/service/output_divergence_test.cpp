// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/output_divergence.h"

#include <cmath>

#include <QTest>

#include "core/base/error.h"

using namespace whorl;

namespace {

double divergence(const std::string& name, const std::vector<double>& a, const std::vector<double>& b) {
  return findOutputDivergence(name).measure(a, b);
}

bool near(double a, double b) { return std::abs(a - b) < 1e-6; }

}  // namespace

class OutputDivergenceTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
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

  void unknownNamesAreRefused() { QVERIFY_EXCEPTION_THROWN(findOutputDivergence("l7"), Error); }
};

QTEST_APPLESS_MAIN(OutputDivergenceTest)
#include "output_divergence_test.moc"
