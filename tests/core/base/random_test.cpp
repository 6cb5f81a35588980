// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/random.h"

#include <QtTest/QtTest>
#include <cmath>
#include <numeric>
#include <set>

using namespace whorl;

class RandomTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  // SplitMix64's published first outputs for the seed 1234567.
  void knownAnswers() {
    Random random(1234567);
    QCOMPARE(random.next(), std::uint64_t{6457827717110365317ULL});
    QCOMPARE(random.next(), std::uint64_t{3203168211198807973ULL});
    QCOMPARE(random.next(), std::uint64_t{9817491932198370423ULL});
  }

  void seedsDependOnEachPart() {
    std::set<std::uint64_t> seeds;
    for (std::uint64_t a = 0; a < 10; ++a) {
      for (std::uint64_t b = 0; b < 10; ++b) {
        seeds.insert(mixSeed(1, a, b));
        seeds.insert(mixSeed(2, a, b));
      }
    }
    QCOMPARE(seeds.size(), std::size_t{200});
    QCOMPARE(mixSeed(5, 1, 2, 3), mixSeed(5, 1, 2, 3));
    QVERIFY(mixSeed(5, "split") != mixSeed(5, "fingerprint"));
  }

  void momentsAreRight() {
    Random random(3);
    constexpr int kCount = 200000;
    double sum = 0, square = 0, cube = 0, uniform = 0;
    for (int i = 0; i < kCount; ++i) {
      const double x = random.normal();
      sum += x;
      square += x * x;
      cube += x * x * x;
      const double u = random.uniform();
      QVERIFY(u >= 0 && u < 1);
      uniform += u;
    }
    // Five standard errors of each mean.
    const double error = 5 / std::sqrt(kCount);
    QVERIFY(std::abs(sum / kCount) < error);
    QVERIFY(std::abs(square / kCount - 1) < error * std::sqrt(2));
    QVERIFY(std::abs(cube / kCount) < error * std::sqrt(15));
    QVERIFY(std::abs(uniform / kCount - 0.5) < error * std::sqrt(1.0 / 12));
  }

  void belowIsUniform() {
    Random random(4);
    std::array<int, 7> counts{};
    for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
    double chiSquare = 0;
    for (const int count : counts) chiSquare += (count - 10000.0) * (count - 10000.0) / 10000.0;
    QVERIFY2(chiSquare < 22.5, qPrintable(QString::number(chiSquare)));  // p = 0.001 with 6 degrees of freedom
  }

  void shuffleKeepsAllAndRepeats() {
    std::vector<int> values(100);
    std::iota(values.begin(), values.end(), 0);
    std::vector<int> again = values;
    const std::vector<int> sorted = values;
    Random(9).shuffle(values);
    Random(9).shuffle(again);
    QCOMPARE(values, again);
    QVERIFY(values != sorted);
    std::sort(values.begin(), values.end());
    QCOMPARE(values, sorted);
  }
};

QTEST_APPLESS_MAIN(RandomTest)
#include "random_test.moc"
