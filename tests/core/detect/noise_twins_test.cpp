// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/noise_twins.h"

#include <cmath>

#include <QTest>

#include <ATen/ATen.h>

#include "core/base/error.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using torch::Tensor;

namespace {

Tensor images(std::int64_t count) { return test::randomImages({1, 8, 8}, count, 1).to(torch::kFloat32); }

double meanL2(const Tensor& a, const Tensor& b) {
  return (a - b).flatten(1).to(torch::kFloat64).square().sum(1).sqrt().mean().item<double>();
}

}  // namespace

class NoiseTwinsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void gaussianNoiseIsAsLargeAsTheAttack();
  void noiseIsOfTheImageAlone();
  void noChangeIsNoNoise();
  void moreThanNoiseCanDoIsRefused();
  void saturatedTwinsChangeAsManyPixels();
  void shapesMustMatch();
};

void NoiseTwinsTest::gaussianNoiseIsAsLargeAsTheAttack() {
  const Tensor clean = images(50);
  for (const double epsilon : {.01, .1, .4}) {
    const Tensor attacked = (clean + epsilon * (test::randomImages({1, 8, 8}, 50, 2) - .5).sign()).clamp(0, 1);
    const GaussianTwins twins = gaussianTwins(clean, attacked.to(torch::kFloat32), 7);
    QVERIFY(std::abs(meanL2(twins.images, clean) / meanL2(attacked, clean) - 1) < 1e-4);
    QVERIFY(twins.images.min().item<float>() >= 0 && twins.images.max().item<float>() <= 1);
    QVERIFY(twins.sigma > 0);
    QVERIFY(gaussianTwins(clean, twins.sigma, 7).allclose(twins.images, 0, 1e-6));
    if (epsilon < .05) QVERIFY(std::abs(twins.sigma / epsilon - 1) < .2);  // hardly clipped: σ √d = ε √d
  }
}

void NoiseTwinsTest::noiseIsOfTheImageAlone() {
  const Tensor clean = images(6);
  const Tensor attacked = 1 - clean;
  std::vector<std::int64_t> indices = {40, 41, 42, 43, 44, 45};
  const Tensor all = saturatedTwins(clean, attacked, 7, indices);
  QVERIFY(saturatedTwins(clean.narrow(0, 2, 1), attacked.narrow(0, 2, 1), 7, {42}).equal(all.narrow(0, 2, 1)));
  const Tensor soft = (clean + .1).clamp(0, 1);
  QVERIFY(gaussianTwins(clean, soft, 7, indices).images.equal(gaussianTwins(clean, soft, 7, indices).images));
  QVERIFY(!gaussianTwins(clean, soft, 8, indices).images.equal(gaussianTwins(clean, soft, 7, indices).images));
  // Images that are the same get noise of their own.
  const Tensor twice = clean.narrow(0, 0, 1).repeat({2, 1, 1, 1});
  const Tensor noisy = gaussianTwins(twice, (twice + .1).clamp(0, 1), 7).images;
  QVERIFY(!noisy[0].equal(noisy[1]));
}

void NoiseTwinsTest::noChangeIsNoNoise() {
  const Tensor clean = images(5);
  QVERIFY(gaussianTwins(clean, clean, 1).images.equal(clean));
  QCOMPARE(gaussianTwins(clean, clean, 1).sigma, 0.);
  QVERIFY(saturatedTwins(clean, clean, 1).equal(clean));
  QCOMPARE(gaussianTwins(clean.narrow(0, 0, 0), clean.narrow(0, 0, 0), 1).images.size(0), std::int64_t{0});
}

void NoiseTwinsTest::moreThanNoiseCanDoIsRefused() {
  const Tensor black = at::zeros({4, 1, 8, 8}, torch::kFloat32);
  QVERIFY_EXCEPTION_THROWN(gaussianTwins(black, at::ones_like(black), 1), Error);  // noise reaches half of the pixels
}

void NoiseTwinsTest::saturatedTwinsChangeAsManyPixels() {
  Tensor clean = images(20);
  Tensor attacked = clean.clone();
  for (std::int64_t i = 0; i < 20; ++i) attacked[i].flatten().narrow(0, 0, 2 * i).fill_(.5);
  const Tensor twins = saturatedTwins(clean, attacked, 3);
  for (std::int64_t i = 0; i < 20; ++i) {
    const Tensor changed = twins[i] != clean[i];
    const auto open = (clean[i] < 1).sum().item<std::int64_t>();
    const auto wanted = (attacked[i] != clean[i]).sum().item<std::int64_t>();
    QCOMPARE(changed.sum().item<std::int64_t>(), std::min(wanted, open));
    QVERIFY((twins[i].masked_select(changed) == 1).all().item<bool>());
  }
}

void NoiseTwinsTest::shapesMustMatch() {
  QVERIFY_EXCEPTION_THROWN(gaussianTwins(images(3), images(2), 1), Error);
  QVERIFY_EXCEPTION_THROWN(saturatedTwins(images(3), images(3), 1, {1, 2}), Error);
}

QTEST_APPLESS_MAIN(NoiseTwinsTest)
#include "noise_twins_test.moc"
