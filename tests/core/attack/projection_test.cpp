// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/projection.h"

#include <QTest>

#include "core/base/error.h"
#include "tests/core/attack/linear_classifier.h"

using namespace whorl;
using whorl::test::randomImages;

namespace {

double largestDistance(Norm norm, const torch::Tensor& a, const torch::Tensor& b) {
  const torch::Tensor delta = (a.to(torch::kFloat64) - b.to(torch::kFloat64)).flatten(1);
  return (norm == Norm::Linf ? delta.abs().amax(1) : l2Norms(delta)).max().item<double>();
}

bool inBox(const torch::Tensor& x) { return x.min().item<double>() >= 0 && x.max().item<double>() <= 1; }

}  // namespace

class ProjectionTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void staysInBallAndBox_data();
  void staysInBallAndBox();
  void pointsInsideAreLeftAlone();
  void projectionIsTheNearestPoint();
  void sameRoundingInEveryPixel();
  void radiusZeroIsTheOrigin();
  void l1ProjectionIsExact();
  void l1StaysInBallAndBox();
  void randomPointsFillTheBall();
  void startsInASmallerBall();
  void startsAtAnEvenDistance();
  void randomPointsBelongToTheirSeed();
  void selectionKeepsEachImagesBall();
  void unknownNormIsRefused();
};

void ProjectionTest::staysInBallAndBox_data() {
  QTest::addColumn<bool>("l2");
  QTest::addColumn<int>("channels");
  QTest::addColumn<int>("side");
  QTest::addColumn<double>("epsilon");
  QTest::addColumn<bool>("inDouble");
  for (const bool inDouble : {false, true}) {
    const char* type = inDouble ? "double" : "float";
    QTest::addRow("linf 28 %s", type) << false << 1 << 28 << 0.3 << inDouble;
    QTest::addRow("linf 84 %s", type) << false << 3 << 84 << 8.0 / 255 << inDouble;
    QTest::addRow("l2 28 %s", type) << true << 1 << 28 << 2.0 << inDouble;
    QTest::addRow("l2 32 %s", type) << true << 3 << 32 << 0.5 << inDouble;
    QTest::addRow("l2 84 %s", type) << true << 3 << 84 << 10.0 << inDouble;
  }
}

void ProjectionTest::staysInBallAndBox() {
  QFETCH(bool, l2);
  QFETCH(int, channels);
  QFETCH(int, side);
  QFETCH(double, epsilon);
  QFETCH(bool, inDouble);
  const Norm norm = l2 ? Norm::L2 : Norm::Linf;
  const auto type = inDouble ? torch::kFloat64 : torch::kFloat32;
  const torch::Tensor origin = randomImages({channels, side, side}, 5, 1).to(type);
  const torch::Tensor far = (10 * (randomImages({channels, side, side}, 5, 2) - 0.5)).to(type);
  const torch::Tensor x = Ball(norm, origin, epsilon).project(far);
  QVERIFY(x.scalar_type() == type);
  QVERIFY(inBox(x));
  QVERIFY(largestDistance(norm, x, origin) <= epsilon + 1e-7);
  QVERIFY(largestDistance(norm, x, origin) > 0.5 * epsilon);
}

void ProjectionTest::pointsInsideAreLeftAlone() {
  const torch::Tensor origin = randomImages({1, 4, 4}, 3, 1) * 0.5 + 0.25;
  const torch::Tensor inside = origin + 0.01 * (randomImages({1, 4, 4}, 3, 2) - 0.5);
  QVERIFY(at::equal(Ball(Norm::Linf, origin, 0.1).project(inside), inside));
  QVERIFY(at::allclose(Ball(Norm::L2, origin, 0.1).project(inside), inside, 0, 1e-15));
}

void ProjectionTest::projectionIsTheNearestPoint() {
  const torch::Tensor origin = torch::full({1, 1, 1, 2}, 0.5, torch::kFloat64);
  const torch::Tensor far = torch::tensor({0.5 + 0.6, 0.5 - 0.8}, torch::kFloat64).view({1, 1, 1, 2});
  const auto at2 = [](const torch::Tensor& x, int k) { return x.flatten()[k].item<double>(); };
  const torch::Tensor l2 = Ball(Norm::L2, origin, 0.5).project(far);
  QVERIFY(std::abs(at2(l2, 0) - 0.8) < 1e-12 && std::abs(at2(l2, 1) - 0.1) < 1e-12);
  const torch::Tensor linf = Ball(Norm::Linf, origin, 0.25).project(far);
  QVERIFY(std::abs(at2(linf, 0) - 0.75) < 1e-15 && std::abs(at2(linf, 1) - 0.25) < 1e-15);
}

void ProjectionTest::sameRoundingInEveryPixel() {
  // A constant step from a constant image rounds alike in all 21,168 pixels: the worst case for the norm.
  for (int k = 0; k < 200; ++k) {
    const torch::Tensor origin = torch::full({1, 3, 84, 84}, 0.5 + 0.001 * k);
    const torch::Tensor x = Ball(Norm::L2, origin, 3.0 + 0.013 * k).project(origin + 1);
    QVERIFY(largestDistance(Norm::L2, x, origin) <= 3.0 + 0.013 * k + 1e-7);
  }
}

void ProjectionTest::l1ProjectionIsExact() {
  const auto options = torch::TensorOptions().dtype(torch::kFloat64);
  const torch::Tensor origin = torch::tensor({0.5, 0.5, 0.9, 0.0}, options).view({1, 1, 2, 2});
  const Ball ball(Norm::L1, origin, 0.5);
  // δ = (.4, −.1, .6, 0): pixel 2 has room for .1 only, so min(.4 − λ, ½) + (.1 − λ)₊ + .1 = .5: λ = .05.
  const torch::Tensor x = torch::tensor({0.9, 0.4, 1.5, 0.0}, options).view({1, 1, 2, 2});
  const torch::Tensor expected = torch::tensor({0.85, 0.45, 1.0, 0.0}, options).view({1, 1, 2, 2});
  QVERIFY((ball.project(x) - expected).abs().max().item<double>() < 1e-9);
  // No random point of ball and box is nearer to x.
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t k = 0; k < 500; ++k) seeds.push_back(k);
  const Ball many(Norm::L1, origin.expand({500, 1, 2, 2}).contiguous(), 0.5);
  const torch::Tensor others = many.randomPoint(seeds).clamp(0, 1);
  const double best = (ball.project(x) - x).norm().item<double>();
  QVERIFY(l2Norms(others - x).min().item<double>() >= best - 1e-9);
}

void ProjectionTest::l1StaysInBallAndBox() {
  for (const auto type : {torch::kFloat32, torch::kFloat64}) {
    for (const ImageShape shape : {ImageShape{1, 28, 28}, ImageShape{3, 32, 32}}) {
      const torch::Tensor origin = randomImages(shape, 3, 1).to(type);
      const Ball ball(Norm::L1, origin, 5);
      const torch::Tensor x = ball.project(origin + (randomImages(shape, 3, 2).to(type) - 0.5) * 4);
      QVERIFY(inBox(x));
      const torch::Tensor spent = (x.to(torch::kFloat64) - origin.to(torch::kFloat64)).flatten(1).abs().sum(1);
      QVERIFY(spent.max().item<double>() <= 5 + 1e-6);
      QVERIFY(spent.min().item<double>() > 4.99);
      std::vector<std::uint64_t> seeds = {1, 2, 3};
      const torch::Tensor offsets = ball.randomPoint(seeds) - origin;
      QVERIFY(offsets.to(torch::kFloat64).flatten(1).abs().sum(1).max().item<double>() <= 5 + 1e-4);
    }
  }
}

void ProjectionTest::radiusZeroIsTheOrigin() {
  const torch::Tensor origin = randomImages({1, 4, 4}, 3, 1);
  for (const Norm norm : {Norm::Linf, Norm::L2}) {
    QVERIFY(at::equal(Ball(norm, origin, 0).project(origin + 0.3), origin));
  }
}

void ProjectionTest::randomPointsFillTheBall() {
  const torch::Tensor origin = torch::full({2000, 1, 1, 2}, 0.5, torch::kFloat64);
  std::vector<std::uint64_t> seeds(2000);
  for (std::size_t k = 0; k < seeds.size(); ++k) seeds[k] = mixSeed(1, k);
  for (const Norm norm : {Norm::Linf, Norm::L2}) {
    const torch::Tensor points = Ball(norm, origin, 0.2).randomPoint(seeds);
    QVERIFY(largestDistance(norm, points, origin) <= 0.2 + 1e-12);
    QVERIFY(std::abs((points - origin).mean().item<double>()) < 0.01);
    const torch::Tensor distances =
        norm == Norm::Linf ? (points - origin).abs().flatten(1).amax(1) : l2Norms(points - origin);
    // In two dimensions a quarter of the points are nearer than half the radius (2,000 draws: deviation .01).
    QVERIFY(std::abs((distances < 0.1).to(torch::kFloat64).mean().item<double>() - 0.25) < 0.05);
  }
}

void ProjectionTest::startsInASmallerBall() {
  const torch::Tensor origin = torch::full({3, 1, 3, 3}, 0.5, torch::kFloat64);
  const std::vector<std::uint64_t> seeds = {1, 2, 3};
  for (const Norm norm : {Norm::Linf, Norm::L2, Norm::L1}) {
    const Ball ball(norm, origin, 0.2);
    QVERIFY(at::equal(ball.randomPoint(seeds, StartLaw::Growing, 0), origin));
    // The same direction, a quarter of the way.
    const torch::Tensor whole = ball.randomPoint(seeds, StartLaw::Growing) - origin;
    const torch::Tensor quarter = ball.randomPoint(seeds, StartLaw::Growing, 0.25) - origin;
    QVERIFY(at::allclose(quarter, whole / 4, 0, 1e-12));
    QVERIFY(at::equal(whole, ball.randomPoint(seeds, StartLaw::Ball) - origin));
  }
}

void ProjectionTest::startsAtAnEvenDistance() {
  const torch::Tensor origin = torch::full({2000, 1, 3, 3}, 0.5, torch::kFloat64);
  std::vector<std::uint64_t> seeds(2000);
  for (std::size_t k = 0; k < seeds.size(); ++k) seeds[k] = mixSeed(2, k);
  for (const Norm norm : {Norm::Linf, Norm::L2, Norm::L1}) {
    const torch::Tensor offsets = (Ball(norm, origin, 0.2).randomPoint(seeds, StartLaw::Radius) - origin).flatten(1);
    const torch::Tensor distances = norm == Norm::Linf ? offsets.abs().amax(1)
                                    : norm == Norm::L2 ? offsets.square().sum(1).sqrt()
                                                       : offsets.abs().sum(1);
    QVERIFY(distances.max().item<double>() <= 0.2 + 1e-12);
    for (const double share : {0.1, 0.5, 0.9}) {
      const double nearer = (distances < 0.2 * share).to(torch::kFloat64).mean().item<double>();
      QVERIFY2(std::abs(nearer - share) < 0.05, qPrintable(QString::number(nearer)));
    }
    QVERIFY(std::abs(offsets.mean().item<double>()) < 0.01);
  }
  QCOMPARE(parseStartLaw("radius"), StartLaw::Radius);
  QCOMPARE(parseStartLaw("growing"), StartLaw::Growing);
  QVERIFY_THROWS_EXCEPTION(Error, parseStartLaw("even"));
}

void ProjectionTest::randomPointsBelongToTheirSeed() {
  const torch::Tensor origin = torch::full({3, 1, 4, 4}, 0.5, torch::kFloat64);
  for (const Norm norm : {Norm::Linf, Norm::L2}) {
    const torch::Tensor all = Ball(norm, origin, 0.2).randomPoint({7, 8, 9});
    const torch::Tensor one = Ball(norm, origin.narrow(0, 0, 1), 0.2).randomPoint({8});
    QVERIFY(at::equal(one[0], all[1]));
    QVERIFY(!at::equal(all[0], all[1]));
  }
}

void ProjectionTest::selectionKeepsEachImagesBall() {
  const torch::Tensor origin = randomImages({1, 4, 4}, 4, 1);
  const torch::Tensor rows = torch::tensor({1, 3}, torch::kInt64);
  const torch::Tensor far = origin + 0.7;
  for (const Norm norm : {Norm::Linf, Norm::L2}) {
    const Ball ball(norm, origin, 0.2);
    QVERIFY(at::equal(ball.select(rows).project(far.index_select(0, rows)), ball.project(far).index_select(0, rows)));
  }
}

void ProjectionTest::unknownNormIsRefused() {
  QVERIFY(parseNorm("l2") == Norm::L2);
  QVERIFY_EXCEPTION_THROWN(parseNorm("l3"), Error);
}

QTEST_APPLESS_MAIN(ProjectionTest)
#include "projection_test.moc"
