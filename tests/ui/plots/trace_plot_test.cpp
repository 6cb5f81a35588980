// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/trace_plot.h"

#include <QClipboard>
#include <QSignalSpy>
#include <QTemporaryDir>

#include <cmath>

#include "tests/ui/ui_test.h"

using whorl::ui::TracePlot;

class TracePlotTest : public QObject {
  Q_OBJECT

  static std::unique_ptr<TracePlot> plot() {
    auto made = std::make_unique<TracePlot>(
        "Steps", "step", std::vector<TracePlot::Row>{{"loss", "Loss", "tip"}, {"margin", "Margin", "tip"}});
    made->resize(400, 160);
    return made;
  }

 private Q_SLOTS:
  void init() { whorl::test::failOnWarnings(); }

  void showsValuesAtTheCursor() {
    const auto trace = plot();
    QCOMPARE(trace->valueText(0), QString("–"));
    for (int i = 0; i <= 10; ++i) trace->append(2 * i, {i + 0.5, i == 10 ? std::nan("") : -i});
    trace->setCursor(4.4);
    QCOMPARE(trace->valueText(0), QString("2.5"));
    QCOMPARE(trace->valueText(1), QString("-2"));
    trace->setCursor(1000.0);
    QCOMPARE(trace->valueText(1), QString("–"));
    trace->setValue(1, 10, 3.25);
    trace->setCursor(std::nullopt);  // the newest
    QCOMPARE(trace->valueText(1), QString("3.25"));
    trace->clear();
    QCOMPARE(trace->pointCount(), std::size_t{0});
    QCOMPARE(trace->valueText(0), QString("–"));
  }

  void pressingScrubs() {
    const auto trace = plot();
    trace->show();
    QVERIFY(QTest::qWaitForWindowExposed(trace.get()));
    for (int i = 0; i <= 100; ++i) trace->append(i, {std::sin(0.1 * i), 0.0});
    QTRY_VERIFY(trace->redraws() > 0);
    QSignalSpy scrubbed(trace.get(), &TracePlot::scrubbed);
    QWidget* canvas = trace->childAt(200, 40);
    QTest::mousePress(canvas, Qt::LeftButton, {}, {canvas->width() / 2, 20});
    QCOMPARE(scrubbed.count(), 1);
    QVERIFY(std::abs(scrubbed[0][0].toDouble() - 50) < 2);
    QTest::mouseMove(canvas, {2, 20});
    QTest::mouseRelease(canvas, Qt::LeftButton, {}, {2, 20});
  }

  void drawsAFloodSeldom() {
    const auto trace = plot();
    trace->show();
    const int before = trace->redraws();
    for (int i = 0; i < 5000; ++i) trace->append(i, {1.0 * i, -1.0 * i});
    QTRY_VERIFY(trace->redraws() > before);
    QVERIFY(trace->redraws() - before <= 2);
  }

  void exports() {
    const QTemporaryDir folder;
    const auto trace = plot();
    trace->append(0, {1.5, std::nan("")});
    trace->append(3, {2.5, -1.0});
    trace->setLevel(1, -0.5);
    trace->setMark(3);
    QCOMPARE(trace->csv(), QString("step,loss,margin\n0,1.5,\n3,2.5,-1\n"));
    for (const char* name : {"a.png", "a.svg", "a.pdf", "a.csv"}) {
      const QString path = folder.filePath(QString::fromLatin1(name));
      QCOMPARE(trace->exportTo(path), QString());
      QVERIFY(QFileInfo(path).size() > 20);
    }
    QCOMPARE(QImage(folder.filePath("a.png")).size(), QSize(1440, 1280));
    QVERIFY(trace->exportTo(folder.filePath("a.doc")).contains(".doc"));
    QVERIFY(!trace->exportTo("/nowhere/at/all.csv").isEmpty());
    trace->copyToClipboard();
    QVERIFY(!QGuiApplication::clipboard()->image().isNull());
  }
};

QTEST_MAIN(TracePlotTest)
#include "trace_plot_test.moc"
