// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/catalogue.h"

#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <fstream>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "tests/core/data/archive_builder.h"
#include "tests/core/data/http_server.h"

using namespace whorl;
namespace fs = std::filesystem;

namespace {

std::string big(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}
std::string idxImages(int count) {
  return big(0x803) + big(static_cast<std::uint32_t>(count)) + big(1) + big(2) +
         std::string(static_cast<std::size_t>(count) * 2, 'p');
}
std::string idxLabels(int count) {
  return big(0x801) + big(static_cast<std::uint32_t>(count)) + std::string(static_cast<std::size_t>(count), '\1');
}

/// A tiny IDX set of three train images and one test image, 1x1x2.
CatalogueEntry tiny() {
  CatalogueEntry entry;
  entry.name = "tiny";
  entry.title = "Tiny";
  entry.format = "idx";
  entry.shape = {1, 1, 2};
  entry.classNames = {"a", "b"};
  entry.trainCount = 3;
  entry.testCount = 1;
  for (const auto& [name, bytes] : {std::pair{"train-i", idxImages(3)}, std::pair{"train-l", idxLabels(3)},
                                    std::pair{"test-i", idxImages(1)}, std::pair{"test-l", idxLabels(1)}}) {
    CatalogueFile file;
    file.name = name;
    file.names = {name, std::string(name) + ".gz"};
    file.bytes = bytes.size();
    file.sha256 = {sha256Hex(bytes.data(), bytes.size())};
    entry.files.push_back(file);
  }
  return entry;
}

std::string contentOf(const std::string& name) {
  const int count = name.starts_with("train") ? 3 : 1;
  return name[name.find('-') + 1] == 'i' ? idxImages(count) : idxLabels(count);
}

void put(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

Error caught(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorKind::Internal, "no error");
}

}  // namespace

class CatalogueTest : public QObject {
  Q_OBJECT

 private:
  QByteArray m_data = qgetenv("WHORL_DATA");
  DataSearch realSearch() const { return {fs::path(m_data.toStdString()), {}, false}; }

 private Q_SLOTS:
  // Files of the machine must not decide what the other tests find.
  void initTestCase() { qunsetenv("WHORL_DATA"); }

  void embeddedEntries() {
    const Catalogue catalogue;
    for (const char* name : {"mnist", "fashion-mnist", "cifar10", "miniimagenet20", "glyphs", "shapes"}) {
      const CatalogueEntry& entry = catalogue.find(name);
      QVERIFY(!entry.title.empty() && !entry.licence.empty() && !entry.paper.empty());
      QVERIFY(entry.trainCount > 0 && entry.testCount > 0);
    }
    QCOMPARE(catalogue.find("mnist").files[0].urls.size(), std::size_t{2});
    const Error unknown = caught([&] { catalogue.find("emnist"); });
    QVERIFY(unknown.kind() == ErrorKind::Usage);
    QVERIFY(unknown.hint().find("fashion-mnist") != std::string::npos);
  }

  void parseNamesTheWrongField_data() {
    QTest::addColumn<QString>("from");
    QTest::addColumn<QString>("to");
    QTest::addColumn<QString>("field");
    QTest::newRow("missing") << "\"title\": \"T\","
                             << ""
                             << "title";
    QTest::newRow("wrong type") << "\"title\": \"T\""
                                << "\"title\": 3"
                                << "title";
    QTest::newRow("unknown") << "\"title\""
                             << "\"tilte\": 1, \"title\""
                             << "tilte";
    QTest::newRow("format") << "\"generated\""
                            << "\"zip\""
                            << "format";
    QTest::newRow("no files") << "\"generated\""
                              << "\"idx\""
                              << "files";
    QTest::newRow("shape") << "[1, 2, 2]"
                           << "[2, 2, 2]"
                           << "shape";
    QTest::newRow("negative") << "\"train_count\": 5"
                              << "\"train_count\": -5"
                              << "train_count";
    QTest::newRow("name leads out") << "\"name\": \"x\""
                                    << "\"name\": \"../x\""
                                    << "name";
    QTest::newRow("checksum") << "\"paper\""
                              << "\"loaded_sha256\": [\"12\"], \"paper\""
                              << "loaded_sha256";
  }
  void parseNamesTheWrongField() {
    QFETCH(QString, from);
    QFETCH(QString, to);
    QFETCH(QString, field);
    QString json =
        R"({"name": "x", "title": "T", "format": "generated", "licence": "L", "paper": "P", "shape": [1, 2, 2],
            "classes": ["a", "b"], "train_count": 5, "test_count": 1})";
    QVERIFY(Catalogue::parse(json.toStdString(), "x.json").trainCount == 5);
    json.replace(from, to);
    const Error error = caught([&] { Catalogue::parse(json.toStdString(), "x.json"); });
    QVERIFY(error.kind() == ErrorKind::BadInput);
    QVERIFY2(QString::fromStdString(error.message()).contains("\"" + field + "\""), error.what());
    QVERIFY(error.where().starts_with("x.json"));
    QVERIFY(caught([] { Catalogue::parse("{", "x.json"); }).kind() == ErrorKind::BadInput);
  }

  void searchOrderAndPlaces() {
    QTemporaryDir folder;
    const fs::path root = folder.path().toStdString();
    const Catalogue catalogue({tiny()});
    const auto load = [&](const DataSearch& search) { return catalogue.load("tiny", search, 0, {}); };
    for (const CatalogueFile& file : tiny().files) {
      put(root / "user" / "tiny" / file.name, contentOf(file.name));
      test::writeGzip(root / (file.name + ".gz"), contentOf(file.name));
    }
    QVERIFY(*catalogue.locate(tiny(), {{}, root / "user", false}) == root / "user");
    QCOMPARE(load({{}, root / "user", false})->train.count(), 3);
    QVERIFY(*catalogue.locate(tiny(), {root, root / "user", false}) == root);
    QCOMPARE(load({root, root / "user", false})->checksum, load({{}, root / "user", false})->checksum);
    qputenv("WHORL_DATA", folder.path().toUtf8());
    QVERIFY(*catalogue.locate(tiny(), {{}, root / "user", false}) == root);
    qunsetenv("WHORL_DATA");
    QVERIFY(caught([&] { load({root / "none", {}, false}); }).kind() == ErrorKind::BadInput);
  }

  void missingDataSaysHowToGetIt() {
    QTemporaryDir folder;
    const Catalogue catalogue;
    const DataSearch search{{}, folder.path().toStdString(), false};
    const Error mnist = caught([&] { catalogue.load("mnist", search, 0, {}); });
    QVERIFY(mnist.kind() == ErrorKind::BadInput);
    QVERIFY2(mnist.hint().find("datasets fetch mnist (about 12 MB)") != std::string::npos, mnist.what());
    QVERIFY(mnist.where().find(folder.path().toStdString()) != std::string::npos);
    const Error mini = caught([&] { catalogue.load("miniimagenet20", search, 0, {}); });
    QVERIFY2(mini.hint().find("no public address") != std::string::npos, mini.what());
  }

  void wrongContentIsRefused() {
    QTemporaryDir folder;
    const fs::path root = folder.path().toStdString();
    CatalogueEntry entry = tiny();
    for (const CatalogueFile& file : entry.files) put(root / file.name, contentOf(file.name));
    const auto message = [&] {
      return QString::fromStdString(caught([&] {
                                      Catalogue({entry}).load("tiny", {root, {}, false}, 0, {});
                                    }).message());
    };
    entry.loadedSha256 = {std::string(64, '0')};
    QVERIFY(message().contains("not Tiny"));
    entry.loadedSha256.clear();
    entry.testCount = 2;
    QVERIFY(message().contains("2 test images"));
    entry.shape = {1, 2, 1};
    QVERIFY(message().contains("1x2x1"));
  }

  void verifyTellsWhatIsWrong() {
    QTemporaryDir folder;
    const fs::path root = folder.path().toStdString();
    const Catalogue catalogue({tiny()});
    const auto messages = [&] {
      QStringList list;
      for (const auto& v : catalogue.verify(tiny(), {root, {}, false}, {})) {
        list << QString::fromStdString(v.message) + (v.ok ? "+" : "-");
      }
      return list.join("|");
    };
    QCOMPARE(messages(), QString("not found-|not found-|not found-|not found-"));
    for (const CatalogueFile& file : tiny().files) put(root / file.name, contentOf(file.name));
    QCOMPARE(messages(), QString("checksum agrees+|checksum agrees+|checksum agrees+|checksum agrees+"));
    put(root / "train-i", idxImages(3).substr(0, 20));
    put(root / "test-l", big(0x801) + big(1) + '\0');
    put(root / "train-l", idxLabels(3) + "xx");
    const QString now = messages();
    QVERIFY2(now.startsWith("2 bytes short-|2 bytes too long-|checksum agrees+|the checksum differs"), qPrintable(now));
  }

  void fetchDownloadsWhatIsMissing() {
    QTemporaryDir folder;
    const fs::path root = folder.path().toStdString();
    test::HttpServer server(
        [&](const auto& request, auto& connection) { connection.answer("200 OK", contentOf(request.path.substr(1))); });
    CatalogueEntry entry = tiny();
    for (CatalogueFile& file : entry.files) file.urls = {server.url("/" + file.name)};
    put(root / "tiny" / "test-l", contentOf("test-l"));
    const Catalogue catalogue({entry});
    QCOMPARE(catalogue.load("tiny", {{}, root, true}, 0, {})->test.count(), 1);
    QCOMPARE(server.requests().size(), std::size_t{3});
    QVERIFY(fs::exists(root / "tiny" / "train-i"));
    catalogue.fetch(entry, {{}, root, true}, {});
    QCOMPARE(server.requests().size(), std::size_t{3});
  }

  void fetchLeavesAloneWhatLiesElsewhere() {
    QTemporaryDir folder;
    const fs::path root = folder.path().toStdString();
    test::HttpServer server([&](const auto&, auto& connection) { connection.answer("404 Not Found", ""); });
    CatalogueEntry entry = tiny();
    for (CatalogueFile& file : entry.files) {
      file.urls = {server.url("/" + file.name)};
      put(root / "elsewhere" / file.name, contentOf(file.name));
    }
    const Catalogue catalogue({entry});
    catalogue.fetch(entry, {root / "elsewhere", root / "user", true}, {});
    qputenv("WHORL_DATA", QByteArray::fromStdString((root / "elsewhere").string()));
    catalogue.fetch(entry, {{}, root / "user", true}, {});
    qunsetenv("WHORL_DATA");
    QCOMPARE(server.requests().size(), std::size_t{0});
    QVERIFY(!fs::exists(root / "user" / "tiny"));
    // Nor does a download that fails leave an empty folder.
    QVERIFY(caught([&] { catalogue.fetch(entry, {{}, root / "user", true}, {}); }).kind() == ErrorKind::Failed);
    QVERIFY(!server.requests().empty());
    QVERIFY(!fs::exists(root / "user" / "tiny"));
  }

  void unknownDataIsBadInput() {
    QTemporaryDir folder;
    const fs::path root = folder.path().toStdString();
    put(root / "file", "no folder");
    const Catalogue catalogue;
    for (const std::string& name : {std::string("emnist"), (root / "missing").string(), (root / "file").string()}) {
      const Error error = caught([&] { catalogue.load(name, {}, 0, {}); });
      QVERIFY2(error.kind() == ErrorKind::BadInput, error.what());
      QCOMPARE(error.where(), name);
      QVERIFY2(error.hint().find("train/CLASS") != std::string::npos, error.what());
    }
  }

  void generatedSetsNeedNoFiles() {
    CatalogueEntry entry = Catalogue().find("glyphs");
    entry.trainCount = 30;
    entry.testCount = 10;
    const auto dataset = Catalogue({entry}).load("glyphs", {}, 3, {});
    QCOMPARE(dataset->train.count(), 30);
    QVERIFY(dataset->classNames == entry.classNames);
    const CatalogueEntry shapes = Catalogue().find("shapes");
    CatalogueEntry few = shapes;
    few.trainCount = few.testCount = 10;
    QVERIFY(Catalogue({few}).load("shapes", {}, 3, {})->classNames == shapes.classNames);
  }

  void realMnist() {
    if (m_data.isEmpty()) QSKIP("WHORL_DATA is not set");
    const Catalogue catalogue;
    for (const auto& [name, first] : {std::pair{"mnist", 5}, std::pair{"fashion-mnist", 9}}) {
      const auto dataset = catalogue.load(name, realSearch(), 0, {});  // compares the checksum of all that is loaded
      QCOMPARE(dataset->train.count(), 60'000);
      QCOMPARE(dataset->test.count(), 10'000);
      QCOMPARE(dataset->train.labels[0], first);
      for (const auto& v : catalogue.verify(catalogue.find(name), realSearch(), {})) QVERIFY2(v.ok, v.message.c_str());
    }
  }

  void realMiniImageNet() {
    if (m_data.isEmpty()) QSKIP("WHORL_DATA is not set");
    const Catalogue catalogue;
    const auto dataset = catalogue.load("miniimagenet20", realSearch(), 0, {});
    QVERIFY(dataset->train.shape == (ImageShape{3, 84, 84}));
    QCOMPARE(dataset->classNames[6], std::string("lion"));
    for (int label = 0; label < 20; ++label) {
      QCOMPARE(std::count(dataset->train.labels.begin(), dataset->train.labels.end(), label), 250);
      QCOMPARE(std::count(dataset->test.labels.begin(), dataset->test.labels.end(), label), 50);
    }
  }

  void realCifar() {
    if (m_data.isEmpty()) QSKIP("WHORL_DATA is not set");
    const Catalogue catalogue;
    const auto dataset = catalogue.load("cifar10", realSearch(), 0, {});
    QCOMPARE(dataset->train.labels[0], 6);
    QCOMPARE(dataset->test.labels[0], 3);
    for (int label = 0; label < 10; ++label) {
      QCOMPARE(std::count(dataset->train.labels.begin(), dataset->train.labels.end(), label), 5000);
    }
    double red = 0;
    const auto& split = dataset->train;
    for (std::int64_t i = 0; i < split.count(); ++i) {
      const auto* plane = split.pixels.data() + i * split.shape.size();
      for (int p = 0; p < 1024; ++p) red += plane[p];
    }
    QVERIFY(std::abs(red / (255.0 * 1024 * 50'000) - 0.4914) < 1e-4);  // the published mean
  }
};

QTEST_APPLESS_MAIN(CatalogueTest)
#include "catalogue_test.moc"
