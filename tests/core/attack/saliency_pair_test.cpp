// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/saliency_pair.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <vector>

#include <QTest>

#include "core/base/random.h"

using namespace whorl;

namespace {

struct Maps {
  std::vector<double> alpha;
  std::vector<double> beta;
  std::vector<char> open;

  explicit Maps(std::size_t count) : alpha(count), beta(count), open(count, 1) {}
  std::size_t count() const { return alpha.size(); }
};

template <class Real = double>
std::optional<SaliencyPair> fast(const Maps& maps, int sign = 1) {
  const std::vector<Real> alpha(maps.alpha.begin(), maps.alpha.end());
  const std::vector<Real> beta(maps.beta.begin(), maps.beta.end());
  const auto open = std::make_unique<bool[]>(maps.count());
  std::copy(maps.open.begin(), maps.open.end(), open.get());
  return SaliencyPairSearch().best(alpha.data(), beta.data(), open.get(), static_cast<std::int64_t>(maps.count()),
                                   sign);
}

/// All pairs, in the order that decides between equal products.
std::optional<SaliencyPair> brute(const Maps& maps, int sign = 1) {
  std::vector<std::size_t> order;
  for (std::size_t k = 0; k < maps.count(); ++k) {
    if (maps.open[k] && std::isfinite(maps.alpha[k]) && std::isfinite(maps.beta[k])) order.push_back(k);
  }
  const auto gain = [&](std::size_t k) { return sign * maps.alpha[k]; };
  const auto drop = [&](std::size_t k) { return -sign * maps.beta[k]; };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return gain(a) != gain(b) ? gain(a) > gain(b) : drop(a) > drop(b);
  });
  std::optional<SaliencyPair> best;
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = i + 1; j < order.size(); ++j) {
      const double a = gain(order[i]) + gain(order[j]);
      const double b = drop(order[i]) + drop(order[j]);
      if (a > 0 && b > 0 && (!best || a * b > best->score)) {
        best = {static_cast<std::int64_t>(order[i]), static_cast<std::int64_t>(order[j]), a * b};
      }
    }
  }
  return best;
}

bool same(const std::optional<SaliencyPair>& a, const std::optional<SaliencyPair>& b) {
  if (!a || !b) return !a && !b;
  return a->first == b->first && a->second == b->second && a->score == b->score;
}

using Make = std::function<void(Maps&, Random&)>;

void fill(Maps& maps, Random& random, const std::function<std::pair<double, double>(Random&)>& draw) {
  for (std::size_t k = 0; k < maps.count(); ++k) std::tie(maps.alpha[k], maps.beta[k]) = draw(random);
}

}  // namespace

Q_DECLARE_METATYPE(Make)

class SaliencyPairTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void knownAnswer();
  void equalsBruteForce_data();
  void equalsBruteForce();
  void floatMapsToo();
  void nothingQualifies();
  void closedComponentsAreNeverChosen();
  void tiesGoToTheFirst();
  void largeAdversarialMapsAreStillExact();
};

void SaliencyPairTest::knownAnswer() {
  Maps maps(4);
  maps.alpha = {1, -2, 0.5, 0};
  maps.beta = {-1, 1.5, 0, 1};
  const auto pair = fast(maps);
  QVERIFY(pair);
  QCOMPARE(pair->first, 0);
  QCOMPARE(pair->second, 2);
  QCOMPARE(pair->score, 1.5);
  // Darkening: the signs of both maps change sides; 1 and 3 qualify (gain 2, drop 2.5), and more than any other pair.
  const auto dark = fast(maps, -1);
  QVERIFY(dark);
  QCOMPARE(dark->first, 1);
  QCOMPARE(dark->second, 3);
  QCOMPARE(dark->score, 5.0);
}

void SaliencyPairTest::equalsBruteForce_data() {
  QTest::addColumn<Make>("make");
  const auto row = [](const char* name, Make make) { QTest::newRow(name) << make; };
  const auto each = [&](const char* name, std::function<std::pair<double, double>(Random&)> draw) {
    row(name, [draw](Maps& maps, Random& random) { fill(maps, random, draw); });
  };
  each("normal", [](Random& r) { return std::pair(r.normal(), r.normal()); });
  each("opposed: beta = -alpha", [](Random& r) {
    const double a = r.normal();
    return std::pair(a, -a);
  });
  each("aligned: beta = alpha, on a line", [](Random& r) {
    const double a = r.normal();
    return std::pair(a, a);
  });
  each("on a falling line that qualifies", [](Random& r) {
    const double a = r.uniform(-1, 2);
    return std::pair(a, a - 1);
  });
  each("on a circle", [](Random& r) {
    const double t = r.uniform(0, 1.5707963);
    return std::pair(std::cos(t), -std::sin(t));
  });
  each("on a hyperbola", [](Random& r) {
    const double a = std::exp(r.uniform(-4, 4));
    return std::pair(a, -1 / a);
  });
  each("inside a corner", [](Random& r) {
    const double a = r.uniform();
    return std::pair(a, -(1 - std::sqrt(a)));
  });
  each("few values, many ties",
       [](Random& r) { return std::pair(static_cast<double>(r.below(4)) - 1, 1 - static_cast<double>(r.below(4))); });
  each("all equal", [](Random&) { return std::pair(0.5, -0.25); });
  each("mostly zero",
       [](Random& r) { return r.below(10) > 0 ? std::pair(0.0, 0.0) : std::pair(r.normal(), r.normal()); });
  each("partners needed", [](Random& r) {
    // Good in one way only, so that no component qualifies twice over: pairs must be complementary.
    return r.bernoulli(0.5) ? std::pair(r.uniform(1, 2), r.uniform(0, 0.9))
                            : std::pair(r.uniform(-0.9, 0), r.uniform(-2, -1));
  });
  each("wide range", [](Random& r) {
    return std::pair(std::ldexp(r.normal(), static_cast<int>(r.below(200)) - 100),
                     std::ldexp(r.normal(), static_cast<int>(r.below(200)) - 100));
  });
  each("with NaN and infinity", [](Random& r) {
    const double odd[] = {std::nan(""), std::numeric_limits<double>::infinity(),
                          -std::numeric_limits<double>::infinity()};
    return std::pair(r.below(5) == 0 ? odd[r.below(3)] : r.normal(), r.below(5) == 0 ? odd[r.below(3)] : r.normal());
  });
  row("half closed", [](Maps& maps, Random& random) {
    fill(maps, random, [](Random& r) { return std::pair(r.normal(), r.normal()); });
    for (char& open : maps.open) open = random.bernoulli(0.5);
  });
}

void SaliencyPairTest::equalsBruteForce() {
  QFETCH(Make, make);
  Random random(7);
  int found = 0;
  for (const std::size_t count : {2U, 3U, 5U, 33U, 64U, 65U, 200U, 500U}) {
    for (int repeat = 0; repeat < (count < 100 ? 20 : 3); ++repeat) {
      Maps maps(count);
      make(maps, random);
      for (const int sign : {1, -1}) {
        const auto expected = brute(maps, sign);
        found += expected.has_value();
        QVERIFY(same(fast(maps, sign), expected));
      }
    }
  }
  if (std::string(QTest::currentDataTag()).find("beta = alpha") == std::string::npos) QVERIFY(found > 0);
}

void SaliencyPairTest::floatMapsToo() {
  Random random(3);
  Maps maps(300);
  fill(maps, random, [](Random& r) { return std::pair(r.normal(), r.normal()); });
  for (std::size_t k = 0; k < maps.count(); ++k) {
    maps.alpha[k] = static_cast<float>(maps.alpha[k]);
    maps.beta[k] = static_cast<float>(maps.beta[k]);
  }
  QVERIFY(same(fast<float>(maps), brute(maps)));
}

void SaliencyPairTest::nothingQualifies() {
  QVERIFY(!fast(Maps(0)));
  QVERIFY(!fast(Maps(50)));  // all zero
  Maps one(1);
  one.alpha = {1};
  one.beta = {-1};
  QVERIFY(!fast(one));
  Maps wrong(2);
  wrong.alpha = {1, 2};
  wrong.beta = {1, 2};
  QVERIFY(!fast(wrong));
}

void SaliencyPairTest::closedComponentsAreNeverChosen() {
  Random random(5);
  Maps maps(100);
  fill(maps, random, [](Random& r) { return std::pair(r.normal(), r.normal()); });
  double before = std::numeric_limits<double>::infinity();
  int steps = 0;
  while (const auto pair = fast(maps)) {
    QVERIFY(maps.open[static_cast<std::size_t>(pair->first)] && maps.open[static_cast<std::size_t>(pair->second)]);
    QVERIFY(pair->score <= before);
    before = pair->score;
    maps.open[static_cast<std::size_t>(pair->first)] = maps.open[static_cast<std::size_t>(pair->second)] = 0;
    ++steps;
  }
  QVERIFY(steps > 5);
}

void SaliencyPairTest::tiesGoToTheFirst() {
  Maps maps(100);
  std::fill(maps.alpha.begin(), maps.alpha.end(), 0.5);
  std::fill(maps.beta.begin(), maps.beta.end(), -0.5);
  maps.open[0] = 0;
  const auto pair = fast(maps);
  QVERIFY(pair);
  QCOMPARE(pair->first, 1);
  QCOMPARE(pair->second, 2);
}

void SaliencyPairTest::largeAdversarialMapsAreStillExact() {
  // 3x84x84 components, none of which exceeds another: the best pair is found by bounds, in memory of O(P).
  const std::size_t count = 21168;
  Maps maps(count);
  std::vector<std::size_t> places(count);
  std::iota(places.begin(), places.end(), 0U);
  Random random(11);
  random.shuffle(places);
  for (std::size_t k = 0; k < count; ++k) {
    const double t = 1.5707963267948966 * (static_cast<double>(k) + 0.5) / static_cast<double>(count);
    maps.alpha[places[k]] = std::cos(t);
    maps.beta[places[k]] = -std::sin(t);
  }
  // On a circle the two in the middle win.
  const auto round = fast(maps);
  QVERIFY(round);
  const std::pair<std::size_t, std::size_t> middle(places[count / 2 - 1], places[count / 2]);
  QCOMPARE(static_cast<std::size_t>(round->first), middle.first);
  QCOMPARE(static_cast<std::size_t>(round->second), middle.second);
  // On the line alpha − beta = 1 every pair whose gains sum to 1 is equally good: the outermost is first.
  for (std::size_t k = 0; k < count; ++k) {
    maps.alpha[places[k]] = static_cast<double>(k) / static_cast<double>(count - 1);
    maps.beta[places[k]] = maps.alpha[places[k]] - 1;
  }
  const auto line = fast(maps);
  QVERIFY(line);
  QVERIFY(std::abs(line->score - 1) < 1e-12);
  QVERIFY(same(line, brute(maps)));
}

QTEST_APPLESS_MAIN(SaliencyPairTest)
#include "saliency_pair_test.moc"
