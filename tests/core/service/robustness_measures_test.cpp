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
