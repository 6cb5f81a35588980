// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/figures.h"

#include <QtTest/QtTest>

#include <cmath>

#include "core/base/error.h"
#include "core/experiment/scored_set.h"

using namespace whorl;

namespace {

/// 20 clean scores 0.0 … 1.9; of ten attacked images the first eight succeed.
ScoredSet sample() {
  ScoredSet set;
  for (int i = 0; i < 20; ++i) set.clean.push_back(0.1 * i);
  for (int i = 0; i < 10; ++i) {
    set.adversarial.push_back(i < 6 ? 5 : 0.05);
    set.success.push_back(i < 8);
    set.right.push_back(i >= 8);
    set.l2.push_back(i < 8 ? 2 : 100);
    set.linf.push_back(0.25);
  }
  return set;
}

}  // namespace

class FiguresTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void countsAndShares() {
    const CellFigures figures = figuresOf(sample(), 1);
    QCOMPARE(figures.attacked, std::int64_t{10});
    QCOMPARE(figures.successes, std::int64_t{8});
    QCOMPARE(figures.successRate.value, 0.8);
    QVERIFY(figures.successRate.low > 0.4 && figures.successRate.low < 0.8 && figures.successRate.high > 0.8);
    QCOMPARE(figures.meanL2, 2.0);  // of successes
    // Six beat all 20 clean ones, two beat one of them; of all, four do.
    QCOMPARE(figures.aucSuccessful.value, (6 * 20 + 2 * 1) / 160.0);
    QCOMPARE(figures.aucAll.value, (6 * 20 + 4 * 1) / 200.0);
    QCOMPARE(figures.truePositiveRate.size(), std::size_t{3});
    QCOMPARE(figures.truePositiveRate[1].value, 6 / 8.0);
    QCOMPARE(figures.evasionRate[1].value, 2 / 10.0);
    QCOMPARE(figures.combinedAccuracy->value, 2 / 10.0);  // the two failures, accepted
    QCOMPARE(figures.roc.front().falsePositiveRate, 0.0);
    QCOMPARE(figures.roc.back().truePositiveRate, 1.0);
    QCOMPARE(figures.adversarialScores.size(), std::size_t{8});
  }

  void ratesAreSaidOfCleanImages() {
    ScoredSet set = sample();
    set.clean.resize(10);
    const CellFigures before = figuresOf(set, 1);
    for (int i = 0; i < 10; ++i) set.clean.push_back(50);  // noisy twins, further out than any attack
    const CellFigures noisy = figuresOf(set, 1);
    QVERIFY(noisy.aucSuccessful.value < before.aucSuccessful.value);
    for (std::size_t i = 0; i < 3; ++i) {
      QCOMPARE(noisy.truePositiveRate[i].value, before.truePositiveRate[i].value);
      QCOMPARE(noisy.evasionRate[i].value, before.evasionRate[i].value);
    }
    QCOMPARE(noisy.combinedAccuracy->value, before.combinedAccuracy->value);
  }

  void withoutADetectorOrASuccess() {
    ScoredSet set = sample();
    set.clean.clear();
    set.adversarial.clear();
    const CellFigures alone = figuresOf(set, 1);
    QCOMPARE(alone.successRate.value, 0.8);
    QVERIFY(std::isnan(alone.aucAll.value));
    QVERIFY(alone.roc.empty());
    QCOMPARE(alone.combinedAccuracy->value, 0.2);

    ScoredSet failed = sample();
    failed.success.assign(10, false);
    const CellFigures none = figuresOf(failed, 1);
    QVERIFY(std::isnan(none.aucSuccessful.value));
    QVERIFY(!std::isnan(none.aucAll.value));
    QVERIFY(std::isnan(none.meanL2));
    QCOMPARE(none.evasionRate[0].value, 0.0);
  }

  void thinnedCurvesKeepTheirCorners() {
    std::vector<RocCorner> curve;
    for (int i = 0; i <= 1000; ++i) curve.push_back({1000.0 - i, 0, i / 1000.0});
    for (int i = 1; i <= 1000; ++i) curve.push_back({-double(i), i / 1000.0, 1});
    const auto thin = thinned(curve, 400);
    QCOMPARE(thin.size(), std::size_t{3});
    QCOMPARE(thin[1].falsePositiveRate, 0.0);
    QCOMPARE(thin[1].truePositiveRate, 1.0);
    std::vector<RocCorner> bends;
    for (int i = 0; i <= 2000; ++i) bends.push_back({-double(i), double(i / 2) / 1000, double((i + 1) / 2) / 1000});
    const auto some = thinned(bends, 400);
    QCOMPARE(some.size(), std::size_t{400});
    QCOMPARE(some.front().threshold, bends.front().threshold);
    QCOMPARE(some.back().threshold, bends.back().threshold);
  }

  void scoresSurviveTheStore() {
    const ScoredSet set = sample();
    const ScoredSet back = scoredSetFromJson(nlohmann::json::parse(toJson(set).dump()));
    QCOMPARE(back.clean, set.clean);
    QCOMPARE(back.adversarial, set.adversarial);
    QCOMPARE(back.success, set.success);
    auto damaged = toJson(set);
    damaged["success"].erase(0);
    QVERIFY_THROWS_EXCEPTION(Error, scoredSetFromJson(damaged));
    QVERIFY_THROWS_EXCEPTION(Error, scoredSetFromJson(nlohmann::json::array()));
    ScoredSet bad = set;
    bad.clean[3] = std::nan("");
    QVERIFY_THROWS_EXCEPTION(Error, toJson(bad));
  }
};

QTEST_APPLESS_MAIN(FiguresTest)
#include "figures_test.moc"
