// SPDX-License-Identifier: GPL-3.0-or-later
// Indexes that are damaged or can't be written, and images of unusual number or size.
#include <QTest>

#include <fstream>

#include <SQLiteCpp/SQLiteCpp.h>
#include <nlohmann/json.hpp>

#include "core/service/similar_support.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using nlohmann::json;
using test::kindOf;
namespace fs = std::filesystem;

class SimilarBadInputTest : public QObject {
  Q_OBJECT

  test::TinyEngine m_engine;

  SimilarIndexRequest indexRequest(const std::string& folder, const std::string& index) const {
    SimilarIndexRequest request;
    request.model = m_engine.model();
    request.folder = m_engine.path(folder).string();
    request.index = m_engine.path(index).string();
    request.device = "cpu";
    request.threads = 1;
    return request;
  }

  SimilarQueryRequest queryRequest(const std::string& index, const std::string& file) const {
    SimilarQueryRequest request;
    request.index = m_engine.path(index).string();
    if (!file.empty()) request.files = {m_engine.path(file).string()};
    request.device = "cpu";
    request.threads = 1;
    return request;
  }

  /// Ten images in a folder of their own.
  std::string makeFolder(const std::string& name) const {
    fs::create_directories(m_engine.path(name) / "deep");
    for (int i = 0; i < 10; ++i) {
      const fs::path file = m_engine.path(name) / (i < 5 ? "" : "deep") / (std::to_string(i) + ".png");
      writeImage(test::tinyImage(i % 2, 500 + static_cast<std::uint64_t>(i)), file);
    }
    return name;
  }

 private Q_SLOTS:
  void initTestCase() { m_engine.train(); }

  void damagedIndexesAreRefused_data() {
    QTest::addColumn<int>("keep");  // bytes; below 0: a change by SQL
    QTest::addColumn<QString>("sql");
    QTest::newRow("half of it") << 1 << "";
    QTest::newRow("a page") << 2 << "";
    QTest::newRow("nothing") << 3 << "";
    QTest::newRow("no dimension") << 0 << "UPDATE identity SET document = json_set(document, '$.dimension', 0)";
    QTest::newRow("a huge dimension")
        << 0 << "UPDATE identity SET document = json_set(document, '$.dimension', 4611686018427387904)";
    QTest::newRow("another dimension") << 0 << "UPDATE identity SET document = json_set(document, '$.dimension', 7)";
    QTest::newRow("no identity") << 0 << "DELETE FROM identity";
    QTest::newRow("identity is no JSON") << 0 << "UPDATE identity SET document = '{'";
    QTest::newRow("a huge row") << 0 << "UPDATE features SET numbers = zeroblob(100000000) WHERE id = 1";
    QTest::newRow("NaN") << 0 << "NaN";
    QTest::newRow("no table") << 0 << "DROP TABLE images";
    QTest::newRow("no features") << 0 << "DELETE FROM features";
    QTest::newRow("later version") << 0 << "PRAGMA user_version = 99";
  }

  /// In a query and in going on; the process lives.
  void damagedIndexesAreRefused() {
    QFETCH(int, keep);
    QFETCH(QString, sql);
    if (!fs::exists(m_engine.path("models"))) makeFolder("models");
    const SimilarIndexRequest asked = indexRequest("models", "damaged.index");
    fs::remove(asked.index);
    m_engine->similarIndex(asked, JobContext{});
    const auto size = fs::file_size(asked.index);
    if (keep > 0) fs::resize_file(asked.index, keep == 1 ? size / 2 : keep == 2 ? 4096 : 0);
    if (!sql.isEmpty()) {
      SQLite::Database db(asked.index, SQLite::OPEN_READWRITE);
      // All bits set are a NaN, as many of them as the layer has numbers.
      const int bytes = db.execAndGet("SELECT length(numbers) FROM features WHERE id = 1").getInt();
      const QString ones = QStringLiteral("ff").repeated(bytes);
      if (sql == QStringLiteral("NaN")) sql = "UPDATE features SET numbers = x'" + ones + "' WHERE id = 1";
      db.exec(sql.toStdString());
    }
    std::string message;
    const ErrorKind kind =
        kindOf([&] { m_engine->similarQuery(queryRequest("damaged.index", "models/1.png"), JobContext{}); }, &message);
    QVERIFY2(kind == ErrorKind::BadInput || kind == ErrorKind::Failed || kind == ErrorKind::OutOfMemory,
             message.c_str());
    QVERIFY2(message.find("damaged.index") != std::string::npos, message.c_str());
  }

  /// As after a chmod or a disk that came back: neither its size nor its time says that it can be read now.
  void whatCouldNotBeReadIsTriedAgain() {
    makeFolder("later");
    const fs::path file = m_engine.path("later/2.png");
    const auto time = fs::last_write_time(file);
    QFile content(QString::fromStdString(file.string()));
    QVERIFY(content.open(QIODevice::ReadOnly));
    const QByteArray good = content.readAll();
    const auto put = [&](const QByteArray& bytes) {
      std::ofstream(file, std::ios::binary).write(bytes.constData(), bytes.size());
      fs::last_write_time(file, time);
    };
    put(QByteArray(good).replace("IHDR", "IHDX"));
    const auto first = m_engine->similarIndex(indexRequest("later", "later.index"), JobContext{});
    QCOMPARE(first.images, std::int64_t{9});
    QCOMPARE(first.problems.size(), std::size_t{1});
    put(good);
    const auto again = m_engine->similarIndex(indexRequest("later", "later.index"), JobContext{});
    QCOMPARE(again.images, std::int64_t{10});
    QCOMPARE(again.added, std::int64_t{1});
    QCOMPARE(again.kept, std::int64_t{9});
    QCOMPARE(again.removed, std::int64_t{0});
    QVERIFY(again.problems.empty());
  }

  /// A path in another encoding is kept as well as JSON can; it is the same folder the next time.
  void pathsThatAreNoUtf8CanBeIndexedAgain() {
    makeFolder("n\xff");
    for (int i = 0; i < 2; ++i) {
      QCOMPARE(m_engine->similarIndex(indexRequest("n\xff", "odd.index"), JobContext{}).images, std::int64_t{10});
    }
  }

  void tooManyPairsAreRefusedBeforeTheyAreDrawn() {
    checkPairMemory(1000, 10, 16, 2);
    QCOMPARE(test::kindOf([] { checkPairMemory(1'000'000, 10'000, 16, 2); }), ErrorKind::OutOfMemory);
  }

  void placesThatCannotBeWrittenAreRefused() {
    if (!fs::exists(m_engine.path("models"))) makeFolder("models");
    std::string message;
    SimilarIndexRequest asked = indexRequest("models", "models/1.png/own.index");  // below a file
    QCOMPARE(kindOf([&] { m_engine->similarIndex(asked, JobContext{}); }, &message), ErrorKind::Failed);
    QVERIFY2(message.find("own.index") != std::string::npos || message.find("1.png") != std::string::npos,
             message.c_str());
    asked.index = m_engine.path("models").string();  // a folder
    QCOMPARE(kindOf([&] { m_engine->similarIndex(asked, JobContext{}); }), ErrorKind::Failed);
    asked.index = "/proc/own.index";  // where even the superuser may make no file
    QCOMPARE(kindOf([&] { m_engine->similarIndex(asked, JobContext{}); }), ErrorKind::Failed);
  }

  void oneImageIsEnough() {
    fs::create_directories(m_engine.path("single"));
    writeImage(test::tinyImage(0, 4242), m_engine.path("single/only.png"));
    const auto result = m_engine->similarIndex(indexRequest("single", "single.index"), JobContext{});
    QCOMPARE(result.images, std::int64_t{1});
    QCOMPARE(json::parse(result.json)["first"].get<std::string>(), std::string("only.png"));
    const auto found = m_engine->similarQuery(queryRequest("single.index", "single/only.png"), JobContext{});
    QCOMPARE(found.answers[0].neighbours.size(), std::size_t{1});
    QVERIFY(found.answers[0].neighbours[0].distance < 1e-12);
  }

  void largeImagesFindThemselves() {
    fs::create_directories(m_engine.path("large"));
    for (int i = 0; i < 3; ++i) {
      writeImage(test::tinyImage(i % 2, 900 + static_cast<std::uint64_t>(i), 1300 + i),
                 m_engine.path("large") / (std::to_string(i) + ".png"));
    }
    SimilarIndexRequest asked = indexRequest("large", "large.index");
    asked.threads = 2;
    QCOMPARE(m_engine->similarIndex(asked, JobContext{}).images, std::int64_t{3});
    const auto found = m_engine->similarQuery(queryRequest("large.index", "large/1.png"), JobContext{});
    QCOMPARE(found.answers[0].neighbours[0].name, std::string("1.png"));
    QVERIFY2(found.answers[0].neighbours[0].distance < 1e-9,
             qPrintable(QString::number(found.answers[0].neighbours[0].distance)));
  }

  /// Twelve megapixels are 12 MB decoded and 96 MB as floating-point numbers in two orders.
  void memoryDoesNotGrowWithTheImage() {
    if (!std::ofstream("/proc/self/clear_refs")) QSKIP("peaks of memory can't be told here");
    fs::create_directories(m_engine.path("huge"));
    writeImage(test::tinyImage(0, 31, 3464), m_engine.path("huge/one.png"));
    const SimilarIndexRequest asked = indexRequest("huge", "huge.index");
    const auto megabytes = [](const std::string& what) {
      std::ifstream status("/proc/self/status");
      for (std::string line; std::getline(status, line);) {
        if (line.starts_with(what)) return std::stol(line.substr(what.size() + 1)) / 1024;
      }
      return 0L;
    };
    std::ofstream("/proc/self/clear_refs") << "5";
    const long before = megabytes("VmRSS");
    QCOMPARE(m_engine->similarIndex(asked, JobContext{}).images, std::int64_t{1});
    const long grown = megabytes("VmHWM") - before;
    QVERIFY2(grown < 80, qPrintable(QString::number(grown)));
  }
};

QTEST_GUILESS_MAIN(SimilarBadInputTest)
#include "similar_bad_input_test.moc"
