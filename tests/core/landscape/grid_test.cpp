// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <QTest>

#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

class GridTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void coordinatesAreEvenAndSymmetric_data();
  void coordinatesAreEvenAndSymmetric();
  void levelsAreNested_data() { coordinatesAreEvenAndSymmetric_data(); }
  void levelsAreNested();
  void levelsOfTheLargestGrid();
  void aLineHasOneRow();
  void nonsenseIsRefused();
};

void GridTest::coordinatesAreEvenAndSymmetric_data() {
  QTest::addColumn<int>("resolution");
  for (const int resolution : {2, 3, 8, 9, 10, 33, 34, 50, 51, 129, 130, 500, 513}) {
    QTest::addRow("%d", resolution) << resolution;
  }
}

void GridTest::coordinatesAreEvenAndSymmetric() {
  QFETCH(int, resolution);
  const Grid grid(2, 0.3, resolution);
  QCOMPARE(grid.coordinate(0), -0.3);
  QCOMPARE(grid.coordinate(resolution - 1), 0.3);
  for (int i = 0; i < resolution; ++i) {
    QVERIFY(grid.coordinate(i) == -grid.coordinate(resolution - 1 - i));
    if (i > 0) {
      QVERIFY(std::abs(grid.coordinate(i) - grid.coordinate(i - 1) - 0.6 / (resolution - 1)) < 1e-15);
    }
  }
  if (resolution % 2 == 1) QVERIFY(grid.coordinate(resolution / 2) == 0);
}

void GridTest::levelsAreNested() {
  QFETCH(int, resolution);
  const Grid grid(1, 1, resolution);
  const auto& levels = grid.levels();
  QVERIFY(!levels.empty());
  QCOMPARE(static_cast<int>(levels.back().size()), resolution);
  for (std::size_t k = 0; k < levels.size(); ++k) {
    const std::vector<int>& level = levels[k];
    QCOMPARE(level.front(), 0);
    QCOMPARE(level.back(), resolution - 1);
    QVERIFY(std::adjacent_find(level.begin(), level.end(), std::greater_equal<>()) == level.end());
    if (k > 0) {
      QVERIFY(level.size() > levels[k - 1].size());
      QVERIFY(std::includes(level.begin(), level.end(), levels[k - 1].begin(), levels[k - 1].end()));
    }
    if (resolution % 2 == 1) QVERIFY(std::binary_search(level.begin(), level.end(), resolution / 2));
    // As even as whole numbers can be.
    int least = resolution, most = 0;
    for (std::size_t i = 1; i < level.size(); ++i) {
      least = std::min(least, level[i] - level[i - 1]);
      most = std::max(most, level[i] - level[i - 1]);
    }
    QVERIFY(most - least <= 1);
  }
}

void GridTest::levelsOfTheLargestGrid() {
  std::vector<std::size_t> sizes;
  const Grid grid(2, 1, 513);
  for (const auto& level : grid.levels()) sizes.push_back(level.size());
  QCOMPARE(sizes, (std::vector<std::size_t>{9, 33, 129, 513}));
}

void GridTest::aLineHasOneRow() {
  QCOMPARE(Grid(1, 1, 40).rows(), 1);
  QCOMPARE(Grid(1, 1, 40).pointCount(), std::int64_t{40});
  QCOMPARE(Grid(2, 1, 40).pointCount(), std::int64_t{1600});
}

void GridTest::nonsenseIsRefused() {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double range : {0.0, -1.0, infinity, std::nan("")}) {
    QCOMPARE(kindOf([&] { Grid(2, range, 9); }), ErrorKind::Usage);
  }
  for (const int resolution : {-5, 0, 1, 514}) {
    QCOMPARE(kindOf([&] { Grid(2, 1, resolution); }), ErrorKind::Usage);
  }
  for (const int dimensions : {0, 3}) QCOMPARE(kindOf([&] { Grid(dimensions, 1, 9); }), ErrorKind::Usage);
}

QTEST_APPLESS_MAIN(GridTest)
#include "grid_test.moc"
