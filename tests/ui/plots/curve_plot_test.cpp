// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/curve_plot.h"

#include <QApplication>
#include <QClipboard>
#include <QElapsedTimer>
#include <QFile>
#include <QImage>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "tests/ui/ui_test.h"

using namespace whorl;
using namespace whorl::ui;

class CurvePlotTest : public QObject {
  Q_OBJECT

  static void fill(CurvePlot& plot, int count = 200) {
    plot.declare("loss", "loss", CurvePlot::Line::Solid);
    plot.declare("validation", "validation, \"held out\"", CurvePlot::Line::Points);
    for (int i = 1; i <= count; ++i) plot.append("loss", i, 2.0 / i);
    plot.append("validation", count, 0.5);
    plot.addMark(count);
  }

 private Q_SLOTS:
  void init() { test::failOnWarnings(); }

  void drawsAtMostTwentyTimesASecond() {
    CurvePlot plot(QStringLiteral("Loss"), QStringLiteral("step"), CurvePlot::Scale::Logarithmic);
    plot.resize(600, 300);
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    const int before = plot.redraws();
    QElapsedTimer clock;
    clock.start();
    int step = 0;
    while (clock.elapsed() < 500) {
      for (int i = 0; i < 50; ++i) {
        ++step;
        plot.append("loss", step, 1.0 / step);
      }
      QCoreApplication::processEvents();
    }
    const int drawn = plot.redraws() - before;
    QVERIFY2(drawn >= 1 && drawn <= int(clock.elapsed() / CurvePlot::kRedrawMs) + 1,
             qPrintable(QString::number(drawn)));
    QVERIFY(plot.pointCount("loss") <= CurveSeries::kMostPoints);
  }

  void keysZoomAndHomeFollowsAgain() {
    CurvePlot plot(QStringLiteral("Loss"), QStringLiteral("step"), CurvePlot::Scale::Linear);
    plot.resize(600, 300);
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    fill(plot);
    QVERIFY(plot.followsData());
    QTest::keyClick(&plot, Qt::Key_Plus);
    QVERIFY(!plot.followsData());
    QTest::keyClick(&plot, Qt::Key_Right);
    QTest::keyClick(&plot, Qt::Key_Home);
    QVERIFY(plot.followsData());
  }

  void saysTheValues() {
    CurvePlot plot(QStringLiteral("Correct"), QStringLiteral("step"), CurvePlot::Scale::Share);
    plot.declare("accuracy", "accuracy", CurvePlot::Line::Solid);
    plot.append("accuracy", 1, 0.5);
    plot.append("accuracy", 10, 0.9957);
    QCOMPARE(plot.valuesText(), QStringLiteral("accuracy 99.57 %"));
    QCOMPARE(plot.valuesText(2), QStringLiteral("accuracy 50.00 %"));
    QTRY_COMPARE(plot.accessibleDescription(), QStringLiteral("accuracy 99.57 %"));
    plot.clear();
    QVERIFY(plot.empty());
    QCOMPARE(plot.valuesText(), QString());
  }

  void exportsPicturesAndNumbers() {
    QTemporaryDir folder;
    CurvePlot plot(QStringLiteral("Loss"), QStringLiteral("step"), CurvePlot::Scale::Logarithmic);
    plot.resize(600, 300);
    fill(plot);
    for (const char* suffix : {"png", "svg", "pdf", "csv"}) {
      const QString path = folder.filePath(QStringLiteral("plot.") + suffix);
      QCOMPARE(plot.exportTo(path), QString());
      QVERIFY2(QFile(path).size() > 100, suffix);
    }
    const QImage picture(folder.filePath("plot.png"));
    QCOMPARE(picture.size(), QSize(1800, 840));
    QCOMPARE(picture.pixelColor(2, 2), QColor(Qt::white));
    QFile svg(folder.filePath("plot.svg"));
    QVERIFY(svg.open(QIODevice::ReadOnly));
    QVERIFY(svg.readAll().contains("<svg"));
    QFile csv(folder.filePath("plot.csv"));
    QVERIFY(csv.open(QIODevice::ReadOnly));
    const QList<QByteArray> lines = csv.readAll().split('\n');
    QCOMPARE(lines.front(), QByteArray("curve,x,y"));
    QCOMPARE(lines.at(2), QByteArray("loss,2,1"));
    QCOMPARE(lines.size(), 1 + 200 + 1 + 1);
  }

  void refusesWhatCannotBeWritten() {
    CurvePlot plot(QStringLiteral("Loss"), QStringLiteral("step"), CurvePlot::Scale::Linear);
    fill(plot);
    QVERIFY(plot.exportTo(QStringLiteral("/nowhere/at/all/plot.svg")).contains("could not be written"));
    QVERIFY(plot.exportTo(QStringLiteral("/nowhere/at/all/plot.csv")).contains("could not be written"));
    QVERIFY(plot.exportTo(QStringLiteral("plot.gif")).contains(".gif"));
  }

  void copiesAPicture() {
    CurvePlot plot(QStringLiteral("Loss"), QStringLiteral("step"), CurvePlot::Scale::Linear);
    plot.resize(600, 300);
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    fill(plot);
    QTest::keySequence(&plot, QKeySequence::Copy);
    QVERIFY(!QApplication::clipboard()->image().isNull());
  }

  void aQuietLegendTellsValuesUnderTheCursorAlone() {
    CurvePlot plot(QStringLiteral("ROC"), QStringLiteral("false positives"), CurvePlot::Scale::Share);
    plot.setXScale(CurvePlot::XScale::LogarithmicShare);
    plot.setFrame(QRectF(QPointF(0.001, 0), QPointF(1, 1)));
    plot.setQuietLegend(true);
    plot.resize(600, 300);
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    plot.append("lid", 0.001, 0.2);
    plot.append("lid", 1, 1);
    QCOMPARE(plot.valuesText(), QStringLiteral("lid"));
    QCOMPARE(plot.valuesText(0.5005), QStringLiteral("lid 60.00 %"));  // half way
    QTest::keyClick(&plot, Qt::Key_Right);
    QTest::keyClick(&plot, Qt::Key_Minus);
    QVERIFY(!plot.followsData());
    QTest::keyClick(&plot, Qt::Key_Home);
    QVERIFY(plot.followsData());
  }

  void stepsAreFilled() {
    CurvePlot plot(QStringLiteral("Scores"), QStringLiteral("score"), CurvePlot::Scale::Share);
    plot.setXScale(CurvePlot::XScale::Numbers);
    plot.setFrame(QRectF(QPointF(0, 0), QPointF(1, 1)));
    plot.resize(600, 300);
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    const QColor ground = PlotColours::of(plot.palette()).background;
    plot.declare("clean", "clean", CurvePlot::Line::Steps);
    for (const auto& [x, y] : {std::pair{0.0, 0.9}, {0.5, 0.0}, {1.0, 0.0}}) plot.append("clean", x, y);
    // The left half is filled up to nine tenths, the right half is empty.
    QTRY_VERIFY(plot.grab().toImage().pixelColor(180, 200) != ground);
    QCOMPARE(plot.grab().toImage().pixelColor(530, 123), ground);
  }

  void followsThePalette() {
    CurvePlot plot(QStringLiteral("Loss"), QStringLiteral("step"), CurvePlot::Scale::Linear);
    plot.resize(600, 300);
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    fill(plot);
    QPalette dark;
    dark.setColor(QPalette::Base, QColor(20, 20, 20));
    dark.setColor(QPalette::Text, QColor(230, 230, 230));
    plot.setPalette(dark);
    QTRY_COMPARE(plot.grab().toImage().pixelColor(300, 290), QColor(20, 20, 20));
  }

  void coloursCanBeToldApart() {
    for (const PlotColours& colours : {PlotColours::paper(), PlotColours::of(QPalette(Qt::white, Qt::black))}) {
      for (std::size_t i = 0; i < colours.series.size(); ++i) {
        const int contrast = std::abs(qGray(colours.series[i].rgb()) - qGray(colours.background.rgb()));
        QVERIFY2(contrast > 60, qPrintable(colours.series[i].name()));
      }
    }
  }
};

QTEST_MAIN(CurvePlotTest)
#include "curve_plot_test.moc"
