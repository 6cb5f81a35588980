// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"

#include <QtTest/QtTest>

using namespace whorl;

class ErrorTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void saysWhatWhereAndWhatToDoInOneLine() {
    const Error error(ErrorKind::BadInput, "is cut off\nafter 3 bytes", "digits.idx", "fetch it again");
    QCOMPARE(std::string(error.what()), std::string("digits.idx: is cut off after 3 bytes (fetch it again)"));
    QCOMPARE(error.message(), std::string("is cut off\nafter 3 bytes"));
    QCOMPARE(error.where(), std::string("digits.idx"));
    QCOMPARE(error.hint(), std::string("fetch it again"));
    QCOMPARE(std::string(Error(ErrorKind::Internal, "odd").what()), std::string("odd"));
  }

  void eachKindHasItsExitCodeAndName() {
    QCOMPARE(exitCode(ErrorKind::Usage), 2);
    QCOMPARE(exitCode(ErrorKind::BadInput), 3);
    QCOMPARE(exitCode(ErrorKind::Failed), 4);
    QCOMPARE(exitCode(ErrorKind::OutOfMemory), 4);
    QCOMPARE(exitCode(ErrorKind::Internal), 4);
    QCOMPARE(exitCode(ErrorKind::Cancelled), 130);
    QCOMPARE(errorKindName(ErrorKind::BadInput), std::string("bad_input"));
    QCOMPARE(errorKindName(ErrorKind::OutOfMemory), std::string("out_of_memory"));
  }
};

QTEST_APPLESS_MAIN(ErrorTest)
#include "error_test.moc"
