// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/grid_text.h"

#include <QTest>

#include "tests/ui/fake_recipes.h"
#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

class GridTextTest : public QObject {
  Q_OBJECT

  static RecipeResult sample() {
    RecipeRequest request;
    request.recipe = "blobs-greybox";
    RecipeResult result = test::fakeGrid(request);
    for (std::size_t i = 0; i < 3; ++i) {
      result.cells[i].state = CellState::Done;
      result.cells[i].figures = test::fakeFigures(i);
    }
    result.cells[3].state = CellState::Failed;
    result.cells[3].problem = "a, \"b\"";
    return result;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void textIsTabSeparated() {
    GridModel model;
    model.setResult(sample());
    QCOMPARE(gridText(model, GridFormat::Text), QString("AUC, successful attacks\tFGSM\tBIM-b\n"
                                                        "NeuralFP\t91.00 (−4.00)\t93.00\n"
                                                        "KD\t95.00\tfailed\n"));
    model.setMetric(GridMetric::SuccessRate);
    QVERIFY(gridText(model, GridFormat::Text).contains("NeuralFP\t90.00\t90.00\n"));
  }

  void markdownIsATable() {
    GridModel model;
    RecipeResult result = sample();
    result.attacks[1] = result.cells[1].attack = result.cells[3].attack = "a|b_c";
    model.setResult(result);
    QCOMPARE(gridText(model, GridFormat::Markdown), QString("| AUC, successful attacks | FGSM | a\\|b\\_c |\n"
                                                            "| --- | ---: | ---: |\n"
                                                            "| NeuralFP | 91.00 (−4.00) | 93.00 |\n"
                                                            "| KD | 95.00 | failed |\n"));
  }

  void latexIsABooktabsTable() {
    GridModel model;
    RecipeResult result = sample();
    result.detectors[0] = result.cells[0].detector = result.cells[1].detector = "N&P_1 100% \\x";
    model.setResult(result);
    QCOMPARE(gridText(model, GridFormat::Latex),
             QString("% needs \\usepackage{booktabs}\n\\begin{tabular}{lrr}\n\\toprule\n"
                     "AUC, successful attacks & FGSM & BIM-b \\\\\n\\midrule\n"
                     "N\\&P\\_1 100\\% \\textbackslash{}x & 91.00 ($-$4.00) & 93.00 \\\\\n"
                     "KD & 95.00 & failed \\\\\n\\bottomrule\n\\end{tabular}\n"));
  }

  void csvHasEveryFigureAtFullPrecision() {
    GridModel model;
    RecipeResult result = sample();
    result.cells[0].figures->aucSuccessful.value = 0.1 + 0.2;
    model.setResult(result);
    const QStringList lines = gridText(model, GridFormat::Csv).split('\n');
    QCOMPARE(lines.size(), 6);  // a header, four cells, the end
    const QStringList header = lines[0].split(',');
    const QStringList first = lines[1].split(',');
    QCOMPARE(first.size(), header.size());
    const auto at = [&](const char* name) { return first[header.indexOf(QLatin1String(name))]; };
    QCOMPARE(at("detector"), QString("NeuralFP"));
    QCOMPARE(at("state"), QString("done"));
    QCOMPARE(at("auc_successful").toDouble(), 0.1 + 0.2);
    QCOMPARE(at("auc_successful_low").toDouble(), 0.9);
    QCOMPARE(at("evasion_10").toDouble(), 0.09);
    QCOMPARE(at("combined_accuracy_high").toDouble(), 0.2);
    QCOMPARE(at("successes"), QString("90"));
    QCOMPARE(at("published").toDouble(), 0.95);
    QCOMPARE(at("mean_l2").toDouble(), 1.5);
    QVERIFY(lines[4].contains(",failed,\"a, \"\"b\"\"\",,,"));
  }

  void formatsFollowTheEnding() {
    QCOMPARE(*gridFormatOf("/a/b.CSV"), GridFormat::Csv);
    QCOMPARE(*gridFormatOf("b.md"), GridFormat::Markdown);
    QCOMPARE(*gridFormatOf("b.tex"), GridFormat::Latex);
    QCOMPARE(*gridFormatOf("b.txt"), GridFormat::Text);
    QVERIFY(!gridFormatOf("b.xlsx"));
    QVERIFY(!gridFormatOf("csv"));
  }
};

QTEST_MAIN(GridTextTest)
#include "grid_text_test.moc"
