// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/ball.h"

#include <algorithm>
#include <cmath>
#include <stop_token>

#include <QTest>

#include "tests/core/attack/linear_classifier.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using test::kindOf;
using test::LinearClassifier;
using torch::Tensor;

namespace {

const auto kDouble = torch::TensorOptions().dtype(torch::kFloat64);

Tensor image() { return torch::full({1, 1, 2, 2}, 0.5, kDouble); }

/// Two classes whose margin for class 0 is −4 (x₀ − 0.5) − 0.1.
LinearClassifier classifier() {
  Tensor weight = at::zeros({2, 4}, kDouble);
  weight[0][0] = 4;
  Tensor bias = at::zeros({2}, kDouble);
  bias[0] = -1.9;
  return {weight, bias, {1, 2, 2}};
}

PointValues valuesOf(const Classifier& net, const std::vector<std::string>& names) {
  ValueSources sources;
  sources.classifier = &net;
  sources.image = image();
  return {sources, names};
}

}  // namespace

class BallTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void raysHaveTheNormsLength();
  void theSeedAndTheNumberDecide();
  void statisticsAreThoseOfTheValues();
  void theMiddleIsTheImage();
  void raysGrow();
  void cancellingEndsIt();
  void nonsenseIsRefused();
};

void BallTest::raysHaveTheNormsLength() {
  const Ball l2(image(), 10, BallNorm::L2, 1, false), linf(image(), 10, BallNorm::Linf, 1, false);
  for (int i = 0; i < 10; ++i) {
    QVERIFY(std::abs(l2.ray(i).norm().item<double>() - 1) < 1e-12);
    QVERIFY(std::abs(linf.ray(i).abs().max().item<double>() - 1) < 1e-12);
    const Tensor away = l2.at(i, {0, 0.7}) - image();
    QVERIFY(away[0].abs().max().item<double>() == 0);
    QVERIFY(std::abs(away[1].norm().item<double>() - 0.7) < 1e-12);
  }
  const Tensor inBox = Ball(image(), 1, BallNorm::Linf, 1, true).at(0, {3});
  QVERIFY(inBox.min().item<double>() >= 0 && inBox.max().item<double>() <= 1);
}

void BallTest::theSeedAndTheNumberDecide() {
  const Ball few(image(), 2, BallNorm::L2, 1, false), many(image(), 50, BallNorm::L2, 1, false);
  QVERIFY(at::equal(few.ray(1), many.ray(1)));
  QVERIFY(!at::equal(few.ray(0), few.ray(1)));
  QVERIFY(!at::equal(few.ray(0), Ball(image(), 2, BallNorm::L2, 2, false).ray(0)));
}

void BallTest::statisticsAreThoseOfTheValues() {
  const LinearClassifier net = classifier();
  const Ball ball(image(), 21, BallNorm::L2, 3, false);
  const Surface surface =
      sampleBall(ball, 2, 5, valuesOf(net, {"margin", "predicted"}), {2, 2, 1}, JobContext{});  // in pieces
  QVERIFY(surface.isLine());
  QCOMPARE(surface.x, (std::vector<double>{0, 0.5, 1, 1.5, 2}));
  for (std::size_t i = 0; i < 5; ++i) {
    std::vector<double> margins;
    double same = 0, sum = 0;
    for (int ray = 0; ray < 21; ++ray) {
      margins.push_back(-4 * surface.x[i] * ball.ray(ray)[0][0][0][0].item<double>() - 0.1);
      same += margins.back() < 0 ? 1 : 0;
      sum += margins.back();
    }
    std::sort(margins.begin(), margins.end());
    const auto at = [&](const char* name) { return surface.layer(name).values[i]; };
    QVERIFY(std::abs(at("margin_mean") - sum / 21) < 1e-6);
    QVERIFY(std::abs(at("margin_min") - margins.front()) < 1e-6);
    QVERIFY(std::abs(at("margin_q05") - margins[1]) < 1e-6);  // 21 values: each a twentieth
    QVERIFY(std::abs(at("margin_median") - margins[10]) < 1e-6);
    QVERIFY(std::abs(at("margin_q75") - margins[15]) < 1e-6);
    QVERIFY(std::abs(at("margin_max") - margins.back()) < 1e-6);
    QVERIFY(std::abs(at("predicted_same") - same / 21) < 1e-12);
  }
}

void BallTest::theMiddleIsTheImage() {
  const LinearClassifier net = classifier();
  const Surface surface = sampleBall(Ball(image(), 5, BallNorm::Linf, 3, false), 0.1, 3, valuesOf(net, {"margin"}),
                                     {64, 1, 1}, JobContext{});
  for (const SurfaceLayer& layer : surface.layers) QVERIFY(std::abs(layer.values[0] + 0.1) < 1e-9);
}

void BallTest::raysGrow() {
  const LinearClassifier net = classifier();
  const Ball ball(image(), 100, BallNorm::L2, 3, false);
  std::vector<std::vector<double>> heard;
  sampleBall(ball, 1, 4, valuesOf(net, {"margin"}), {64, 1, 1}, JobContext{},
             [&](const Surface& level) { heard.push_back(level.layer("margin_max").values); });
  QCOMPARE(heard.size(), std::size_t{3});  // 16, 64, 100 rays
  const Surface first =
      sampleBall(Ball(image(), 16, BallNorm::L2, 3, false), 1, 4, valuesOf(net, {"margin"}), {64, 2, 1}, JobContext{});
  QCOMPARE(first.layer("margin_max").values, heard[0]);
}

void BallTest::cancellingEndsIt() {
  const LinearClassifier net = classifier();
  std::stop_source stop;
  const JobContext context(stop.get_token(), nullptr);
  int levels = 0;
  const auto run = [&] {
    sampleBall(Ball(image(), 1000, BallNorm::L2, 3, false), 1, 4, valuesOf(net, {"margin"}), {64, 1, 1}, context,
               [&](const Surface&) {
                 ++levels;
                 stop.request_stop();
               });
  };
  QCOMPARE(kindOf(run), ErrorKind::Cancelled);
  QCOMPARE(levels, 1);
}

void BallTest::nonsenseIsRefused() {
  QCOMPARE(kindOf([] { Ball(image(), 0, BallNorm::L2, 1, false); }), ErrorKind::Usage);
  QCOMPARE(kindOf([] { parseBallNorm("l7"); }), ErrorKind::Usage);
  const LinearClassifier net = classifier();
  const Ball ball(image(), 2, BallNorm::L2, 1, false);
  const auto refused = [&](double range, int resolution) {
    return kindOf([&] { sampleBall(ball, range, resolution, valuesOf(net, {"margin"}), {64, 1, 1}, JobContext{}); });
  };
  QCOMPARE(refused(0, 5), ErrorKind::Usage);
  QCOMPARE(refused(1, 1), ErrorKind::Usage);
}

QTEST_APPLESS_MAIN(BallTest)
#include "ball_test.moc"
