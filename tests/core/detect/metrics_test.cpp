// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <QTest>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/detect/roc.h"

using namespace whorl;

namespace {

std::vector<double> draw(std::uint64_t seed, int count, double shift, double step = 0) {
  Random random(seed);
  std::vector<double> scores;
  for (int i = 0; i < count; ++i) {
    const double score = random.normal() + shift;
    scores.push_back(step > 0 ? step * std::round(score / step) : score);
  }
  return scores;
}

bool near(double a, double b, double tolerance) { return std::abs(a - b) <= tolerance; }

}  // namespace

class MetricsTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void bootstrapCoversTheArea();
  void bootstrapIsNarrowerForMoreImages();
  void bootstrapIsDeterministic();
  void bootstrapOfSeparatedAndOfTiedScores();
  void wilsonKnownValues();
  void truePositiveRateIsThatOfTheThreshold();
  void averagePrecisionKnownValues();
  void averagePrecisionTakesTiesTogether();
  void detectionAccuracyKnownValues();
  void thresholdIntervalHoldsTheQuantile();
  void thresholdIntervalIsInfiniteForFewScores();
  void nonsenseIsRefused();
};

// Of repeated experiments some 95 % of the intervals hold the true area, Φ(shift / √2).
void MetricsTest::bootstrapCoversTheArea() {
  const double truth = 0.5 * std::erfc(-1.0 / std::sqrt(2.0) / std::sqrt(2.0));
  int held = 0;
  for (std::uint64_t k = 0; k < 200; ++k) {
    const Interval interval = bootstrapAuc(draw(2 * k, 80, 0), draw(2 * k + 1, 60, 1), k, 300);
    held += interval.low <= truth && truth <= interval.high;
  }
  QVERIFY2(held >= 178 && held <= 199, std::to_string(held).c_str());
}

void MetricsTest::bootstrapIsNarrowerForMoreImages() {
  const Interval few = bootstrapAuc(draw(1, 100, 0), draw(2, 100, 1), 3);
  const Interval many = bootstrapAuc(draw(1, 1600, 0), draw(2, 1600, 1), 3);
  const double ratio = (few.high - few.low) / (many.high - many.low);
  QVERIFY2(ratio > 2.8 && ratio < 5.5, std::to_string(ratio).c_str());
  QVERIFY(many.low < aucExact(draw(1, 1600, 0), draw(2, 1600, 1)));
  QVERIFY(many.high > aucExact(draw(1, 1600, 0), draw(2, 1600, 1)));
}

void MetricsTest::bootstrapIsDeterministic() {
  const auto a = draw(1, 100, 0);
  const auto b = draw(2, 90, 1);
  QCOMPARE(bootstrapAuc(a, b, 7).low, bootstrapAuc(a, b, 7).low);
  QVERIFY(bootstrapAuc(a, b, 7).low != bootstrapAuc(a, b, 8).low);
  auto shuffled = a;
  Random(5).shuffle(shuffled);
  QCOMPARE(bootstrapAuc(shuffled, b, 7).high, bootstrapAuc(a, b, 7).high);
}

void MetricsTest::bootstrapOfSeparatedAndOfTiedScores() {
  QCOMPARE(bootstrapAuc({1, 2, 3}, {4, 5}, 1).low, 1.);
  QCOMPARE(bootstrapAuc({4, 5}, {1, 2, 3}, 1).high, 0.);
  QCOMPARE(bootstrapAuc({1, 1, 1}, {1, 1}, 1).low, .5);
  QVERIFY(std::isnan(bootstrapAuc({}, {1}, 1).low));
}

void MetricsTest::wilsonKnownValues() {
  // R's prop.test(8, 10, correct = FALSE) and (0, 10).
  QVERIFY(near(wilsonInterval(8, 10).low, 0.4901625, 1e-7));
  QVERIFY(near(wilsonInterval(8, 10).high, 0.9433178, 1e-7));
  QCOMPARE(wilsonInterval(0, 10).low, 0.);
  QVERIFY(near(wilsonInterval(0, 10).high, 0.2775328, 1e-7));
  QCOMPARE(wilsonInterval(10, 10).high, 1.);
  QCOMPARE(wilsonInterval(0, 0).low, 0.);
  QCOMPARE(wilsonInterval(0, 0).high, 1.);
}

void MetricsTest::truePositiveRateIsThatOfTheThreshold() {
  QCOMPARE(truePositiveRateAt({1, 2, 3, 4}, {2.5, 3.5, 5, 6}, .25), .75);
  QCOMPARE(truePositiveRateAt({1, 2, 3, 4}, {2.5, 3.5, 5, 6}, 0), .5);
  QVERIFY(std::isnan(truePositiveRateAt({}, {1}, .1)));
}

void MetricsTest::averagePrecisionKnownValues() {
  // scikit-learn's example: labels 0 0 1 1, scores .1 .4 .35 .8 → .8333…
  QVERIFY(near(averagePrecision({.1, .4}, {.35, .8}), 5. / 6, 1e-15));
  QCOMPARE(averagePrecision({1, 2}, {3, 4}), 1.);
  QVERIFY(near(averagePrecision({3, 4}, {1, 2}), (1. / 3 + 2. / 4) / 2, 1e-15));
  QVERIFY(std::isnan(averagePrecision({1}, {})));
}

void MetricsTest::averagePrecisionTakesTiesTogether() {
  // All tied: precision is the share of positives, in whatever order they are given.
  QCOMPARE(averagePrecision({1, 1, 1}, {1}), .25);
  const auto negatives = draw(3, 200, 0, .5);
  auto positives = draw(4, 100, 1, .5);
  const double precision = averagePrecision(negatives, positives);
  Random(1).shuffle(positives);
  QCOMPARE(averagePrecision(negatives, positives), precision);
}

void MetricsTest::detectionAccuracyKnownValues() {
  const DetectionAccuracy best = bestDetectionAccuracy({1, 2, 3, 4}, {2.5, 3.5, 5, 6});
  QCOMPARE(best.accuracy, .75);
  QCOMPARE(best.threshold, 5.);
  QCOMPARE(bestDetectionAccuracy({1, 2}, {3, 4}).accuracy, 1.);
  QCOMPARE(bestDetectionAccuracy({3, 4}, {1, 2}).accuracy, .5);
  QVERIFY(std::isinf(bestDetectionAccuracy({3, 4}, {1, 2}).threshold));
  // Not the number of images but their kind counts: ten times as many clean ones change nothing.
  std::vector<double> many;
  for (int i = 0; i < 10; ++i) many.insert(many.end(), {1, 2, 3, 4});
  QCOMPARE(bestDetectionAccuracy(many, {2.5, 3.5, 5, 6}).accuracy, .75);
}

void MetricsTest::thresholdIntervalHoldsTheQuantile() {
  const double quantile = 1.6448536269514722;  // of the standard normal, 95 %
  int held = 0;
  double width = 0;
  for (std::uint64_t k = 0; k < 400; ++k) {
    const Interval interval = thresholdInterval(draw(k + 1000, 400, 0), .05);
    held += interval.low <= quantile && quantile <= interval.high;
    width += interval.high - interval.low;
  }
  QVERIFY2(held >= 372 && held <= 398, std::to_string(held).c_str());
  QVERIFY(width / 400 < .6);
}

void MetricsTest::thresholdIntervalIsInfiniteForFewScores() {
  const Interval interval = thresholdInterval({1, 2, 3}, .05);
  QVERIFY(std::isinf(interval.high) && interval.high > 0);
  QCOMPARE(interval.low, 2.);  // P(at most 1 of 3 below the 95 % quantile) = .007
}

void MetricsTest::nonsenseIsRefused() {
  const double nan = std::nan("");
  QVERIFY_EXCEPTION_THROWN(bootstrapAuc({nan}, {1}, 1), Error);
  QVERIFY_EXCEPTION_THROWN(bootstrapAuc({1}, {1}, 1, 0), Error);
  QVERIFY_EXCEPTION_THROWN(bootstrapAuc({1}, {1}, 1, 10, 1.0), Error);
  QVERIFY_EXCEPTION_THROWN(wilsonInterval(3, 2), Error);
  QVERIFY_EXCEPTION_THROWN(wilsonInterval(-1, 2), Error);
  QVERIFY_EXCEPTION_THROWN(averagePrecision({1}, {nan}), Error);
  QVERIFY_EXCEPTION_THROWN(bestDetectionAccuracy({nan}, {1}), Error);
  QVERIFY_EXCEPTION_THROWN(thresholdInterval({}, .05), Error);
  QVERIFY_EXCEPTION_THROWN(thresholdInterval({1, nan}, .05), Error);
  QVERIFY_EXCEPTION_THROWN(thresholdInterval({1}, 0), Error);
}

QTEST_APPLESS_MAIN(MetricsTest)
#include "metrics_test.moc"
