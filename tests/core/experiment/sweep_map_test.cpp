// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/sweep_map.h"

#include <QtTest>

using namespace whorl;

namespace {

RecipeCell cell(double count, double epsilon) {
  RecipeCell one;
  one.detectorFamily = "NFP";
  one.detector = "NFP " + std::to_string(count) + " " + std::to_string(epsilon);
  one.attack = "FGSM";
  one.variant = {{"epsilon", epsilon}, {"fingerprints", count}, {"seed", 7}};
  return one;
}

}  // namespace

class SweepMapTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void cellsLieWhereTheirParametersAre() {
    RecipeResult result;
    result.cells = {cell(10, 0.1), cell(5, 0.05), cell(5, 0.1)};  // (10, 0.05) isn't there
    RecipeCell other = cell(5, 0.05);
    other.attack = "BIM";
    result.cells.push_back(other);
    RecipeCell plain;
    plain.detectorFamily = "NFP";
    plain.attack = "FGSM";
    result.cells.push_back(plain);  // of no sweep
    const auto cells = sweptCells(result, "NFP", "FGSM");
    QCOMPARE(cells.size(), std::size_t{3});
    const auto map = sweepMap(cells);
    QVERIFY(map);
    QCOMPARE(map->xName, std::string("epsilon"));
    QCOMPARE(map->yName, std::string("fingerprints"));
    QCOMPARE(map->x, (std::vector<double>{0.05, 0.1}));
    QCOMPARE(map->y, (std::vector<double>{5, 10}));
    const std::vector<const RecipeCell*> expected = {&result.cells[1], &result.cells[2], nullptr, &result.cells[0]};
    QCOMPARE(map->cells, expected);
  }

  void twoParametersMustDiffer() {
    const RecipeCell a = cell(5, 0.05), b = cell(10, 0.05);
    QVERIFY(!sweepMap({&a, &b}));  // one alone
    QVERIFY(!sweepMap({}));
    RecipeCell c = cell(10, 0.1);
    c.variant["seed"] = 8;
    QVERIFY(!sweepMap({&a, &b, &c}));  // three
    const RecipeCell d = cell(5, 0.1), twin = cell(5, 0.1);
    QVERIFY(sweepMap({&a, &b, &d}));
    QVERIFY(!sweepMap({&a, &b, &d, &twin}));  // in something that is no number, besides
  }

  void coloursAscend() {
    QCOMPARE(sweepColour(0), (std::array{68, 1, 84}));
    QCOMPARE(sweepColour(1), (std::array{253, 231, 37}));
    QCOMPARE(sweepColour(0.5), (std::array{33, 145, 140}));
    QCOMPARE(sweepColour(-3), sweepColour(0));
    QCOMPARE(sweepColour(1.5), sweepColour(1));
  }
};

QTEST_APPLESS_MAIN(SweepMapTest)
#include "sweep_map_test.moc"
