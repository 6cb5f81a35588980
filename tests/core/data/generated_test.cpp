// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/generated.h"

#include <QtTest>
#include <algorithm>
#include <set>

#include "core/base/error.h"

using namespace whorl;

class GeneratedTest : public QObject {
  Q_OBJECT

 private:
  using Generate = Dataset (*)(std::uint64_t, const JobContext&, std::int64_t, std::int64_t);
  static Generate generator(bool glyphs) { return glyphs ? generateGlyphs : generateShapes; }

 private Q_SLOTS:
  void sets_data() {
    QTest::addColumn<bool>("glyphs");
    QTest::newRow("glyphs") << true;
    QTest::newRow("shapes") << false;
  }

  void determined_data() { sets_data(); }
  void determined() {
    QFETCH(bool, glyphs);
    const auto generate = generator(glyphs);
    const Dataset first = generate(5, {}, 60, 40);
    QCOMPARE(generate(5, {}, 60, 40).checksum, first.checksum);
    QVERIFY(generate(6, {}, 60, 40).checksum != first.checksum);
    // Each image depends on its index, not on how many there are.
    const Dataset more = generate(5, {}, 90, 40);
    QVERIFY(std::equal(first.train.pixels.begin(), first.train.pixels.end(), more.train.pixels.begin()));
    QVERIFY(std::equal(first.train.labels.begin(), first.train.labels.end(), more.train.labels.begin()));
    // Train and test share no image.
    QVERIFY(!std::equal(first.test.pixels.begin(), first.test.pixels.end(), first.train.pixels.begin()));
  }

  void balancedAndShaped_data() { sets_data(); }
  void balancedAndShaped() {
    QFETCH(bool, glyphs);
    const Dataset dataset = generator(glyphs)(1, {}, 300, 100);
    QVERIFY(dataset.train.shape == (glyphs ? ImageShape{1, 28, 28} : ImageShape{3, 32, 32}));
    QCOMPARE(dataset.classNames.size(), std::size_t{10});
    QCOMPARE(dataset.train.count(), 300);
    QCOMPARE(static_cast<std::int64_t>(dataset.train.pixels.size()), 300 * dataset.train.shape.size());
    for (int label = 0; label < 10; ++label) {
      QCOMPARE(std::count(dataset.train.labels.begin(), dataset.train.labels.end(), label), 30);
      QCOMPARE(std::count(dataset.test.labels.begin(), dataset.test.labels.end(), label), 10);
    }
    QVERIFY(!std::is_sorted(dataset.train.labels.begin(), dataset.train.labels.begin() + 10));
  }

  void imagesShowSomething_data() { sets_data(); }
  void imagesShowSomething() {
    QFETCH(bool, glyphs);
    const Dataset dataset = generator(glyphs)(2, {}, 200, 10);
    std::set<std::vector<float>> different;
    for (std::int64_t i = 0; i < dataset.train.count(); ++i) {
      const Image image = dataset.train.image(i);
      const auto [low, high] = std::minmax_element(image.pixels.begin(), image.pixels.end());
      QVERIFY(*high - *low > 0.2f);
      different.insert(image.pixels);
    }
    QCOMPARE(different.size(), std::size_t{200});
  }

  void cancelledAtOnce() {
    std::stop_source stop;
    std::int64_t reported = 0;
    const JobContext context(stop.get_token(), [&](const Progress& progress) {
      reported = progress.done;
      if (progress.done >= 400) stop.request_stop();
    });
    try {
      generateGlyphs(1, context);
      QFAIL("not cancelled");
    } catch (const Error& error) {
      QVERIFY(error.kind() == ErrorKind::Cancelled);
    }
    QCOMPARE(reported, 400);
  }

  void emptyIsRefused() { QVERIFY_THROWS_EXCEPTION(Error, generateShapes(1, {}, 0, 10)); }
};

QTEST_APPLESS_MAIN(GeneratedTest)
#include "generated_test.moc"
