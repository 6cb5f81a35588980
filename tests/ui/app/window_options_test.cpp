// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/app/window_options.h"

#include "tests/ui/ui_test.h"

using namespace whorl::ui;

class WindowOptionsTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() { whorl::test::failOnWarnings(); }

  void readsAll() {
    const auto options =
        parseWindowOptions({"whorl", "--data-dir", "/data", "--theme", "dark", "--page", "models", "--open", "a.png",
                            "b.png", "--size", "1280x800", "--screenshot", "out.png"});
    QCOMPARE(options.problem, QString());
    QCOMPARE(options.dataFolder, QString("/data"));
    QVERIFY(options.theme == Theme::Dark);
    QCOMPARE(options.page, QString("models"));
    QCOMPARE(options.files, QStringList({"a.png", "b.png"}));
    QCOMPARE(options.size, QSize(1280, 800));
    QCOMPARE(options.firstPicture, QString("out.png"));
    QVERIFY(!options.withoutWindow());
  }

  void helpAndVersionNeedNoWindow() {
    QVERIFY(parseWindowOptions({"whorl", "--help"}).withoutWindow());
    QVERIFY(parseWindowOptions({"whorl", "-v"}).withoutWindow());
    QVERIFY(windowHelpText().contains("--first-picture"));
    QVERIFY(!parseWindowOptions({"whorl"}).withoutWindow());
  }

  void saysWhatIsWrong_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("word");
    QTest::newRow("unknown") << QStringList{"whorl", "--nonsense"} << "nonsense";
    QTest::newRow("theme") << QStringList{"whorl", "--theme", "pink"} << "pink";
    QTest::newRow("page") << QStringList{"whorl", "--page", "gallery"} << "gallery";
    QTest::newRow("size") << QStringList{"whorl", "--size", "big"} << "--size";
    QTest::newRow("tiny") << QStringList{"whorl", "--size", "1x1"} << "--size";
  }

  void saysWhatIsWrong() {
    QFETCH(QStringList, arguments);
    QFETCH(QString, word);
    const auto options = parseWindowOptions(arguments);
    QVERIFY2(options.problem.contains(word), qPrintable(options.problem));
    QVERIFY(options.withoutWindow());
  }
};

QTEST_GUILESS_MAIN(WindowOptionsTest)
#include "window_options_test.moc"
