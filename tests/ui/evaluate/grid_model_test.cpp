// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/grid_model.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

#include <cmath>
#include <limits>

#include "tests/ui/fake_recipes.h"
#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

class GridModelTest : public QObject {
  Q_OBJECT

  /// Two rows, two columns: finished with a published figure, finished without, running, failed.
  static RecipeResult sample() {
    RecipeRequest request;
    request.recipe = "blobs-greybox";
    RecipeResult result = test::fakeGrid(request);
    for (std::size_t i = 0; i < 2; ++i) {
      result.cells[i].state = CellState::Done;
      result.cells[i].figures = test::fakeFigures(i);
    }
    result.cells[1].kept = true;
    result.cells[2].state = CellState::Running;
    result.cells[3].state = CellState::Failed;
    result.cells[3].problem = "<b>no</b> features";
    return result;
  }
  static QString shown(const GridModel& model, int row, int column, int role = Qt::DisplayRole) {
    return model.index(row, column).data(role).toString();
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void isAProperModel() {
    GridModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(model.rowCount(), 0);
    model.setResult(sample());
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.columnCount(), 2);
    QCOMPARE(model.headerData(1, Qt::Vertical, Qt::DisplayRole).toString(), QString("KD"));
    QCOMPARE(model.headerData(1, Qt::Horizontal, Qt::DisplayRole).toString(), QString("BIM-b"));
    model.setMetric(GridMetric::Evasion);
    RecipeCell cell = sample().cells[0];
    cell.state = CellState::Waiting;
    model.setCell(0, cell);
    model.setCell(99, cell);
    QSignalSpy resets(&model, &QAbstractItemModel::modelReset);
    QSignalSpy changes(&model, &QAbstractItemModel::dataChanged);
    model.setResult(sample());  // the same cells: what is chosen stays chosen
    QCOMPARE(resets.count(), 0);
    QCOMPARE(changes.count(), 1);
    RecipeResult other = sample();
    std::swap(other.cells[0], other.cells[1]);
    model.setResult(other);
    QCOMPARE(resets.count(), 1);
    model.setResult({});
    QCOMPARE(model.rowCount(), 0);
  }

  void cellsTellTheirStates() {
    GridModel model;
    model.setResult(sample());
    QCOMPARE(shown(model, 0, 0), QString("91.00"));  // AUC 0.91 against 0.95
    QCOMPARE(shown(model, 0, 0, GridModel::NoteRole), QString("−4.00"));
    QCOMPARE(model.index(0, 0).data(GridModel::DifferenceRole).toDouble(), -4.0);
    QCOMPARE(shown(model, 0, 1), QString("93.00"));
    QCOMPARE(shown(model, 0, 1, GridModel::NoteRole), QString("92.00–94.00"));
    QVERIFY(!model.index(0, 1).data(GridModel::DifferenceRole).isValid());
    QVERIFY(model.index(0, 1).data(GridModel::KeptRole).toBool());
    QCOMPARE(shown(model, 1, 0), QString("running…"));
    QCOMPARE(shown(model, 1, 1), QString("⚠ failed"));
    QCOMPARE(model.countOf(CellState::Done), 2);
  }

  void tooltipsTellTheRest() {
    GridModel model;
    model.setResult(sample());
    const QString done = shown(model, 0, 0, Qt::ToolTipRole);
    for (const char* part : {"91.00 (90.00–92.00)", "90.00 (89.00–91.00)", "90 of 100 images: 90.00 (83.00–94.00)",
                             "18.00 (10.00–20.00)", "95.00, the fake paper"}) {
      QVERIFY2(done.contains(QString::fromUtf8(part)), qPrintable(done));
    }
    QVERIFY(shown(model, 0, 1, Qt::ToolTipRole).contains("kept"));
    const QString failed = shown(model, 1, 1, Qt::ToolTipRole);
    QVERIFY2(failed.contains("&lt;b&gt;no&lt;/b&gt; features"), qPrintable(failed));
    QVERIFY(shown(model, 0, 0, Qt::AccessibleTextRole).startsWith("NeuralFP, FGSM, 91.00"));
  }

  void metricsAreSwitched_data() {
    QTest::addColumn<QString>("id");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("note");
    QTest::newRow("successful") << "auc_successful"
                                << "93.00"
                                << "92.00–94.00";
    QTest::newRow("all") << "auc_all"
                         << "92.00"
                         << "91.00–93.00";
    QTest::newRow("success") << "success_rate"
                             << "90.00"
                             << "83.00–94.00";
    QTest::newRow("detected") << "tpr_5"
                              << "80.00"
                              << "70.00–90.00";
    QTest::newRow("evasion") << "evasion_5"
                             << "18.00"
                             << "10.00–20.00";
    QTest::newRow("precision") << "average_precision"
                               << "92.00"
                               << "";
  }
  void metricsAreSwitched() {
    QFETCH(QString, id);
    QFETCH(QString, value);
    QFETCH(QString, note);
    GridModel model;
    model.setResult(sample());
    model.setMetric(GridMetric::SuccessRate);
    QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
    model.setMetric(metricFromId(id));
    QCOMPARE(changed.count(), id == u"success_rate" ? 0 : 1);
    QCOMPARE(metricInfo(model.metric()).id, id);
    QCOMPARE(shown(model, 0, 1), value);
    QCOMPARE(shown(model, 0, 1, GridModel::NoteRole), note);
    // Only the AUC over successes can be compared with what is published.
    QCOMPARE(model.index(0, 0).data(GridModel::DifferenceRole).isValid(), id == u"auc_successful");
  }

  void figuresThatDontExistAreDashes() {
    RecipeResult result = sample();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    result.cells[0].figures->aucSuccessful = {nan, nan, nan};
    result.cells[0].figures->evasionRate.clear();
    GridModel model;
    model.setResult(result);
    QCOMPARE(shown(model, 0, 0), QString("–"));
    QCOMPARE(shown(model, 0, 0, GridModel::NoteRole), QString("published 95.00"));
    model.setMetric(GridMetric::Evasion);
    QCOMPARE(shown(model, 0, 0), QString("–"));
    QVERIFY(!shown(model, 0, 0, Qt::ToolTipRole).contains("nan"));
  }

  void aPlanTellsWhatIsExpected() {
    RecipeRequest request;
    request.recipe = "blobs-greybox";
    RecipeResult plan = test::fakeGrid(request);
    plan.cells[1].seconds = 0;
    plan.cells.erase(plan.cells.begin() + 2);
    GridModel model;
    model.setResult(plan);
    QCOMPARE(shown(model, 0, 0), QString("≈ 1 min 00 s"));
    QCOMPARE(shown(model, 0, 0, GridModel::NoteRole), QString("published 95.00"));
    QCOMPARE(shown(model, 0, 1), QString("waiting"));
    QCOMPARE(shown(model, 1, 0), QString());  // the recipe doesn't ask for it
    QVERIFY(model.cell(model.index(1, 0)) == nullptr);
    QCOMPARE(model.index(1, 0).data(GridModel::StateRole).toInt(), -1);
  }

  void pointsHaveASign() {
    QCOMPARE(pointsText(0.3), QString("+0.30"));
    QCOMPARE(pointsText(-12.345), QString("−12.35"));
    QCOMPARE(pointsText(-0.001), QString("±0.00"));
  }
};

QTEST_MAIN(GridModelTest)
#include "grid_model_test.moc"
