// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/similar_sources.h"

#include <QTemporaryDir>
#include <QTest>
#include <atomic>
#include <fstream>
#include <stop_token>
#include <thread>

#include "core/base/error.h"
#include "tests/core/service/tiny_engine.h"

using namespace whorl;
using test::kindOf;
namespace fs = std::filesystem;

class SimilarSourcesTest : public QObject {
  Q_OBJECT

  QTemporaryDir m_folder;

  fs::path folder(const char* name) const {
    const fs::path made = fs::path(m_folder.path().toStdString()) / name;
    fs::create_directories(made);
    return made;
  }

  static void write(const fs::path& file) { std::ofstream(file) << "x"; }

  static std::vector<std::string> names(const IndexSources& sources) {
    std::vector<std::string> names;
    for (const IndexSource& each : sources.images) names.push_back(each.name);
    return names;
  }

 private Q_SLOTS:
  void takesFilesInOrder() {
    const fs::path root = folder("plain");
    for (const char* name : {"b", "a/z", "a/b/c"}) {
      fs::create_directories((root / name).parent_path());
      write(root / name);
    }
    write(root / ".hidden");
    // What only begins like the index is an image.
    for (const char* name : {"my.index", "my.index-journal", "my.index2.png"}) write(root / name);
    const IndexSources sources = filesBelow(root, root / "my.index", JobContext{});
    QCOMPARE(names(sources), (std::vector<std::string>{"a/b/c", "a/z", "b", "my.index2.png"}));
    QCOMPARE(sources.images[2].stamp.bytes, std::int64_t{1});
    QVERIFY(sources.problems.empty());
  }

  void linksEndTheWalkNowhere() {
    const fs::path root = folder("links");
    write(root / "a");
    fs::create_directories(root / "deep");
    fs::create_directory_symlink(root, root / "deep/up");  // a loop
    fs::create_symlink("round", root / "round");           // a link to itself
    fs::create_symlink("nothing", root / "gone");          // to what isn't there
    fs::create_symlink(root / "a", root / "again");        // to a file
    const IndexSources sources = filesBelow(root, root / "i", JobContext{});
    QCOMPARE(names(sources), (std::vector<std::string>{"a", "again"}));
    QCOMPARE(sources.problems.size(), std::size_t{2});
    for (const IndexProblem& each : sources.problems) {
      QVERIFY(each.name == "round" || each.name == "gone");
      QCOMPARE(each.problem, std::string("the link leads nowhere"));
    }
  }

  void refusesFoldersWithoutFiles() {
    QCOMPARE(kindOf([&] { filesBelow(folder("none") / "such", "i", JobContext{}); }), ErrorKind::BadInput);
    std::string message;
    const fs::path root = folder("hollow");
    fs::create_symlink("nothing", root / "gone");
    QCOMPARE(kindOf([&] { filesBelow(root, "i", JobContext{}); }, &message), ErrorKind::BadInput);
    QVERIFY2(message.find("gone: the link leads nowhere") != std::string::npos, message.c_str());
  }

  /// A data set's name is a data set, also where a folder is called so.
  void dataSetsComeBeforeFolders() {
    const fs::path root = folder("places");
    fs::create_directories(root / "glyphs");
    fs::create_directories(root / "set" / "train");
    CatalogueEntry entry;
    entry.name = "glyphs";
    const Catalogue catalogue({entry});
    const fs::path before = fs::current_path();
    fs::current_path(root);
    const bool named = isPlainFolder("glyphs", catalogue), meant = isPlainFolder("./glyphs", catalogue);
    const bool set = isPlainFolder("set", catalogue), whole = isPlainFolder((root / "glyphs").string(), catalogue);
    fs::current_path(before);
    QVERIFY(!named && meant && !set && whole);
  }

  void stops() {
    const fs::path root = folder("many");
    for (int i = 0; i < 50; ++i) write(root / std::to_string(i));
    std::stop_source stop;
    stop.request_stop();
    QCOMPARE(kindOf([&] { filesBelow(root, "i", JobContext(stop.get_token(), {})); }), ErrorKind::Cancelled);
  }

  void theGateKeepsItsBudget() {
    PixelGate gate(100);
    std::atomic<std::int64_t> inside = 0;
    std::atomic<std::int64_t> most = 0;
    std::atomic<bool> alone = true;
    const auto enter = [&](std::int64_t pixels) {
      for (int i = 0; i < 200; ++i) {
        const PixelGate::Pass pass(gate, pixels);
        const std::int64_t now = inside += pixels;
        if (pixels > 100 && now != pixels) alone = false;
        std::int64_t before = most;
        while (pixels <= 100 && now > before && !most.compare_exchange_weak(before, now)) {
        }
        std::this_thread::yield();
        inside -= pixels;
      }
    };
    {
      std::vector<std::jthread> threads;
      for (const std::int64_t pixels : {30, 60, 45, 500, 100, 1}) threads.emplace_back(enter, pixels);
    }
    QVERIFY(alone);
    QVERIFY2(most <= 100, qPrintable(QString::number(most.load())));
  }
};

QTEST_GUILESS_MAIN(SimilarSourcesTest)
#include "similar_sources_test.moc"
