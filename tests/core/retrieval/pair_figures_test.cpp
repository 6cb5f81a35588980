// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/retrieval/pair_figures.h"

using namespace whorl;

class PairFiguresTest : public QObject {
  Q_OBJECT

  static bool near(double a, double b) { return std::abs(a - b) < 1e-12; }

  static PairDistances random(std::size_t images, std::size_t each, double shift, std::uint64_t seed) {
    Random random(seed);
    PairDistances pairs;
    for (std::size_t i = 0; i < images; ++i) pairs.positives.push_back(std::abs(random.normal()));
    for (std::size_t i = 0; i < images * each; ++i) pairs.negatives.push_back(shift + std::abs(random.normal()));
    return pairs;
  }

  static ErrorKind kindOf(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::Internal;
  }

 private Q_SLOTS:
  void aHandCountedExample() {
    // By distance: + - + (tie: + -) -
    const PairDistances pairs{{0.1, 0.3, 0.5}, {0.2, 0.5, 0.9}};
    const auto points = precisionRecall(pairs);
    QCOMPARE(points.size(), std::size_t{3});
    QVERIFY(near(points[0].recall, 1.0 / 3) && near(points[0].precision, 1) && points[0].threshold == 0.1);
    QVERIFY(near(points[1].recall, 2.0 / 3) && near(points[1].precision, 2.0 / 3) && points[1].threshold == 0.3);
    QVERIFY(near(points[2].recall, 1) && near(points[2].precision, 3.0 / 5) && points[2].threshold == 0.5);
    QVERIFY(near(precisionAtRecall(pairs, 0.34), 2.0 / 3));
    QVERIFY(near(precisionAtRecall(pairs, 1.0 / 3), 1));
    QVERIFY(near(precisionAtRecall(pairs, 1), 0.6));
    QVERIFY(near(averagePrecision(pairs), (1 + 2.0 / 3 + 0.6) / 3));
    // 0.1 < 0.2, 0.3 < 0.5, 0.5 < 0.9
    QVERIFY(near(rankingScore(pairs), 1));
    QVERIFY(near(rankingScore({{0.2, 0.5}, {0.2, 0.1, 0.6, 0.4}}), 0.25));  // equal distances don't count
  }

  void perfectAndCollapsedNetworks() {
    const PairDistances perfect{{0.1, 0.2}, {1, 2, 3, 4}};
    QVERIFY(near(precisionAtRecall(perfect, 0.99), 1) && near(averagePrecision(perfect), 1));
    const PairDistances collapsed{{0, 0}, {0, 0, 0, 0, 0, 0}};
    QVERIFY(near(precisionAtRecall(collapsed, 0.9), 0.25));  // all are called duplicates: 2 of 8
    QVERIFY(near(rankingScore(collapsed), 0));
  }

  void severalCopiesOfAnImageCountTogether() {
    // Two images with two copies each and one other image each.
    const PairDistances pairs{{0.1, 0.4, 0.2, 0.9}, {0.3, 0.5}, 2};
    QVERIFY(near(precisionAtRecall(pairs, 0.75), 0.75));  // at 0.4: three copies, one other
    QVERIFY(near(rankingScore(pairs), (0.5 + 0.5) / 2));  // 0.1 < 0.3, 0.4 > 0.3; 0.2 < 0.5, 0.9 > 0.5
    // Drawn image by image: a copy alone is never drawn, so that of two equal images nothing varies.
    const PairDistances equal{{0.1, 0.4, 0.1, 0.4}, {0.3, 0.3}, 2};
    const auto intervals = bootstrapPairs({equal}, {1.0}, 3, 100).networks[0];
    QCOMPARE(intervals.precisions[0].low, intervals.precisions[0].high);
    QCOMPARE(kindOf([] { rankingScore({{1, 2, 3}, {1, 2}, 2}); }), ErrorKind::BadInput);
  }

  void agreesWithAPlainCount() {
    const PairDistances pairs = random(137, 5, 0.7, 3);
    for (const double recall : {0.1, 0.5, 0.9, 0.95, 0.99, 1.0}) {
      auto sorted = pairs.positives;
      std::sort(sorted.begin(), sorted.end());
      const auto needed = static_cast<std::size_t>(std::ceil(recall * 137 - 1e-9));
      const double threshold = sorted[needed - 1];
      const auto below = [&](const std::vector<double>& values) {
        return static_cast<double>(
            std::count_if(values.begin(), values.end(), [&](double value) { return value <= threshold; }));
      };
      const double hits = below(pairs.positives);
      QVERIFY(near(precisionAtRecall(pairs, recall), hits / (hits + below(pairs.negatives))));
    }
  }

  void monotoneMapsChangeNothing() {
    const PairDistances pairs = random(50, 3, 0.5, 4);
    PairDistances mapped = pairs;
    for (auto* values : {&mapped.positives, &mapped.negatives}) {
      for (double& value : *values) value = std::exp(3 * value);
    }
    QCOMPARE(precisionAtRecall(mapped, 0.95), precisionAtRecall(pairs, 0.95));
    QCOMPARE(averagePrecision(mapped), averagePrecision(pairs));
    QCOMPARE(rankingScore(mapped), rankingScore(pairs));
  }

  void quantilesInvertTheDistribution() {
    QCOMPARE(quantiles({3, 1, 2, 4}, 4), (std::vector<double>{1, 1, 2, 3, 4}));
    QCOMPARE(quantiles({7}, 2), (std::vector<double>{7, 7, 7}));
    QCOMPARE(kindOf([] { quantiles({}, 4); }), ErrorKind::Usage);
  }

  void intervalsHoldTheFiguresAndRepeat() {
    const std::vector<PairDistances> networks{random(200, 5, 0.8, 1), random(200, 5, 1.6, 1)};
    const std::vector<double> recalls{0.9, 0.99};
    const auto one = bootstrapPairs(networks, recalls, 9, 300);
    const auto again = bootstrapPairs(networks, recalls, 9, 300);
    for (std::size_t n = 0; n < 2; ++n) {
      const PairFigures figures = pairFigures(networks[n], recalls);
      const PairIntervals& intervals = one.networks[n];
      QVERIFY(intervals.precisions[0].low < figures.precisions[0] &&
              figures.precisions[0] < intervals.precisions[0].high);
      QVERIFY(intervals.ranking.low < figures.ranking && figures.ranking < intervals.ranking.high);
      QVERIFY(intervals.ranking.high - intervals.ranking.low < 0.2);
      QCOMPARE(intervals.ranking.low, again.networks[n].ranking.low);
      QCOMPARE(intervals.precisions[1].high, again.networks[n].precisions[1].high);
    }
    // The same positives, negatives further away: better beyond doubt.
    QVERIFY(one.differences[0].precisions[0].low > 0);
    QVERIFY(one.differences[0].ranking.low > 0);
  }

  void aNetworkDoesNotDifferFromItself() {
    const PairDistances pairs = random(40, 2, 0.5, 5);
    const auto result = bootstrapPairs({pairs, pairs}, {0.95}, 1, 50);
    QCOMPARE(result.differences[0].precisions[0].low, 0.0);
    QCOMPARE(result.differences[0].averagePrecision.high, 0.0);
  }

  void drawsCanBeStopped() {
    const PairDistances pairs = random(40, 2, 0.5, 5);
    int draws = 0;
    const auto stop = [&] {
      if (++draws == 3) throw Error(ErrorKind::Cancelled, "stopped");
    };
    QCOMPARE(kindOf([&] { bootstrapPairs({pairs}, {0.95}, 1, 1'000'000'000, 0.95, stop); }), ErrorKind::Cancelled);
    QCOMPARE(draws, 3);
  }

  void nonsenseIsRefused() {
    const PairDistances pairs{{0.1}, {0.2}};
    QCOMPARE(kindOf([&] { precisionAtRecall(pairs, 0); }), ErrorKind::Usage);
    QCOMPARE(kindOf([&] { precisionAtRecall(pairs, 1.1); }), ErrorKind::Usage);
    QCOMPARE(kindOf([&] { averagePrecision({{}, {}}); }), ErrorKind::BadInput);
    QCOMPARE(kindOf([&] { averagePrecision({{1, 2}, {1, 2, 3}}); }), ErrorKind::BadInput);
    QCOMPARE(kindOf([&] { averagePrecision({{std::nan("")}, {1}}); }), ErrorKind::BadInput);
    QCOMPARE(kindOf([&] { bootstrapPairs({pairs}, {0.9}, 0, 0); }), ErrorKind::Usage);
    QCOMPARE(kindOf([&] { bootstrapPairs({pairs}, {0.9}, 0, 10, 1); }), ErrorKind::Usage);
    QCOMPARE(kindOf([&] { bootstrapPairs({}, {0.9}, 0); }), ErrorKind::Usage);
    QCOMPARE(kindOf([&] { bootstrapPairs({pairs, {{1, 2}, {3, 4}}}, {0.9}, 0); }), ErrorKind::BadInput);
  }
};

QTEST_APPLESS_MAIN(PairFiguresTest)
#include "pair_figures_test.moc"
