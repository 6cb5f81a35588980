// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/log.h"

#include <QtTest/QtTest>

using namespace whorl;

class LogTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void writesToTheFileFromTheLevelUp() {
    QTemporaryDir folder;
    const QString path = folder.filePath("below/whorl.log");  // the folder is made
    log::setFile(path.toStdString());
    log::setLevel(log::Level::Info);
    log::debug("not to be seen");
    log::info("braces {} are only braces {0}");
    log::setLevel(log::Level::Error);
    log::warning("not to be seen either");
    log::error("an error");
    QFile file(path);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QList<QByteArray> lines = file.readAll().trimmed().split('\n');
    QCOMPARE(lines.size(), qsizetype{2});
    QVERIFY(lines[0].endsWith("info: braces {} are only braces {0}"));
    QVERIFY(lines[1].endsWith("error: an error"));
  }

  void aFolderThatCannotBeWrittenIsNoCrash() {
    log::setFile("/dev/null/whorl.log");
    log::error("still alive");
  }
};

QTEST_APPLESS_MAIN(LogTest)
#include "log_test.moc"
