// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/npy.h"

#include <QTemporaryDir>
#include <QTest>

#include "core/base/atomic_file.h"
#include "core/base/error.h"

using namespace whorl;

class NpyTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void theFileIsWhatNumpyDescribes();
  void headersOfAllLengthsAreAligned();
  void aPlaceThatCantBeWrittenIsToldOf();
};

void NpyTest::theFileIsWhatNumpyDescribes() {
  const QTemporaryDir folder;
  const std::filesystem::path path = std::filesystem::path(folder.path().toStdString()) / "a.npy";
  const double values[] = {1, 2.5, -3, 0, 1e-300, 7};
  writeNpy({"", "<f8", {2, 3}, values, sizeof values}, path);
  const std::string bytes = readFile(path, 1 << 20);
  QCOMPARE(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t length = static_cast<unsigned char>(bytes[8]) + 256 * static_cast<unsigned char>(bytes[9]);
  QCOMPARE(bytes.size(), 10 + length + sizeof values);
  const std::string text = bytes.substr(10, length);
  QVERIFY(text.starts_with("{'descr': '<f8', 'fortran_order': False, 'shape': (2,3,), }"));
  QCOMPARE(text.back(), '\n');
  QCOMPARE(bytes.substr(10 + length), std::string(reinterpret_cast<const char*>(values), sizeof values));
}

void NpyTest::headersOfAllLengthsAreAligned() {
  std::vector<std::int64_t> shape;
  for (int dimensions = 0; dimensions < 30; ++dimensions) {
    QCOMPARE(npyHeader({"", "<f4", shape, nullptr, 0}).size() % 64, std::size_t{0});
    shape.push_back(dimensions % 7 == 0 ? 12345 : 3);
  }
}

void NpyTest::aPlaceThatCantBeWrittenIsToldOf() {
  const double value = 1;
  try {
    writeNpy({"", "<f8", {1}, &value, sizeof value}, "/proc/nowhere/a.npy");
    QFAIL("nothing was thrown");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::Failed);
  }
}

QTEST_APPLESS_MAIN(NpyTest)
#include "npy_test.moc"
