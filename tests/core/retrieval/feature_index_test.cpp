// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <fstream>
#include <functional>

#include "core/base/error.h"
#include "core/retrieval/feature_index.h"

using namespace whorl;
namespace fs = std::filesystem;

class FeatureIndexTest : public QObject {
  Q_OBJECT

  QTemporaryDir m_folder;

  fs::path path(const std::string& name) const { return fs::path(m_folder.path().toStdString()) / name; }

  static IndexIdentity identity() {
    IndexIdentity identity;
    identity.modelSha256 = "abc";
    identity.model = "/models/a.safetensors";
    identity.layer = "features";
    identity.fit = "fit";
    identity.source = "folder";
    identity.place = "/photos";
    identity.dimension = 2;
    return identity;
  }

  static IndexedImage image(const std::string& name, const std::string& sha, float x) {
    return {name, sha, {100, 7}, {3, 10, 20}, 4, {x, x + 1}};
  }

  static std::string problemOf(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return errorKindName(error.kind()) + ": " + error.what();
    }
    return "nothing";
  }

  static bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

 private Q_SLOTS:
  void whatWasAddedComesBack() {
    {
      FeatureIndex index(path("deep/er/a.index"), FeatureIndex::Mode::Write);
      QVERIFY(!index.identity());
      index.claim(identity());
      index.add({image("b.png", "2", 5), image("a.png", "1", 1)}, {{"c.txt", "no image", {9, 9}}});
    }
    const FeatureIndex index(path("deep/er/a.index"), FeatureIndex::Mode::Read);
    QCOMPARE(index.identity()->layer, std::string("features"));
    QCOMPARE(index.imageCount(), std::int64_t{2});
    const IndexRows rows = index.rows();
    QCOMPARE(rows.features, (std::vector<float>{5, 6, 1, 2}));
    QCOMPARE(rows.rows[0].names, (std::vector<std::string>{"b.png"}));
    QCOMPARE(*rows.rows[1].label, 4);
    QCOMPARE(index.problems()[0].problem, std::string("no image"));
    QCOMPARE(index.known().size(), std::size_t{3});
    QVERIFY(index.known().at("c.txt") == (FileStamp{9, 9}));
    QCOMPARE(*index.label("a.png"), 4);
    QVERIFY(contains(problemOf([&] { index.label("z.png"); }), "z.png"));
  }

  void duplicatesShareARow() {
    FeatureIndex index(path("duplicates.index"), FeatureIndex::Mode::Write);
    index.claim(identity());
    index.add({image("b.png", "1", 1), image("x.png", "9", 3)}, {});
    index.add({image("a.png", "1", 1)}, {});
    QCOMPARE(index.imageCount(), std::int64_t{3});
    QCOMPARE(index.rowCount(), std::int64_t{2});
    QCOMPARE(index.rows().rows[0].names, (std::vector<std::string>{"a.png", "b.png"}));
    QCOMPARE(index.duplicates(), (std::vector<std::vector<std::string>>{{"a.png", "b.png"}}));
    index.remove({"b.png"});
    QCOMPARE(index.rowCount(), std::int64_t{2});
    index.remove({"a.png"});
    QCOMPARE(index.rowCount(), std::int64_t{1});
    QCOMPARE(index.rows().rows[0].names, (std::vector<std::string>{"x.png"}));
  }

  /// Copies may lie in several classes: the label beside a name is that name's.
  void aRowsLabelIsItsFirstNames() {
    FeatureIndex index(path("labels.index"), FeatureIndex::Mode::Write);
    index.claim(identity());
    IndexedImage first = image("a.png", "1", 1), second = image("b.png", "1", 1);
    first.label = 2;
    second.label = 7;
    index.add({second, first}, {});
    QCOMPARE(index.rows().rows[0].names, (std::vector<std::string>{"a.png", "b.png"}));
    QCOMPARE(*index.rows().rows[0].label, 2);
  }

  void whatChangedTakesThePlace() {
    FeatureIndex index(path("changed.index"), FeatureIndex::Mode::Write);
    index.claim(identity());
    index.add({image("a.png", "1", 1)}, {{"b.png", "damaged", {1, 1}}});
    index.add({image("a.png", "2", 8), image("b.png", "3", 4)}, {});
    QCOMPARE(index.imageCount(), std::int64_t{2});
    QCOMPARE(index.rows().features, (std::vector<float>{8, 9, 4, 5}));
    QVERIFY(index.problems().empty());
  }

  void anotherModelIsRefused() {
    FeatureIndex index(path("claimed.index"), FeatureIndex::Mode::Write);
    index.claim(identity());
    index.claim(identity());
    const auto refused = [&](auto change, const std::string& part) {
      IndexIdentity other = identity();
      change(other);
      const std::string problem = problemOf([&] { index.claim(other); });
      return problem.starts_with("bad_input") && contains(problem, part);
    };
    QVERIFY(refused([](auto& o) { o.modelSha256 = "xyz"; }, "another model"));
    QVERIFY(refused([](auto& o) { o.layer = "conv1"; }, "conv1"));
    QVERIFY(refused([](auto& o) { o.normalised = false; }, "normalised"));
    QVERIFY(refused([](auto& o) { o.fit = "crop"; }, "crop"));
    QVERIFY(refused([](auto& o) { o.place = "/other"; }, "/photos"));
    QVERIFY(refused([](auto& o) { o.checksum = "1"; }, "state"));
  }

  void filesThatAreNoIndexAreRefused() {
    QVERIFY(
        contains(problemOf([&] { FeatureIndex(path("none.index"), FeatureIndex::Mode::Read); }), "there is no index"));
    std::ofstream(path("text.index")) << std::string(5000, 'x');
    QVERIFY(contains(problemOf([&] { FeatureIndex(path("text.index"), FeatureIndex::Mode::Read); }), "bad_input"));
    QVERIFY(contains(problemOf([&] { FeatureIndex(path("text.index"), FeatureIndex::Mode::Write); }), "bad_input"));
    std::ofstream(path("empty.index")).close();
    QVERIFY(contains(problemOf([&] { FeatureIndex(path("empty.index"), FeatureIndex::Mode::Read); }), "no index"));
    QVERIFY(
        contains(problemOf([&] { FeatureIndex(path("text.index/a.index"), FeatureIndex::Mode::Write); }), "failed"));
  }

  void aRowOfAnotherSizeIsDamage() {
    FeatureIndex index(path("short.index"), FeatureIndex::Mode::Write);
    index.claim(identity());
    IndexedImage wrong = image("a.png", "1", 1);
    wrong.features.push_back(3);
    index.add({wrong}, {});
    QVERIFY(contains(problemOf([&] { index.rows(); }), "damaged"));
  }
};

QTEST_APPLESS_MAIN(FeatureIndexTest)
#include "feature_index_test.moc"
