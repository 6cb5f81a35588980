// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/types.h>

#include "core/base/error.h"
#include "core/retrieval/neighbour_search.h"

using namespace whorl;
using torch::Tensor;

class NeighbourSearchTest : public QObject {
  Q_OBJECT

  static Tensor random(std::int64_t count, std::int64_t dimension, std::uint64_t seed) {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    return torch::randn({count, dimension}, generator, torch::kFloat32);
  }

  /// By the definition, in double.
  static std::vector<Neighbour> slow(const Tensor& rows, const Tensor& query, std::int64_t top, FeatureDistance kind) {
    const Tensor distances = rowDistances(query.expand_as(rows), rows, kind);
    std::vector<Neighbour> all;
    for (std::int64_t i = 0; i < rows.size(0); ++i) all.push_back({i, distances[i].item<double>()});
    std::stable_sort(all.begin(), all.end(),
                     [](const Neighbour& a, const Neighbour& b) { return a.distance < b.distance; });
    all.resize(static_cast<std::size_t>(std::min(top, rows.size(0))));
    return all;
  }

  static void compare(const Tensor& rows, const Tensor& queries, std::int64_t top) {
    const NeighbourSearch search(rows);
    for (const auto kind : {FeatureDistance::SquaredL2, FeatureDistance::Cosine}) {
      const auto found = search.nearest(queries, top, kind);
      QCOMPARE(std::ssize(found), queries.size(0));
      for (std::int64_t q = 0; q < queries.size(0); ++q) {
        QVERIFY(found[static_cast<std::size_t>(q)] == slow(rows, queries[q].unsqueeze(0), top, kind));
      }
    }
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
  void knownAnswers() {
    const Tensor rows = torch::tensor({{0.0F, 0.0F}, {3.0F, 4.0F}, {1.0F, 0.0F}, {0.0F, 2.0F}});
    const NeighbourSearch search(rows);
    const auto l2 = search.nearest(torch::tensor({{0.0F, 1.0F}}), 3, FeatureDistance::SquaredL2);
    QVERIFY(l2[0] == (std::vector<Neighbour>{{0, 1}, {3, 1}, {2, 2}}));  // of equals the earlier first
    const auto cosine = search.nearest(torch::tensor({{0.0F, 5.0F}}), 4, FeatureDistance::Cosine);
    QCOMPARE(cosine[0][0].row, std::int64_t{3});
    QVERIFY(std::abs(cosine[0][1].distance - 0.2) < 1e-12 && cosine[0][1].row == 1);
    QCOMPARE(cosine[0][2], (Neighbour{0, 1}));  // nothing is known of a row of zeros
    QCOMPARE(cosine[0][3], (Neighbour{2, 1}));
  }

  void agreesWithTheLoop_data() {
    QTest::addColumn<int>("count");
    QTest::addColumn<int>("dimension");
    QTest::addColumn<int>("top");
    QTest::newRow("a block and a bit") << 1100 << 16 << 7;
    QTest::newRow("many blocks") << 5000 << 33 << 50;
    QTest::newRow("one row") << 1 << 8 << 5;
    QTest::newRow("all of them") << 300 << 4 << 1000;
    QTest::newRow("one number") << 2000 << 1 << 3;
  }
  void agreesWithTheLoop() {
    QFETCH(const int, count);
    QFETCH(const int, dimension);
    QFETCH(const int, top);
    compare(random(count, dimension, 1), random(5, dimension, 2), top);
  }

  void nearDuplicatesFarFromTheOriginKeepTheirOrder() {
    // ‖a‖² + ‖b‖² − 2⟨a,b⟩ in float32 says nothing here: rows differ by 1e-3 at a length of 1e4.
    const Tensor rows = random(3000, 16, 3) * 1e-3 + 2500;
    compare(rows, rows.narrow(0, 100, 4) + random(4, 16, 4) * 1e-3, 10);
  }

  void manyEqualRows() {
    compare(torch::ones({4000, 8}), torch::ones({2, 8}), 5);
    compare(torch::zeros({4000, 8}), torch::zeros({1, 8}), 5);
  }

  void threadsAndBatchesChangeNothing() {
    const Tensor rows = random(9000, 24, 5);
    const Tensor queries = random(130, 24, 6);
    const NeighbourSearch search(rows);
    const int before = at::get_num_threads();
    at::set_num_threads(1);
    const auto one = search.nearest(queries, 9, FeatureDistance::SquaredL2);
    at::set_num_threads(3);
    const auto three = search.nearest(queries, 9, FeatureDistance::SquaredL2);
    at::set_num_threads(before);
    QVERIFY(one == three);
    QVERIFY(one[77] == search.nearest(queries.narrow(0, 77, 1), 9, FeatureDistance::SquaredL2)[0]);
  }

  void nonsenseIsRefused() {
    const NeighbourSearch search(random(10, 4, 7));
    QCOMPARE(kindOf([&] { search.nearest(random(1, 5, 1), 1, FeatureDistance::Cosine); }), ErrorKind::Usage);
    QCOMPARE(kindOf([&] { search.nearest(random(1, 4, 1), 0, FeatureDistance::Cosine); }), ErrorKind::Usage);
    QCOMPARE(kindOf([] { NeighbourSearch(torch::full({2, 2}, std::nan(""), torch::kFloat32)); }), ErrorKind::BadInput);
    QCOMPARE(kindOf([] { NeighbourSearch(torch::full({2, 2}, 1e30, torch::kFloat32)); }), ErrorKind::BadInput);
    QCOMPARE(kindOf([] { parseFeatureDistance("l3"); }), ErrorKind::Usage);
    QVERIFY(NeighbourSearch(torch::empty({0, 4})).nearest(random(1, 4, 1), 3, FeatureDistance::Cosine)[0].empty());
  }
};

QTEST_APPLESS_MAIN(NeighbourSearchTest)
#include "neighbour_search_test.moc"
