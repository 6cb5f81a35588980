// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/contour.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include <QTest>

using namespace whorl;

/// Contours of functions whose level sets are known.
class ContourTest : public QObject {
  Q_OBJECT

  /// `side` points an axis from -1 to 1.
  static Surface square(int side) {
    Surface surface;
    for (int i = 0; i < side; ++i) surface.x.push_back(-1 + 2.0 * i / (side - 1));
    surface.y = surface.x;
    return surface;
  }
  static std::vector<double> sampled(const Surface& surface, const std::function<double(double, double)>& field) {
    std::vector<double> values;
    for (const double y : surface.y) {
      for (const double x : surface.x) values.push_back(field(x, y));
    }
    return values;
  }
  static double lengthOf(const ContourLine& line) {
    double length = 0;
    for (std::size_t i = 1; i < line.size(); ++i) {
      length += std::hypot(line[i].x - line[i - 1].x, line[i].y - line[i - 1].y);
    }
    return length;
  }

 private Q_SLOTS:
  void aLinearFieldGivesItsExactLine();
  void aCircleIsOneClosedLine();
  void saddlesAreDecidedByTheirMiddle();
  void gapsAreLeftOut();
  void severalLevelsAreEachOnItsOwn();
  void levelsAreRoundAndInside();
  void bordersLieBetweenClasses();
  void aClassCanBeLeftOut();
  void namesStandDeepInTheirRegions();
  void lowResolutionsDoNoHarm();
};

void ContourTest::aLinearFieldGivesItsExactLine() {
  const Surface surface = square(8);
  const auto lines = contourLines(surface, sampled(surface, [](double x, double y) { return 2 * x + y; }), 0.3);
  QCOMPARE(lines.size(), std::size_t{1});
  for (const ContourPoint& point : lines[0]) QVERIFY(std::abs(2 * point.x + point.y - 0.3) < 1e-12);
  // From the lower edge to the upper one: x = 0.65 at y = -1, x = -0.35 at y = 1.
  QVERIFY(std::abs(lengthOf(lines[0]) - std::sqrt(5.0)) < 1e-12);
}

void ContourTest::aCircleIsOneClosedLine() {
  const Surface surface = square(201);
  const auto lines = contourLines(surface, sampled(surface, [](double x, double y) { return x * x + y * y; }), 0.25);
  QCOMPARE(lines.size(), std::size_t{1});
  QCOMPARE(lines[0].front().x, lines[0].back().x);
  QCOMPARE(lines[0].front().y, lines[0].back().y);
  for (const ContourPoint& point : lines[0]) QVERIFY(std::abs(std::hypot(point.x, point.y) - 0.5) < 1e-4);
  QVERIFY(std::abs(lengthOf(lines[0]) - std::numbers::pi) < 1e-3);
}

void ContourTest::saddlesAreDecidedByTheirMiddle() {
  Surface surface;
  surface.x = surface.y = {0, 1};
  // High at the lower left and the upper right.
  const auto crosses = [&](double high) {
    const auto lines = contourLines(surface, {high, 0, 0, high}, 1);
    if (lines.size() != 2) return -1.0;
    // Whether a line cuts the corner at (1, 0) off: then both its ends are near it.
    for (const ContourLine& line : lines) {
      const bool near = line.front().x + line.back().x > 1.0 && line.front().y + line.back().y < 1.0;
      if (near) return 1.0;
    }
    return 0.0;
  };
  QCOMPARE(crosses(3), 1.0);    // the middle, 1.5, is above: the high corners are joined
  QCOMPARE(crosses(1.5), 0.0);  // it is below: they are apart
}

void ContourTest::gapsAreLeftOut() {
  const Surface surface = square(9);
  auto field = sampled(surface, [](double x, double) { return x; });
  QCOMPARE(contourLines(surface, field, 0.1).size(), std::size_t{1});
  field[4 * 9 + 4] = std::numeric_limits<double>::quiet_NaN();
  const auto lines = contourLines(surface, field, 0.1);
  QCOMPARE(lines.size(), std::size_t{2});
  QVERIFY(std::abs(lengthOf(lines[0]) + lengthOf(lines[1]) - 1.5) < 1e-12);
}

void ContourTest::severalLevelsAreEachOnItsOwn() {
  const Surface surface = square(33);
  auto field = sampled(surface, [](double x, double y) { return std::sin(5 * x) * std::cos(4 * y) + 0.3 * x; });
  field[500] = std::numeric_limits<double>::quiet_NaN();
  // One below all, some within, one that a point lies on, one above all; the last two lie in the same cells.
  std::vector<double> levels = {-9, -0.5, -0.1, 0.2, field[100], 0.9, 0.901, 9};
  std::sort(levels.begin(), levels.end());
  const auto together = contourLines(surface, field, levels);
  QCOMPARE(together.size(), levels.size());
  QVERIFY(together.front().empty() && together.back().empty() && !together[4].empty());
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto alone = contourLines(surface, field, levels[i]);
    QCOMPARE(together[i].size(), alone.size());
    for (std::size_t j = 0; j < alone.size(); ++j) QCOMPARE(lengthOf(together[i][j]), lengthOf(alone[j]));
  }
  QVERIFY(contourLines(surface, field, std::vector<double>{}).empty());
}

void ContourTest::levelsAreRoundAndInside() {
  const auto levels = contourLevels(0.03, 1.02, 8);
  QCOMPARE(levels.size(), std::size_t{5});  // 0.2, 0.4, …: 0.1 apart would be ten of them
  QVERIFY(std::abs(levels[0] - 0.2) < 1e-12 && std::abs(levels[4] - 1.0) < 1e-12);
  QCOMPARE(contourLevels(-1, 1, 3), (std::vector<double>{-0.5, 0, 0.5}));
  QCOMPARE(contourLevels(0, 10, 9).front(), 1.0);
  QCOMPARE(contourLevels(0, 10, 9).size(), std::size_t{9});  // without the ends
  QVERIFY(contourLevels(2, 2, 5).empty());
  QVERIFY(contourLevels(1, std::nextafter(1.0, 2.0), 9).empty());  // a rounding apart
  QVERIFY(contourLevels(1 - 0x1p-51, 1, 9).empty());
  QVERIFY(!contourLevels(1e6, 1e6 + 1e-3, 9).empty());
  QVERIFY(contourLevels(0, std::numeric_limits<double>::quiet_NaN(), 5).empty());
  QVERIFY(contourLevels(0, std::numeric_limits<double>::infinity(), 5).empty());
}

void ContourTest::bordersLieBetweenClasses() {
  const Surface surface = square(11);
  const auto classes = sampled(surface, [](double x, double) { return x < -0.35 ? 7.0 : x < 0.45 ? 2.0 : 9.0; });
  const auto borders = classBorders(surface, classes);
  QCOMPARE(borders.size(), std::size_t{3});  // of 2 both, of 7 one; 9 has none of its own
  for (const ContourLine& border : borders) {
    for (const ContourPoint& point : border) {
      QVERIFY(std::abs(point.x + 0.3) < 1e-12 || std::abs(point.x - 0.5) < 1e-12);
    }
    QVERIFY(std::abs(lengthOf(border) - 2) < 1e-12);
  }
  QVERIFY(classBorders(surface, std::vector<double>(121, 4)).empty());
}

void ContourTest::aClassCanBeLeftOut() {
  const Surface surface = square(11);
  const auto classes = sampled(surface, [](double x, double y) { return x < 0.1 ? 0.0 : y < 0.1 ? 1.0 : 2.0; });
  const auto borders = classBorders(surface, classes, 0);
  QCOMPARE(borders.size(), std::size_t{1});
  for (const ContourPoint& point : borders[0]) QVERIFY(point.x >= 0.2 - 1e-12 && std::abs(point.y - 0.1) < 1e-12);
}

void ContourTest::namesStandDeepInTheirRegions() {
  const Surface surface = square(21);
  const auto classes =
      sampled(surface, [](double x, double y) { return std::max(std::abs(x - 0.3), std::abs(y)) < 0.45 ? 3.0 : 8.0; });
  const auto places = classPlaces(surface, classes);
  QCOMPARE(places.size(), std::size_t{2});
  QCOMPARE(places[0].number, 3);
  QVERIFY(std::abs(places[0].x - 0.3) < 1e-12 && std::abs(places[0].y) < 1e-12);
  QCOMPARE(places[0].depth, 5.0);  // nine points wide
  QCOMPARE(places[1].number, 8);
  QVERIFY(places[1].x < -0.2);
}

void ContourTest::lowResolutionsDoNoHarm() {
  Surface line;
  line.x = {-1, 0, 1};
  line.y = {0};
  QVERIFY(contourLines(line, {0, 1, 2}, 0.5).empty());
  QVERIFY(classBorders(line, {0, 1, 2}).empty());
  QCOMPARE(classPlaces(line, {0, 1, 2}).size(), std::size_t{3});
  QVERIFY(contourLines(square(2), {0, 0, 0, 0}, 0).empty());
}

QTEST_APPLESS_MAIN(ContourTest)
#include "contour_test.moc"
