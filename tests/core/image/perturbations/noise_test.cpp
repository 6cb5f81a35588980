// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "tests/core/image/perturbed.h"

using namespace whorl;
using namespace whorl::test;

namespace {

const ImageShape kLarge{1, 200, 200};

double deviation(const Image& noisy, float value) { return std::sqrt(meanSquare(noisy, plain(noisy.shape, value))); }

double share(const Image& image, float value) {
  return static_cast<double>(std::count(image.pixels.begin(), image.pixels.end(), value)) /
         static_cast<double>(image.pixels.size());
}

}  // namespace

/// Moments of noise on 40,000 equal pixels; bounds are some four standard errors wide.
class NoiseTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void gaussian() {
    const Image grey = plain(kLarge, 0.5f);
    const Image noisy = perturbed("gaussian-noise", grey, {{"sigma", 0.1}});
    QVERIFY(std::abs(deviation(noisy, 0.5f) - 0.1) < 0.0015);
    QVERIFY(std::abs(mean(noisy) - 0.5) < 0.002);
    QVERIFY(perturbed("gaussian-noise", grey, {{"sigma", 0.0}}) == grey);
    const Image clipped = perturbed("gaussian-noise", plain({1, 10, 10}, 1), {{"sigma", 0.5}});
    QVERIFY(*std::max_element(clipped.pixels.begin(), clipped.pixels.end()) == 1.0f);
  }

  void shotNoiseHasThePoissonVariance_data() {
    QTest::addColumn<double>("photons");
    QTest::newRow("few, by multiplication") << 8.0;
    QTest::newRow("at the border") << 20.0;
    QTest::newRow("many, by rejection") << 500.0;
  }
  void shotNoiseHasThePoissonVariance() {
    QFETCH(double, photons);
    const float value = 0.4f;  // far enough from 1 for next to no clipping
    const Image noisy = perturbed("shot-noise", plain(kLarge, value), {{"photons", photons}});
    const double sigma = std::sqrt(value / photons);
    QVERIFY(std::abs(mean(noisy) - value) < 4 * sigma / 200 + (photons < 10 ? 0.01 : 0));
    QVERIFY(std::abs(deviation(noisy, value) / sigma - 1) < (photons < 10 ? 0.06 : 0.02));
    for (const float each : noisy.pixels) {
      QVERIFY(std::abs(each * photons - std::round(each * photons)) < 1e-3);  // whole photons
    }
    // P(0) of mean 3.2 is e^-3.2.
    if (photons == 8.0) QVERIFY(std::abs(share(noisy, 0) - std::exp(-3.2)) < 0.004);
  }

  void impulses() {
    const Image noisy = perturbed("impulse-noise", plain({3, 200, 200}, 0.5f), {{"amount", 0.1}});
    QVERIFY(std::abs(share(noisy, 0) - 0.05) < 0.003 && std::abs(share(noisy, 1) - 0.05) < 0.003);
    QVERIFY(std::abs(share(noisy, 0.5f) - 0.9) < 0.004);
  }

  void saltAndPepperHitsAllChannelsAtOnce() {
    const Image noisy = perturbed("salt-and-pepper", plain({3, 100, 100}, 0.5f), {{"amount", 0.2}, {"salt", 0.75}});
    for (int y = 0; y < 100; ++y) {
      for (int x = 0; x < 100; ++x) {
        QVERIFY(noisy.at(0, y, x) == noisy.at(1, y, x) && noisy.at(1, y, x) == noisy.at(2, y, x));
      }
    }
    QVERIFY(std::abs(share(noisy, 1) - 0.15) < 0.015 && std::abs(share(noisy, 0) - 0.05) < 0.01);
  }

  void speckleIsInProportion() {
    QVERIFY(perturbed("speckle-noise", plain(kLarge, 0), {}) == plain(kLarge, 0));
    QVERIFY(std::abs(deviation(perturbed("speckle-noise", plain(kLarge, 0.5f), {{"sigma", 0.2}}), 0.5f) - 0.1) <
            0.0015);
  }

  void uniformStaysInReach() {
    const Image noisy = perturbed("uniform-noise", plain(kLarge, 0.5f), {{"reach", 0.1}});
    QVERIFY(largestDifference(noisy, plain(kLarge, 0.5f)) <= 0.1 + 1e-6);
    QVERIFY(std::abs(deviation(noisy, 0.5f) - 0.1 / std::sqrt(3.0)) < 0.001);
  }
};

QTEST_APPLESS_MAIN(NoiseTest)
#include "noise_test.moc"
