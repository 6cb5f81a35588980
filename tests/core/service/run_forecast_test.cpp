// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/run_forecast.h"

#include <QTest>

#include <cmath>

using namespace whorl;

class RunForecastTest : public QObject {
  Q_OBJECT

  /// Lets a cell take that long, in half seconds, and returns the largest rise of the time left within it.
  static double work(RunForecast& forecast, std::size_t cell, double seconds) {
    forecast.begin(cell);
    double rise = 0;
    auto before = forecast.secondsLeft();
    for (double gone = 0; gone < seconds; gone += 0.5) {
      forecast.pass(0.5);
      const auto now = forecast.secondsLeft();
      if (before && now) rise = std::max(rise, *now - *before);
      before = now;
    }
    return rise;
  }

 private Q_SLOTS:
  void countsDownWithinACell() {
    RunForecast forecast;
    forecast.start({400, 100, 100});
    QCOMPARE(*forecast.secondsLeft(), 600.0);
    QCOMPARE(work(forecast, 0, 300), 0.0);  // training: no cell has ended, and yet
    QCOMPARE(*forecast.secondsLeft(), 300.0);
    QCOMPARE(*forecast.fraction(), 0.5);
  }

  void finishedCellsScaleTheRest() {
    RunForecast forecast;
    forecast.start({100, 100, 100, 100});
    work(forecast, 0, 200);
    forecast.end(0);
    work(forecast, 1, 200);
    forecast.end(1);
    // Twice as long as expected, but for the little that the plan's word still counts.
    QVERIFY2(*forecast.secondsLeft() > 370 && *forecast.secondsLeft() <= 400,
             qPrintable(QString::number(*forecast.secondsLeft())));
  }

  void aShortFirstCellDoesNotDecide() {
    RunForecast forecast;
    forecast.start({1, 300, 300});
    work(forecast, 0, 10);  // ten times as long
    forecast.end(0);
    QVERIFY2(*forecast.secondsLeft() < 900, qPrintable(QString::number(*forecast.secondsLeft())));
  }

  /// Training and short cells, the figures of a run that takes ten minutes, where the plan is wrong by half.
  void staysNearTheTruthAllAlong() {
    const std::vector<double> expected = {200, 20, 60, 5, 20, 60, 5};
    const std::vector<double> real = {330, 28, 85, 8, 30, 90, 29};
    RunForecast forecast;
    forecast.start(expected);
    double truth = 600;
    for (std::size_t i = 0; i < real.size(); ++i) {
      forecast.begin(i);
      forecast.pass(real[i] / 2);
      truth -= real[i];
      const auto left = forecast.secondsLeft();
      const double right = truth + real[i] / 2;
      if (right > 60) QVERIFY2(left && *left > right / 2.5 && *left < 2.5 * right, qPrintable(QString::number(i)));
      forecast.pass(real[i] / 2);
      forecast.end(i);
    }
  }

  void whatIsKeptTakesNoTime() {
    RunForecast forecast;
    forecast.start({0, 100});
    forecast.begin(0);
    forecast.pass(0.1);
    forecast.end(0);
    QCOMPARE(*forecast.secondsLeft(), 100.0);
  }

  void whatIsNotKnownIsNotTold() {
    RunForecast forecast;
    QVERIFY(!forecast.secondsLeft() && !forecast.fraction());
    forecast.start({-1, 100});
    QVERIFY(!forecast.secondsLeft());
    forecast.begin(0);
    forecast.pass(50);
    forecast.end(0);
    QCOMPARE(*forecast.secondsLeft(), 100.0);
    // The last cell takes longer than expected: nobody knows how much.
    work(forecast, 1, 130);
    QVERIFY(!forecast.secondsLeft());
  }

  void theBarNeverFalls() {
    RunForecast forecast;
    forecast.start({10, 100});
    double last = 0;
    forecast.begin(0);
    for (int i = 0; i < 100; ++i) {
      forecast.pass(1);
      const double now = forecast.fraction().value_or(0);
      QVERIFY(now >= last && now <= 1);
      last = now;
    }
  }
};

QTEST_GUILESS_MAIN(RunForecastTest)
#include "run_forecast_test.moc"
