// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/models_model.h"

#include <QAbstractItemModelTester>
#include <QTest>

#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

class ModelsModelTest : public QObject {
  Q_OBJECT

  static ModelEntry entry(const std::string& name, std::optional<double> accuracy, std::uint64_t bytes) {
    ModelEntry entry;
    entry.info.id = entry.info.name = name;
    entry.info.path = "/models/" + name;
    entry.dataset = QStringLiteral("mnist");
    entry.testAccuracy = accuracy;
    entry.bytes = bytes;
    return entry;
  }
  static QStringList names(const QAbstractItemModel& model) {
    QStringList all;
    for (int row = 0; row < model.rowCount(); ++row) all << model.index(row, ModelsModel::Name).data().toString();
    return all;
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void keepsTheRulesOfItemModels() {
    ModelsModel model;
    ModelsFilter filter;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    filter.setSourceModel(&model);
    QAbstractItemModelTester filterTester(&filter, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setEntries({entry("a", 0.9, 10), entry("b", {}, 9)});
    filter.setWords(QStringLiteral("a"));
    model.setEntries({});
    QCOMPARE(filter.rowCount(), 0);
  }

  void sortsNumbersAsNumbers() {
    ModelsModel model;
    ModelsFilter filter;
    filter.setSourceModel(&model);
    model.setEntries({entry("ten", 0.1, 10000), entry("none", {}, 900), entry("best", 0.995, 20000000)});
    filter.sort(ModelsModel::TestAccuracy, Qt::DescendingOrder);
    QCOMPARE(names(filter), (QStringList{"best", "ten", "none"}));
    filter.sort(ModelsModel::Size, Qt::AscendingOrder);
    QCOMPARE(names(filter), (QStringList{"none", "ten", "best"}));
  }

  void findsByWordsInAnyOrder() {
    ModelsModel model;
    ModelsFilter filter;
    filter.setSourceModel(&model);
    ModelEntry broken = entry("glyphs", {}, 1);
    broken.info.problem = "the header is cut off";
    broken.dataset.clear();
    model.setEntries({entry("plain one", 0.9, 1), entry("fingerprinted", 0.9, 1), broken});
    filter.setWords(QStringLiteral("MNIST plain"));
    QCOMPARE(names(filter), (QStringList{"plain one"}));
    filter.setWords(QStringLiteral("cut"));
    QCOMPARE(filter.rowCount(), 1);
    QVERIFY(filter.index(0, 0).data(Qt::ToolTipRole).toString().contains("cut off"));
    filter.setWords(QStringLiteral("  "));
    QCOMPARE(filter.rowCount(), 3);
  }

  void copiesAndExports() {
    ModelsModel model;
    model.setEntries({entry("with, comma \"quoted\"", 0.9, 10), entry("a|b", 0.5, 20)});
    const QString csv = tableText(model, TableFormat::Csv);
    QVERIFY(csv.startsWith("Name,Source,"));
    QVERIFY(csv.contains("\"with, comma \"\"quoted\"\"\",yours,"));
    const QStringList markdown = tableText(model, TableFormat::Markdown).split('\n');
    QVERIFY(markdown.at(1).startsWith("| --- |"));
    QVERIFY(markdown.at(3).startsWith("| a\\|b |"));
    const QStringList text = tableText(model, TableFormat::Text, {1}).split('\n', Qt::SkipEmptyParts);
    QCOMPARE(text.size(), 2);
    QCOMPARE(text.at(1).split('\t').size(), int(ModelsModel::ColumnCount));
    QVERIFY(text.at(1).startsWith("a|b\t"));
  }
};

QTEST_APPLESS_MAIN(ModelsModelTest)
#include "models_model_test.moc"
