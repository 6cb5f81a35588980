// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/image_metrics.h"

#include <QtTest>

#include <cmath>

#include "core/base/error.h"
#include "tests/core/service/tiny_data.h"

using namespace whorl;

namespace {

/// SSIM of one window by its definition, with sums over the pixels.
double windowSsim(const Image& a, const Image& b, int top, int left, int window) {
  double sumA = 0, sumB = 0, sumAA = 0, sumBB = 0, sumAB = 0;
  for (int y = top; y < top + window; ++y) {
    for (int x = left; x < left + window; ++x) {
      const double p = a.at(0, y, x), q = b.at(0, y, x);
      sumA += p, sumB += q, sumAA += p * p, sumBB += q * q, sumAB += p * q;
    }
  }
  const double n = window * window;
  const double ma = sumA / n, mb = sumB / n;
  const double va = sumAA / n - ma * ma, vb = sumBB / n - mb * mb, vab = sumAB / n - ma * mb;
  return (2 * ma * mb + 1e-4) * (2 * vab + 9e-4) / ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4));
}

}  // namespace

class ImageMetricsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void equalImages() {
    const Image image = test::tinyImage(0, 1);
    const ImageNorms norms = imageNorms(image, image);
    QCOMPARE(norms.l0, std::int64_t{0});
    QCOMPARE(norms.l2, 0.0);
    QCOMPARE(norms.ssim, 1.0);
    QVERIFY(std::isinf(norms.psnr));
  }

  void onePixel() {
    Image a{{3, 4, 5}, std::vector<float>(60, 0.25F)};
    Image b = a;
    b.pixels[7] = 0.75F;      // red of one place
    b.pixels[20 + 7] = 0.0F;  // its green: the same place
    const ImageNorms norms = imageNorms(a, b);
    QCOMPARE(norms.l0, std::int64_t{1});
    QCOMPARE(norms.l1, 0.75);
    QCOMPARE(norms.linf, 0.5);
    QVERIFY(std::abs(norms.l2 - std::sqrt(0.3125)) < 1e-12);
    QVERIFY(std::abs(norms.psnr - 10 * std::log10(60 / 0.3125)) < 1e-9);
  }

  void ssimIsTheMeanOverWindows() {
    const Image a = test::tinyImage(0, 1, 9);
    const Image b = test::tinyImage(0, 2, 9);
    double expected = 0;
    for (int y = 0; y < 3; ++y) {
      for (int x = 0; x < 3; ++x) expected += windowSsim(a, b, y, x, 7) / 9;
    }
    QVERIFY(std::abs(imageNorms(a, b).ssim - expected) < 1e-9);
  }

  void smallImagesUseSmallWindows() {
    const Image a = test::tinyImage(0, 1, 4);
    const Image b = test::tinyImage(1, 2, 4);
    double expected = 0;
    for (int y = 0; y < 2; ++y) {
      for (int x = 0; x < 2; ++x) expected += windowSsim(a, b, y, x, 3) / 4;
    }
    QVERIFY(std::abs(imageNorms(a, b).ssim - expected) < 1e-9);
    const Image one{{1, 1, 1}, {0.2F}};
    const Image other{{1, 1, 1}, {0.7F}};
    QVERIFY(std::isfinite(imageNorms(one, other).ssim));
  }

  void differentShapesAreAMistake() {
    QVERIFY_EXCEPTION_THROWN(imageNorms(test::tinyImage(0, 1, 8), test::tinyImage(0, 1, 9)), Error);
    QVERIFY_EXCEPTION_THROWN(imageNorms({}, {}), Error);
  }
};

QTEST_APPLESS_MAIN(ImageMetricsTest)
#include "image_metrics_test.moc"
