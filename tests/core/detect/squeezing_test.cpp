// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/squeezing.h"

#include <algorithm>
#include <cmath>

#include <QTest>

#include <ATen/ATen.h>

#include "core/base/error.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using torch::Tensor;
using whorl::test::LinearClassifier;
using whorl::test::randomImages;
using whorl::test::SmoothClassifier;

namespace {

Tensor image(std::vector<double> values, std::int64_t width) {
  return at::tensor(values, torch::kFloat64).view({1, 1, -1, width});
}

Model modelOf(const ImageShape& shape) {
  Model model;
  model.name = "smooth";
  model.input = shape;
  model.classifier = std::make_shared<SmoothClassifier>(shape, 12, 5, 1);
  return model;
}

Tensor scoresOf(const Model& model, const Tensor& x, const char* squeezers) {
  return makeDetector("feature-squeezing", model, {{"squeezers", std::string(squeezers)}})->scores(x);
}

/// The mirrored place (… b a | a b …).
std::int64_t mirrored(std::int64_t i, std::int64_t size) {
  if (i < 0) return -1 - i;
  return i < size ? i : 2 * size - 1 - i;
}

}  // namespace

class SqueezingTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void bitsAreLevels();
  void medianOfTwoIsScipys();
  void medianOfThreeKnowsItsMiddle();
  void nonLocalMeansIsItsDefinition();
  void nonLocalMeansKeepsEdgesAndCalmsNoise();
  void nonLocalMeansIsOfTheImageAlone();
  void theScoreIsTheLargestDistance();
  void publishedSqueezersFollowTheImage();
  void unknownSqueezersAreRefused();
};

void SqueezingTest::bitsAreLevels() {
  QVERIFY(reduceBits(image({0, .3, .49, .51, 1}, 5), 1).equal(image({0, 0, 0, 1, 1}, 5)));
  QVERIFY(reduceBits(image({0, .3, .4, .9, 1}, 5), 2).allclose(image({0, 1. / 3, 1. / 3, 1, 1}, 5)));
  const Tensor bytes = at::arange(256, torch::kFloat64).view({1, 1, 16, 16}) / 255;
  QVERIFY(reduceBits(bytes, 8).allclose(bytes, 0, 1e-12));
}

void SqueezingTest::medianOfTwoIsScipys() {
  // scipy.ndimage.median_filter([[1,5,2],[8,3,9],[4,7,6]], size=2).
  QVERIFY(medianFilter(image({1, 5, 2, 8, 3, 9, 4, 7, 6}, 3), 2).equal(image({1, 5, 5, 8, 5, 5, 8, 7, 7}, 3)));
}

void SqueezingTest::medianOfThreeKnowsItsMiddle() {
  const Tensor filtered = medianFilter(image({1, 5, 2, 8, 3, 9, 4, 7, 6}, 3), 3);
  QCOMPARE(filtered[0][0][1][1].item<double>(), 5.);  // of 1 … 9
  QCOMPARE(filtered[0][0][0][0].item<double>(), 3.);  // 1 1 1 1 5 5 8 8 3, mirrored: fifth of nine
  const Tensor speck = image({0, 0, 0, 0, 1, 0, 0, 0, 0}, 3);
  QVERIFY((medianFilter(speck, 3) == 0).all().item<bool>());
}

void SqueezingTest::nonLocalMeansIsItsDefinition() {
  const Tensor x = randomImages({2, 6, 5}, 1, 3);
  const Tensor filtered = nonLocalMeans(x, 5, 3, .3);
  const auto at_ = [&](int c, std::int64_t row, std::int64_t column) {
    return x[0][c][mirrored(row, 6)][mirrored(column, 5)].item<double>();
  };
  for (const auto& [row, column] : {std::pair{0, 0}, {2, 2}, {5, 4}, {3, 1}}) {
    double sum[2] = {};
    double weights = 0;
    for (int dr = -2; dr <= 2; ++dr) {
      for (int dc = -2; dc <= 2; ++dc) {
        double distance = 0;
        for (int pr = -1; pr <= 1; ++pr) {
          for (int pc = -1; pc <= 1; ++pc) {
            for (int c = 0; c < 2; ++c) {
              distance += std::pow(at_(c, row + dr + pr, column + dc + pc) - at_(c, row + pr, column + pc), 2) / 18;
            }
          }
        }
        const double weight = std::exp(-distance / .09);
        weights += weight;
        for (int c = 0; c < 2; ++c) sum[c] += weight * at_(c, row + dr, column + dc);
      }
    }
    for (int c = 0; c < 2; ++c) {
      QVERIFY(std::abs(filtered[0][c][row][column].item<double>() - sum[c] / weights) < 1e-12);
    }
  }
}

void SqueezingTest::nonLocalMeansKeepsEdgesAndCalmsNoise() {
  Tensor edge = at::zeros({1, 1, 12, 12}, torch::kFloat64);
  edge.narrow(3, 6, 6).fill_(1);
  QVERIFY(nonLocalMeans(edge, 7, 3, .1).allclose(edge, 0, 1e-3));
  const Tensor noise = .04 * (randomImages({1, 12, 12}, 1, 1) - .5);
  const Tensor calmed = nonLocalMeans(edge + noise, 7, 3, .1);
  QVERIFY((calmed - edge).square().mean().item<double>() < .3 * noise.square().mean().item<double>());
}

void SqueezingTest::nonLocalMeansIsOfTheImageAlone() {
  // More images than go through together.
  const Tensor x = randomImages({3, 32, 32}, 19, 4);
  const Tensor all = nonLocalMeans(x, 5, 3, .1);
  QVERIFY(all.sizes() == x.sizes());
  for (const std::int64_t i : {0, 7, 8, 18}) {
    QVERIFY(nonLocalMeans(x.narrow(0, i, 1), 5, 3, .1).allclose(all.narrow(0, i, 1), 0, 1e-12));
  }
  QCOMPARE(nonLocalMeans(x.narrow(0, 0, 0), 5, 3, .1).size(0), std::int64_t{0});
}

void SqueezingTest::theScoreIsTheLargestDistance() {
  const Model model = modelOf({1, 4, 4});
  const Tensor x = randomImages({1, 4, 4}, 9, 2);
  const auto distance = [&](const Tensor& squeezed) {
    return (model.classifier->logits(x).softmax(1) - model.classifier->logits(squeezed).softmax(1)).abs().sum(1);
  };
  const Tensor bits = distance(reduceBits(x, 1));
  const Tensor median = distance(medianFilter(x, 2));
  QVERIFY(scoresOf(model, x, "bits1").allclose(bits));
  QVERIFY(scoresOf(model, x, "bits1, median2").allclose(at::maximum(bits, median)));
  QVERIFY(scoresOf(model, x, "median2,bits1").allclose(at::maximum(bits, median)));
  // An image that squeezing leaves alone is never suspicious.
  QVERIFY(scoresOf(model, reduceBits(x, 1), "bits1").abs().max().item<double>() < 1e-12);
}

void SqueezingTest::publishedSqueezersFollowTheImage() {
  const Tensor grey = randomImages({1, 4, 4}, 5, 2);
  QVERIFY(scoresOf(modelOf({1, 4, 4}), grey, "published").equal(scoresOf(modelOf({1, 4, 4}), grey, "bits1,median2")));
  const Tensor colour = randomImages({3, 8, 8}, 5, 2);
  QVERIFY(scoresOf(modelOf({3, 8, 8}), colour, "published")
              .equal(scoresOf(modelOf({3, 8, 8}), colour, "bits5,median2,nlm13-3-2")));
}

void SqueezingTest::unknownSqueezersAreRefused() {
  for (const char* name : {"", "bits0", "bits9", "bits", "median1", "median6", "nlm12-3-2", "nlm13-3", "nlm13-3-2-1",
                           "blur", "bits1,", "bits1x"}) {
    try {
      scoresOf(modelOf({1, 4, 4}), randomImages({1, 4, 4}, 1, 2), name);
      QFAIL(name);
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::Usage);
    }
  }
}

QTEST_APPLESS_MAIN(SqueezingTest)
#include "squeezing_test.moc"
