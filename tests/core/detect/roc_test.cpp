// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/roc.h"

#include <algorithm>
#include <cmath>

#include <QTest>

#include "core/base/error.h"
#include "core/base/random.h"

using namespace whorl;

namespace {

std::vector<double> draw(std::uint64_t seed, int count, double shift) {
  Random random(seed);
  std::vector<double> scores;
  // Rounded to tenths, so that there are many ties.
  for (int i = 0; i < count; ++i) scores.push_back(std::round(10 * (random.normal() + shift)) / 10);
  return scores;
}

double areaUnder(const std::vector<RocPoint>& curve) {
  double area = 0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    area += (curve[i].falsePositiveRate - curve[i - 1].falsePositiveRate) *
            (curve[i].truePositiveRate + curve[i - 1].truePositiveRate) / 2;
  }
  return area;
}

}  // namespace

class RocTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void knownAreas();
  void exactWhereAGridOfThresholdsIsNot();
  void swappingTheClassesComplements();
  void invariantUnderMonotoneMaps();
  void areaUnderTheCurveIsTheArea();
  void curveRunsFromCornerToCorner();
  void emptySetsHaveNoArea();
  void nanIsRefused();
  void thresholdKeepsItsPromise();
  void thresholdIsTheSmallest();
  void thresholdWithTies();
  void thresholdRefusesNonsense();
  void rejectionCountsEquality();
};

void RocTest::knownAreas() {
  QCOMPARE(aucExact({.1, .4}, {.35, .8}), .75);
  QCOMPARE(aucExact({.5, .5}, {.5, 1}), .75);
  QCOMPARE(aucExact({1, 1, 1}, {1, 1}), .5);
  QCOMPARE(aucExact({1, 2}, {3, 4}), 1.);
  QCOMPARE(aucExact({3, 4}, {1, 2}), 0.);
  QCOMPARE(aucExact({.1, .2, .3, .4, .5}, {.25, .35, .45, .55}), .70);
}

void RocTest::exactWhereAGridOfThresholdsIsNot() { QCOMPARE(aucExact({.50004, .5003}, {.5001, .50045}), .75); }

void RocTest::swappingTheClassesComplements() {
  const auto a = draw(1, 200, 0);
  const auto b = draw(2, 150, 0.7);
  QVERIFY(std::abs(aucExact(a, b) + aucExact(b, a) - 1) < 1e-12);
  QVERIFY(aucExact(a, b) > 0.6);
}

void RocTest::invariantUnderMonotoneMaps() {
  auto a = draw(1, 200, 0);
  auto b = draw(2, 150, 0.7);
  const double area = aucExact(a, b);
  for (auto* scores : {&a, &b}) {
    for (double& score : *scores) score = std::exp(score / 3);
  }
  QCOMPARE(aucExact(a, b), area);
}

void RocTest::areaUnderTheCurveIsTheArea() {
  const auto a = draw(3, 300, 0);
  const auto b = draw(4, 250, 1);
  QVERIFY(std::abs(areaUnder(rocCurve(a, b)) - aucExact(a, b)) < 1e-12);
}

void RocTest::curveRunsFromCornerToCorner() {
  const auto curve = rocCurve({.1, .4}, {.35, .8, .8});
  QCOMPARE(curve.size(), 5U);  // infinity and four distinct scores
  QCOMPARE(curve.front().falsePositiveRate, 0.);
  QCOMPARE(curve.front().truePositiveRate, 0.);
  QCOMPARE(curve[1].threshold, .8);
  QCOMPARE(curve[1].truePositiveRate, 2. / 3);
  QCOMPARE(curve.back().falsePositiveRate, 1.);
  QCOMPARE(curve.back().truePositiveRate, 1.);
  QVERIFY(rocCurve({}, {1}).empty());
}

void RocTest::emptySetsHaveNoArea() {
  QVERIFY(std::isnan(aucExact({}, {1})));
  QVERIFY(std::isnan(aucExact({1}, {})));
  QVERIFY(std::isnan(rejectionRate({}, 1)));
}

void RocTest::nanIsRefused() {
  const double nan = std::nan("");
  QVERIFY_EXCEPTION_THROWN(aucExact({1, nan}, {1}), Error);
  QVERIFY_EXCEPTION_THROWN(aucExact({1}, {nan}), Error);
  QVERIFY_EXCEPTION_THROWN(rocCurve({nan}, {1}), Error);
  QVERIFY_EXCEPTION_THROWN(thresholdAtFpr({nan}, .1), Error);
  QVERIFY_EXCEPTION_THROWN(rejectionRate({nan}, .1), Error);
  const double infinity = std::numeric_limits<double>::infinity();
  QCOMPARE(aucExact({1, 2}, {infinity}), 1.);
}

void RocTest::thresholdKeepsItsPromise() {
  const auto clean = draw(5, 997, 0);
  for (const double rate : {0., .001, .01, .05, .29, .5, .999, 1.}) {
    QVERIFY(rejectionRate(clean, thresholdAtFpr(clean, rate)) <= rate);
  }
  std::vector<double> hundred;
  for (int i = 0; i < 100; ++i) hundred.push_back(i);
  QCOMPARE(rejectionRate(hundred, thresholdAtFpr(hundred, .29)), .29);
  QCOMPARE(rejectionRate(hundred, thresholdAtFpr(hundred, .05)), .05);
  QCOMPARE(rejectionRate(hundred, thresholdAtFpr(hundred, 0)), 0.);
  QCOMPARE(rejectionRate(hundred, thresholdAtFpr(hundred, 1)), 1.);
}

void RocTest::thresholdIsTheSmallest() {
  const std::vector<double> clean = {1, 2, 3, 4};
  const double threshold = thresholdAtFpr(clean, .25);
  QVERIFY(threshold > 3 && threshold < 3 + 1e-12);
  QCOMPARE(rejectionRate(clean, std::nextafter(threshold, 0)), .5);
}

void RocTest::thresholdWithTies() {
  // Half of the scores may be rejected, but the two in the middle only together.
  QCOMPARE(rejectionRate({1, 2, 2, 3}, thresholdAtFpr({1, 2, 2, 3}, .5)), .25);
}

void RocTest::thresholdRefusesNonsense() {
  QVERIFY_EXCEPTION_THROWN(thresholdAtFpr({}, .05), Error);
  QVERIFY_EXCEPTION_THROWN(thresholdAtFpr({1}, -.1), Error);
  QVERIFY_EXCEPTION_THROWN(thresholdAtFpr({1}, 1.1), Error);
  QVERIFY_EXCEPTION_THROWN(thresholdAtFpr({1}, std::nan("")), Error);
}

void RocTest::rejectionCountsEquality() { QCOMPARE(rejectionRate({.1, .2, .3, .4}, .3), .5); }

QTEST_APPLESS_MAIN(RocTest)
#include "roc_test.moc"
