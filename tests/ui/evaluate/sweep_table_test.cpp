// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/sweep_table.h"

#include <QSignalSpy>
#include <QTest>

#include "tests/ui/ui_test.h"
#include "ui/evaluate/evaluate_plots.h"

using namespace whorl;
using namespace whorl::ui;

class SweepTableTest : public QObject {
  Q_OBJECT

  /// N of 5 and 10 over ε of 0.01 and 0.1: areas 0.91, 0.92, 0.93; the last is not computed.
  static RecipeResult sample() {
    RecipeResult result;
    result.attacks = {"FGSM"};
    double area = 0.9;
    for (const double count : {5.0, 10.0}) {
      for (const double epsilon : {0.01, 0.1}) {
        RecipeCell cell;
        cell.detectorFamily = "NFP";
        cell.detector = "NFP " + std::to_string(result.cells.size());
        cell.attack = "FGSM";
        cell.variant = {{"fingerprint_epsilon", epsilon}, {"fingerprints", count}};
        area += 0.01;
        if (result.cells.size() < 3) {
          cell.state = CellState::Done;
          cell.figures = CellFigures{};
          cell.figures->aucSuccessful = {area, area, area};
          cell.figures->successRate = {1 - area, 0, 1};
        }
        result.detectors.push_back(cell.detector);
        result.cells.push_back(cell);
      }
    }
    return result;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void showsTheSweepOfTheCell() {
    const RecipeResult result = sample();
    SweepTable table;
    QVERIFY(table.showSweep(result, result.cells[2], GridMetric::AucSuccessful));
    QCOMPARE(table.rowCount(), 2);
    QCOMPARE(table.columnCount(), 2);
    QCOMPARE(table.horizontalHeaderItem(0)->text(), QString("fingerprint epsilon = 0.01"));
    QCOMPARE(table.verticalHeaderItem(0)->text(), QString("fingerprints = 10"));  // the greatest above
    QCOMPARE(table.item(1, 0)->text(), QString("91.00"));
    QCOMPARE(table.item(1, 1)->text(), QString("92.00"));
    QCOMPARE(table.item(0, 0)->text(), QString("93.00"));
    QCOMPARE(table.item(0, 1)->text(), QString("–"));
    QVERIFY(table.item(0, 1)->toolTip().contains("not computed yet"));
    QCOMPARE(table.item(1, 0)->background().color(), QColor(68, 1, 84));
    QCOMPARE(table.item(0, 0)->background().color(), QColor(253, 231, 37));
    QCOMPARE(table.currentItem(), table.item(0, 0));
    QVERIFY(table.showSweep(result, result.cells[0], GridMetric::SuccessRate));
    QCOMPARE(table.item(1, 0)->text(), QString("9.00"));
  }

  void aChosenCellIsTold() {
    const RecipeResult result = sample();
    SweepTable table;
    QSignalSpy chosen(&table, &SweepTable::cellChosen);
    table.showSweep(result, result.cells[2], GridMetric::AucSuccessful);
    QCOMPARE(chosen.count(), 0);
    table.setCurrentCell(1, 1);
    QCOMPARE(chosen.count(), 1);
    QCOMPARE(chosen.at(0).at(0).toString(), QString("NFP 1"));
    QCOMPARE(chosen.at(0).at(1).toString(), QString("FGSM"));
  }

  void withoutASweepThereIsNoTab() {
    RecipeResult result = sample();
    EvaluatePlots plots;
    const int tab = plots.indexOf(plots.sweep());
    QVERIFY(tab >= 0);
    QVERIFY(!plots.isTabVisible(tab));
    plots.showCells(result, {&result.cells[0]}, GridMetric::AucSuccessful);
    QVERIFY(plots.isTabVisible(tab));
    result.cells.resize(1);
    plots.showCells(result, {&result.cells[0]}, GridMetric::AucSuccessful);
    QVERIFY(!plots.isTabVisible(tab));
  }
};

QTEST_MAIN(SweepTableTest)
#include "sweep_table_test.moc"
