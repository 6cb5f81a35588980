// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>
#include <set>

#include "tests/core/image/perturbed.h"

using namespace whorl;
using namespace whorl::test;

class DigitalTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void pixelateRepeatsMeans() {
    const Image image{{1, 2, 4}, {0, 0.2f, 0.4f, 0.6f, 0.2f, 0.4f, 0.6f, 0.8f}};
    const Image coarse = perturbed("pixelate", image, {{"share", 0.5}});
    const std::vector<float> expected = {0.2f, 0.2f, 0.6f, 0.6f, 0.2f, 0.2f, 0.6f, 0.6f};
    for (std::size_t i = 0; i < 8; ++i) QVERIFY(std::abs(coarse.pixels[i] - expected[i]) < 1e-6);
    QVERIFY(perturbed("pixelate", waves({3, 31, 17}), {{"share", 1.0}}) == waves({3, 31, 17}));
    // To one pixel: the mean.
    QVERIFY(largestDifference(perturbed("pixelate", image, {{"share", 0.01}}), plain({1, 2, 4}, 0.4f)) < 1e-6);
  }

  void elasticWithoutReachDoesNothing() {
    const Image image = waves({3, 32, 32});
    QVERIFY(perturbed("elastic", image, {{"amplitude", 0.0}, {"affine", 0.0}}) == image);
    // An affine map alone leaves a slope a slope: second differences vanish inside.
    Image slope = plain({1, 32, 32}, 0);
    for (std::size_t i = 0; i < 1024; ++i) slope.pixels[i] = static_cast<float>(i % 32) / 31;
    const Image moved = perturbed("elastic", slope, {{"amplitude", 0.0}, {"affine", 1.0}});
    QVERIFY(moved != slope);
    for (int x = 8; x < 24; ++x) {
      QVERIFY(std::abs(moved.at(0, 16, x + 1) - 2 * moved.at(0, 16, x) + moved.at(0, 16, x - 1)) < 1e-4);
    }
  }

  void posteriseKeepsUpperBits() {
    const Image image{{1, 1, 4}, {0, 100 / 255.0f, 200 / 255.0f, 1}};
    const Image two = perturbed("posterise", image, {{"bits", std::int64_t{2}}});
    const std::vector<float> expected = {0, 64, 192, 192};
    for (std::size_t i = 0; i < 4; ++i) QVERIFY(std::abs(two.pixels[i] * 255 - expected[i]) < 1e-4);
    QVERIFY(largestDifference(perturbed("posterise", image, {{"bits", std::int64_t{8}}}), image) < 1e-6);
  }

  void quantiseHasSoManyLevels() {
    const Image image = waves({3, 40, 40});
    for (const std::int64_t levels : {2, 5}) {
      const Image rounded = perturbed("quantise", image, {{"levels", levels}});
      const std::set<float> seen(rounded.pixels.begin(), rounded.pixels.end());
      QCOMPARE(seen.size(), static_cast<std::size_t>(levels));
      QVERIFY(largestDifference(rounded, image) <= 0.5 / static_cast<double>(levels - 1) + 1e-6);
    }
  }
};

QTEST_APPLESS_MAIN(DigitalTest)
#include "digital_test.moc"
