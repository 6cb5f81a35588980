// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/curve_series.h"

#include <QTest>

#include <cmath>
#include <limits>
#include <numeric>

using namespace whorl::ui;

class CurveSeriesTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void shortRunsAreKeptAsTheyAre() {
    CurveSeries series;
    QVERIFY(series.empty());
    for (int i = 0; i < 100; ++i) series.append(i, i * i);
    const auto points = series.points();
    QCOMPARE(points.size(), std::size_t{100});
    QCOMPARE(points[7], (CurvePoint{7, 49}));
    QCOMPARE(series.stride(), std::size_t{1});
  }

  void longRunsStayBoundedAndKeepTheirMean() {
    CurveSeries series;
    const int count = 100000;
    for (int i = 0; i < count; ++i) series.append(i, std::sin(i * 0.01) + (i % 2 == 0 ? 1 : -1));
    QVERIFY(series.size() <= CurveSeries::kMostPoints);
    QVERIFY(series.size() > CurveSeries::kMostPoints / 4);
    const auto points = series.points();
    for (std::size_t i = 1; i < points.size(); ++i) QVERIFY(points[i].x > points[i - 1].x);
    // The alternation is averaged away, the slow wave is not.
    const auto near = series.nearest(15708);
    QVERIFY(std::abs(near.y - std::sin(near.x * 0.01)) < 0.1);
    QCOMPARE(series.last().x, double(count - 1));
  }

  void whatIsNotANumberIsLeftOut() {
    CurveSeries series;
    series.append(0, std::nan(""));
    series.append(1, std::numeric_limits<double>::infinity());
    QVERIFY(series.empty());
    series.append(2, 3);
    QCOMPARE(series.size(), std::size_t{1});
  }

  void nearestPoint() {
    CurveSeries series;
    for (double x : {0.0, 10.0, 20.0}) series.append(x, x);
    QCOMPARE(series.nearest(-5).x, 0.0);
    QCOMPARE(series.nearest(4).x, 0.0);
    QCOMPARE(series.nearest(6).x, 10.0);
    QCOMPARE(series.nearest(99).x, 20.0);
  }

  void betweenPoints() {
    CurveSeries series;
    for (const auto& [x, y] : {std::pair{0.0, 0.0}, {0.0, 0.5}, {0.5, 0.75}, {1.0, 1.0}}) series.append(x, y);
    QCOMPARE(series.between(-1), 0.0);
    QCOMPARE(series.between(0), 0.5);  // the upper end of a jump
    QCOMPARE(series.between(0.25), 0.625);
    QCOMPARE(series.between(0.5), 0.75);
    QCOMPARE(series.between(7), 1.0);
  }
};

QTEST_APPLESS_MAIN(CurveSeriesTest)
#include "curve_series_test.moc"
