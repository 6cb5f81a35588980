// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/score_bins.h"

#include <QTest>

#include <cmath>
#include <numeric>

#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

class ScoreBinsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void sharesOfEachKindAddUpToOne() {
    CellFigures figures;
    for (int i = 0; i < 300; ++i) figures.cleanScores.push_back(i / 300.0);
    for (int i = 0; i < 50; ++i) figures.adversarialScores.push_back(1 + i / 50.0);
    figures.cleanScores.push_back(1e9);  // one far score doesn't flatten the others
    const ScoreBins bins = scoreBins(figures);
    QVERIFY(bins.high < 3);
    QVERIFY(std::abs(std::accumulate(bins.clean.begin(), bins.clean.end(), 0.0) - 1) < 1e-9);
    QVERIFY(std::abs(std::accumulate(bins.adversarial.begin(), bins.adversarial.end(), 0.0) - 1) < 1e-9);
    QVERIFY(bins.clean.front() > 0 && bins.adversarial.front() == 0);
    QVERIFY(bins.clean.back() > 0);  // the far one
    QCOMPARE(bins.edge(0), bins.low);
    QCOMPARE(bins.edge(ScoreBins::kCount), bins.high);
  }

  void oddScoresAreNoTrouble() {
    QVERIFY(scoreBins(CellFigures()).clean.empty());
    CellFigures flat;
    flat.cleanScores = {3, 3};
    flat.adversarialScores = {3};
    const ScoreBins bins = scoreBins(flat);
    QVERIFY(bins.high > bins.low);
    CellFigures wild;
    wild.cleanScores = {NAN, INFINITY, -INFINITY, 1, 2};
    QVERIFY(std::isfinite(scoreBins(wild).low) && std::isfinite(scoreBins(wild).high));
  }

  void thresholdsAreThoseOfTheCurve() {
    CellFigures figures;
    figures.roc = {{INFINITY, 0, 0}, {2, 0.04, 0.5}, {1, 0.06, 0.7}, {0, 1, 1}};
    QCOMPARE(*thresholdAt(figures, 0.05), 2.0);
    QCOMPARE(*thresholdAt(figures, 0.06), 1.0);
    QVERIFY(!thresholdAt(CellFigures(), 0.05));
  }

  void aLogarithmicAxisBeginsOnTheCurve() {
    CellFigures figures;
    figures.roc = {{INFINITY, 0, 0.2}, {2, 0.5, 0.7}, {0, 1, 1}};
    const auto roc = rocFrom(figures, 0.1);
    QCOMPARE(roc.size(), std::size_t{3});
    QCOMPARE(roc[0].falsePositiveRate, 0.1);
    QCOMPARE(roc[0].truePositiveRate, 0.2 + 0.1);  // a fifth of the way from 0.2 to 0.7
    QCOMPARE(roc[1].truePositiveRate, 0.7);
    QCOMPARE(rocFrom(figures, 0).size(), std::size_t{3});
    QVERIFY(rocFrom(CellFigures(), 0.1).empty());
  }
};

QTEST_MAIN(ScoreBinsTest)
#include "score_bins_test.moc"
