// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/archive.h"

#include <QTemporaryDir>
#include <QtTest>
#include <fstream>
#include <map>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "tests/core/data/archive_builder.h"

using namespace whorl;
using whorl::test::writeGzip;
using whorl::test::writeTar;
namespace fs = std::filesystem;

namespace {

std::string noise(std::size_t size) {
  std::string bytes;
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

template <class Work>
QString refusal(const fs::path& path, Work work) {
  try {
    work();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::BadInput || error.where().find(path.string()) == std::string::npos) {
      return "wrong error: " + QString(error.what());
    }
    return QString::fromStdString(error.message());
  }
  return "accepted";
}

QString tarRefusal(const fs::path& path, std::uint64_t limit = 1 << 20) {
  return refusal(path, [&] { visitArchive(path, limit, {}, [](const std::string&, const std::string&) {}); });
}

}  // namespace

class ArchiveTest : public QObject {
  Q_OBJECT

 private:
  QTemporaryDir m_folder;
  fs::path file(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }
  static void put(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

 private Q_SLOTS:
  void gzipAndPlain() {
    const std::string bytes = noise(100'000);
    writeGzip(file("packed"), bytes);
    put(file("plain"), bytes);
    QVERIFY(readMaybeGzip(file("packed"), 100'000) == bytes);
    QVERIFY(readMaybeGzip(file("plain"), 100'000) == bytes);
  }

  void bombsAreStopped() {
    writeGzip(file("bomb"), std::string(50 << 20, '\0'));
    QVERIFY(fs::file_size(file("bomb")) < 100'000);
    QVERIFY(refusal(file("bomb"), [&] { readMaybeGzip(file("bomb"), 1 << 20); }).contains("more than 1048576 bytes"));
  }

  void gzipCutAnywhere() {
    writeGzip(file("whole"), noise(5000));
    const std::string whole = readFile(file("whole"), 1 << 20);
    for (std::size_t length = 18; length < whole.size(); length += 7) {
      put(file("cut"), whole.substr(0, length));
      const QString message = refusal(file("cut"), [&] { readMaybeGzip(file("cut"), 1 << 20); });
      QVERIFY2(message.contains("cut off"), qPrintable(QString::number(length) + ": " + message));
    }
  }

  void emptyAndMissing() {
    put(file("empty"), "");
    QVERIFY(refusal(file("empty"), [&] { readMaybeGzip(file("empty"), 10); }).contains("empty"));
    QVERIFY(refusal(file("none"), [&] { readMaybeGzip(file("none"), 10); }).contains("no such file"));
    QVERIFY(tarRefusal(file("none")).contains("no such file"));
    const QString empty = tarRefusal(file("empty"));
    QVERIFY2(empty != "accepted" && !empty.startsWith("wrong"), qPrintable(empty));
  }

  void archives_data() {
    QTest::addColumn<QString>("filter");
    QTest::newRow("tar") << "";
    QTest::newRow("tar.gz") << "gzip";
    QTest::newRow("tar.xz") << "xz";
  }
  void archives() {
    QFETCH(QString, filter);
    const std::string bytes = noise(3000);
    writeTar(file("a"), {{"top/one", bytes, {}}, {"top/sub/two", "2", {}}}, filter.toStdString());
    std::map<std::string, std::string> seen;
    visitArchive(file("a"), 1 << 20, {}, [&](const std::string& name, std::string b) { seen[name] = std::move(b); });
    QCOMPARE(seen.size(), std::size_t{2});
    QVERIFY(seen["top/one"] == bytes);
    QCOMPARE(seen["top/sub/two"], std::string("2"));

    const std::string whole = readFile(file("a"), 1 << 20);
    for (std::size_t length = 1; length < std::min<std::size_t>(whole.size(), 3500); length += 97) {
      put(file("cut"), whole.substr(0, length));
      const QString message = tarRefusal(file("cut"));
      QVERIFY2(message != "accepted" && !message.startsWith("wrong"), qPrintable(QString::number(length) + message));
    }
  }

  void treacherousArchives() {
    writeTar(file("up"), {{"../escape", "x", {}}}, "gzip");
    QVERIFY(tarRefusal(file("up")).contains("leads out"));
    writeTar(file("middle"), {{"a/../../b", "x", {}}}, "gzip");
    QVERIFY(tarRefusal(file("middle")).contains("leads out"));
    writeTar(file("absolute"), {{"/etc/x", "x", {}}}, "gzip");
    QVERIFY(tarRefusal(file("absolute")).contains("leads out"));
    writeTar(file("link"), {{"a", "", "/etc/hostname"}}, "gzip");
    QVERIFY(tarRefusal(file("link")).contains("other than files"));
    writeTar(file("large"), {{"a", std::string(2000, 'x'), {}}}, "gzip");
    QVERIFY(tarRefusal(file("large"), 1999).contains("larger than 1999"));
    QCOMPARE(tarRefusal(file("large"), 2000), QString("accepted"));
    put(file("text"), "this is no archive, though it is long enough to be looked at");
    QVERIFY(tarRefusal(file("text")).contains("damaged"));
  }

  void cancelling() {
    writeTar(file("c"), {{"a", "1", {}}, {"b", "2", {}}}, "");
    std::stop_source stop;
    int visited = 0;
    try {
      visitArchive(file("c"), 100, JobContext(stop.get_token(), {}), [&](const std::string&, const std::string&) {
        ++visited;
        stop.request_stop();
      });
      QFAIL("not cancelled");
    } catch (const Error& error) {
      QVERIFY(error.kind() == ErrorKind::Cancelled);
    }
    QCOMPARE(visited, 1);
  }
};

QTEST_APPLESS_MAIN(ArchiveTest)
#include "archive_test.moc"
