// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/file_ending.h"

#include <QtTest/QtTest>

class FileEndingTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void endingsAreInSmallLetters() {
    QCOMPARE(whorl::lowerEnding("a/B.PNG"), std::string(".png"));
    QCOMPARE(whorl::lowerEnding("a.tar.Gz"), std::string(".gz"));
    QCOMPARE(whorl::lowerEnding("A.D/name"), std::string());
    QCOMPARE(whorl::lowerEnding("\xC3\x84.\xC3\x84"), std::string(".\xC3\x84"));  // no ASCII letter: left alone
  }
};

QTEST_APPLESS_MAIN(FileEndingTest)
#include "file_ending_test.moc"
