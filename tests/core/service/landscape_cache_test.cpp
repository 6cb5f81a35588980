// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/landscape_cache.h"

#include <QTest>

using namespace whorl;

class LandscapeCacheTest : public QObject {
  Q_OBJECT

  static LandscapeCache::Entry entry(std::size_t points) {
    LandscapeCache::Entry entry;
    entry.result.surface.x.assign(points, 0);
    entry.result.surface.layers.push_back({"a", std::vector<double>(points, 1)});
    entry.result.json = "long";
    entry.document = {{"points", points}};
    return entry;
  }

 private Q_SLOTS:
  void keysAreThoseOfTheContent() {
    const nlohmann::json one = {{"range", 0.5}, {"model", "a"}}, same = {{"model", "a"}, {"range", 0.5}};
    QCOMPARE(LandscapeCache::keyOf(one), LandscapeCache::keyOf(same));
    QVERIFY(LandscapeCache::keyOf({{"range", 0.25}, {"model", "a"}}) != LandscapeCache::keyOf(one));
  }

  void whatIsKeptIsFound() {
    LandscapeCache cache;
    QVERIFY(!cache.find("a"));
    cache.keep("a", entry(10));
    const auto found = cache.find("a");
    QVERIFY(found);
    QCOMPARE(found->result.surface.x.size(), std::size_t{10});
    QCOMPARE(found->document["points"].get<int>(), 10);
    QVERIFY(found->result.json.empty());
    cache.keep("a", entry(20));  // the newer one counts, once
    QCOMPARE(cache.find("a")->result.surface.x.size(), std::size_t{20});
    const std::size_t bytes = cache.bytes();
    cache.keep("a", entry(20));
    QCOMPARE(cache.bytes(), bytes);
  }

  void itsSizeIsBounded() {
    constexpr std::size_t kMost = 200'000;
    LandscapeCache cache(kMost);
    for (int i = 0; i < 50; ++i) {
      cache.keep(std::to_string(i), entry(2000));  // 40 kB each
      QVERIFY(cache.find("0"));                    // used again and again
      QVERIFY(cache.bytes() <= kMost);
    }
    QVERIFY(!cache.find("1") && cache.find("49"));
    cache.keep("huge", entry(10'000));
    QVERIFY(!cache.find("huge") && cache.find("49"));
  }
};

QTEST_APPLESS_MAIN(LandscapeCacheTest)
#include "landscape_cache_test.moc"
