// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/colour_map.h"

#include <cmath>

#include <QTest>

using namespace whorl;

class ColourMapTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void viridisIsThatOfMatplotlib();
  void viridisGetsLighterAllTheWay();
};

void ColourMapTest::viridisIsThatOfMatplotlib() {
  // Its first, middle and last colours, as published: 68 1 84, 33 145 140 and 253 231 37 (of 255).
  const struct {
    std::size_t index;
    int rgb[3];
  } known[] = {{0, {68, 1, 84}}, {128, {33, 145, 140}}, {255, {253, 231, 37}}};
  for (const auto& each : known) {
    for (std::size_t c = 0; c < 3; ++c) {
      // OpenCV interpolates its own table: a step or two beside the published numbers.
      QVERIFY(std::abs(viridis()[each.index][c] * 255 - static_cast<float>(each.rgb[c])) <= 2.5F);
    }
  }
}

void ColourMapTest::viridisGetsLighterAllTheWay() {
  const auto lightness = [](const std::array<float, 3>& rgb) {
    return .2126F * rgb[0] + .7152F * rgb[1] + .0722F * rgb[2];
  };
  for (std::size_t i = 4; i < 256; ++i) QVERIFY(lightness(viridis()[i]) > lightness(viridis()[i - 4]));
}

QTEST_APPLESS_MAIN(ColourMapTest)
#include "colour_map_test.moc"
