// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>
#include <set>

#include "tests/core/image/perturbed.h"

using namespace whorl;
using namespace whorl::test;

class BlurTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void flatPicturesStayFlat() {
    for (const char* name : {"gaussian-blur", "defocus-blur", "motion-blur", "zoom-blur", "glass-blur"}) {
      for (std::int64_t severity = 1; severity <= 5; ++severity) {
        const Image flat = plain({3, 19, 30}, 0.3f);
        QVERIFY2(largestDifference(perturbed(name, flat, {{"severity", severity}}), flat) < 1e-5, name);
      }
    }
  }

  void gaussianHasNormalWeights() {
    const Image blurred = perturbed("gaussian-blur", dot(21, 21, 10, 10), {{"sigma", 1.5}});
    const double ratio = blurred.at(0, 10, 11) / blurred.at(0, 10, 10);
    QVERIFY(std::abs(ratio - std::exp(-1 / 4.5)) < 1e-5);
    QVERIFY(std::abs(mean(blurred) * 441 - 1) < 1e-5);
    QCOMPARE(blurred.at(0, 10, 17), 0.0f);  // beyond four standard deviations
    QVERIFY(perturbed("gaussian-blur", dot(21, 21, 10, 10), {{"sigma", 0.1}}) == dot(21, 21, 10, 10));
  }

  void defocusIsADisc() {
    const Image blurred = perturbed("defocus-blur", dot(15, 15, 7, 7), {{"radius", 2.0}, {"softness", 0.0}});
    int lit = 0;
    for (const float value : blurred.pixels) {
      if (value == 0) continue;
      ++lit;
      QVERIFY(std::abs(value - 1.0f / 13) < 1e-6);  // 13 places within 2 of the middle
    }
    QCOMPARE(lit, 13);
    QVERIFY(perturbed("defocus-blur", dot(15, 15, 7, 7), {{"radius", 0.0}, {"softness", 0.0}}) == dot(15, 15, 7, 7));
  }

  void motionTrailsOneWay() {
    const Image blurred =
        perturbed("motion-blur", dot(9, 21, 4, 15), {{"radius", 3.0}, {"sigma", 2.0}, {"angle", 0.0}, {"spread", 0.0}});
    // Each pixel is the mean over what lies to its right: the trail goes to the left, seven taps long.
    double total = 0;
    for (int i = 0; i < 7; ++i) total += std::exp(-i * i / 8.0);
    for (int i = 0; i < 7; ++i) {
      QVERIFY(std::abs(blurred.at(0, 4, 15 - i) - std::exp(-i * i / 8.0) / total) < 1e-6);
    }
    QCOMPARE(blurred.at(0, 4, 16), 0.0f);
    QCOMPARE(blurred.at(0, 4, 8), 0.0f);
    const Image down = perturbed("motion-blur", dot(21, 9, 15, 4),
                                 {{"radius", 3.0}, {"sigma", 2.0}, {"angle", 90.0}, {"spread", 0.0}});
    QVERIFY(std::abs(down.at(0, 12, 4) - blurred.at(0, 4, 12)) < 1e-6);
  }

  void zoomLeavesTheMiddle() {
    Image image = plain({1, 33, 33}, 0);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<float>(i % 33) / 32;
    QVERIFY(largestDifference(perturbed("zoom-blur", image, {{"factor", 1.0}}), image) < 1e-6);
    const Image blurred = perturbed("zoom-blur", image, {{"factor", 1.25}});
    double middle = 0;
    double corner = 0;
    for (int y = 0; y < 7; ++y) {
      for (int x = 0; x < 7; ++x) {
        middle += std::abs(blurred.at(0, 13 + y, 13 + x) - image.at(0, 13 + y, 13 + x));
        corner += std::abs(blurred.at(0, y, x) - image.at(0, y, x));
      }
    }
    QVERIFY(middle < corner / 2);
  }

  void glassTakesColoursFromNear() {
    Image image = plain({1, 20, 20}, 0);
    for (std::size_t i = 0; i < 400; ++i) image.pixels[i] = static_cast<float>(i) / 399;
    const Parameters copying = {{"sigma", 0.0}, {"reach", std::int64_t{2}}};
    const Image glass = perturbed("glass-blur", image, copying);
    const std::set<float> colours(image.pixels.begin(), image.pixels.end());
    for (const float value : glass.pixels) QVERIFY(colours.contains(value));
    // The frame of the published loop isn't touched.
    for (int x = 0; x < 20; ++x) QCOMPARE(glass.at(0, 19, x), image.at(0, 19, x));
    Parameters exchanging = copying;
    exchanging.set("exchange", true);
    Image swapped = perturbed("glass-blur", image, exchanging);
    QVERIFY(swapped != image);
    std::sort(swapped.pixels.begin(), swapped.pixels.end());
    QVERIFY(swapped == image);  // the same colours, each once
    QVERIFY(std::set<float>(glass.pixels.begin(), glass.pixels.end()).size() < 400);
  }
};

QTEST_APPLESS_MAIN(BlurTest)
#include "blur_test.moc"
