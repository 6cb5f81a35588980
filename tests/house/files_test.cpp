// SPDX-License-Identifier: GPL-3.0-or-later
// Every file says under which licence it is, and is short enough to be read at a sitting.

#include <QtTest/QtTest>

#include "tests/house/source_tree.h"

using namespace whorl::house;

namespace {

const QStringList kFolders{"core", "ui", "app", "tests", "benchmarks", "cmake", "scripts", ".ci"};
constexpr qsizetype kLines = 400;

/// Longer files, each with its reason.
const QMap<QString, QString> kLong{
    {"tests/core/attack/iterative_test.cpp", "FGSM, BIM and PGD share their promises"},
    {"tests/core/experiment/runner_test.cpp",
     "one small recipe, and one test for each thing that may happen to its run"},
    {"tests/core/service/landscape_test.cpp", "a network is trained once for all of them"},
    {"tests/core/base/scheduler_test.cpp", "one test a promise of the scheduler"},
};

QStringList withoutLicence(const Tree& tree) {
  QStringList wrong;
  for (auto file = tree.begin(); file != tree.end(); ++file) {
    const QString start = file.value().section('\n', 0, 1);  // a script's first line is its interpreter
    if (!start.contains("SPDX-License-Identifier: GPL-3.0-or-later")) wrong += file.key();
  }
  return wrong;
}

QStringList tooLong(const Tree& tree) {
  QStringList wrong;
  for (auto file = tree.begin(); file != tree.end(); ++file) {
    const qsizetype lines = file.value().count('\n');
    if (lines > kLines && !kLong.contains(file.key())) {
      wrong += file.key() + ": " + QString::number(lines) + " lines";
    }
  }
  return wrong;
}

}  // namespace

class FilesTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void checksCanFail() {
    QCOMPARE(withoutLicence({{"a.h", "#pragma once\n"}}), QStringList{"a.h"});
    QCOMPARE(tooLong({{"a.h", QString("\n").repeated(401)}}), QStringList{"a.h: 401 lines"});
    QCOMPARE(tooLong({{"a.h", QString("\n").repeated(400)}}), QStringList());
  }

  void everyFileHasItsLicence() {
    Tree tree =
        readTree(WHORL_SOURCE_DIR, kFolders, {"*.h", "*.cpp", "*.in", "*.cmake", "CMakeLists.txt", "*.sh", "*.py"});
    tree.insert(readTree(WHORL_SOURCE_DIR, {".ci"}, {"run"}));
    QVERIFY(tree.size() > 100);
    const QStringList wrong = withoutLicence(tree);
    QVERIFY2(wrong.isEmpty(), qPrintable("no SPDX line in\n" + wrong.join('\n')));
  }

  void filesAreShort() {
    const QStringList wrong = tooLong(readTree(WHORL_SOURCE_DIR, kFolders, {"*.h", "*.cpp", "*.py", "*.sh"}));
    QVERIFY2(wrong.isEmpty(), qPrintable("split these, or give a reason in this test:\n" + wrong.join('\n')));
  }

  void exceptionsAreStillNeeded() {
    for (auto entry = kLong.begin(); entry != kLong.end(); ++entry) {
      QFile file(WHORL_SOURCE_DIR "/" + entry.key());
      QVERIFY2(file.open(QIODevice::ReadOnly), qPrintable(entry.key()));
      QVERIFY2(file.readAll().count('\n') > kLines, qPrintable(entry.key() + " is short enough now"));
    }
  }
};

QTEST_APPLESS_MAIN(FilesTest)
#include "files_test.moc"
