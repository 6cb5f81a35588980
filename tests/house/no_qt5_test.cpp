// SPDX-License-Identifier: GPL-3.0-or-later
// Debian's opencv_highgui links Qt 5, and so does whatever links it: two Qts in one program. Asks the dynamic linker
// what our programs would load.

#include <QtTest/QtTest>

class NoQt5Test : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void programsLoadNoQt5_data() {
    QTest::addColumn<QString>("path");
    QTest::newRow("whorl") << WHORL_BINARY_DIR "/bin/whorl";
    QTest::newRow("whorl-cli") << WHORL_BINARY_DIR "/bin/whorl-cli";
    QTest::newRow("engine") << WHORL_BINARY_DIR "/lib/libwhorl-engine.so";
  }
  void programsLoadNoQt5() {
    QFETCH(const QString, path);
    QVERIFY2(QFile::exists(path), qPrintable(path + " is not built"));
    QProcess ldd;
    ldd.start("ldd", {path});
    QVERIFY(ldd.waitForFinished());
    QCOMPARE(ldd.exitCode(), 0);
    const QString libraries = QString::fromUtf8(ldd.readAllStandardOutput());
    QVERIFY2(libraries.contains("libstdc++"), qPrintable(libraries));
    QVERIFY2(!libraries.contains("not found"), qPrintable(libraries));
    QVERIFY2(!libraries.contains("libQt5"), qPrintable(libraries));
    QVERIFY2(!libraries.contains("opencv_highgui"), qPrintable(libraries));
  }

  void theEngineKnowsNoQtAndTheProgramsNoTorch() {
    const auto libraries = [](const char* path) {
      QProcess ldd;
      ldd.start("ldd", {path});
      ldd.waitForFinished();
      return QString::fromUtf8(ldd.readAllStandardOutput());
    };
    QVERIFY(!libraries(WHORL_BINARY_DIR "/bin/whorl").contains("libtorch"));
    QVERIFY(libraries(WHORL_BINARY_DIR "/lib/libwhorl-engine.so").contains("libtorch_cpu"));
    QVERIFY(!libraries(WHORL_BINARY_DIR "/lib/libwhorl-engine.so").contains("libQt6Widgets"));
  }
};

QTEST_GUILESS_MAIN(NoQt5Test)
#include "no_qt5_test.moc"
