// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>
#include <set>

#include "tests/core/image/perturbed.h"

using namespace whorl;
using namespace whorl::test;

class GeometryTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void cropKnownAnswers() {
    const Image image = waves({1, 20, 20});
    QVERIFY(perturbed("crop", image, {{"offset", std::int64_t{0}}}) == image);
    Image framed = plain({1, 20, 20}, 0);
    for (int y = 4; y < 16; ++y) {
      for (int x = 4; x < 16; ++x) framed.pixels[std::size_t(y) * 20 + x] = 1;
    }
    // The dark frame is exactly what is cut off.
    QVERIFY(perturbed("crop", framed, {{"offset", std::int64_t{4}}}) == plain({1, 20, 20}, 1));
    const std::string said = refusal([&] { perturbed("crop", image, {{"offset", std::int64_t{10}}}); });
    QVERIFY2(said.starts_with("usage:") && said.find("at most 9") != std::string::npos, said.c_str());
  }

  void cropsElsewhere() {
    Image corner = plain({1, 16, 16}, 0);
    for (int y = 0; y < 8; ++y) {
      for (int x = 8; x < 16; ++x) corner.pixels[std::size_t(y) * 16 + x] = 1;
    }
    const Parameters upperRight = {
        {"offset", std::int64_t{4}}, {"place", std::string("offset")}, {"x", std::int64_t{8}}, {"y", std::int64_t{0}}};
    QVERIFY(perturbed("crop", corner, upperRight) == plain({1, 16, 16}, 1));
    Parameters outside = upperRight;
    outside.set("x", std::int64_t{9});
    QVERIFY(refusal([&] { perturbed("crop", corner, outside); }).find("at most 8") != std::string::npos);
    // Random windows are not all the same, and all are windows: of a slope each shows a part.
    Image slope = plain({1, 16, 16}, 0);
    for (std::size_t i = 0; i < 256; ++i) slope.pixels[i] = static_cast<float>(i % 16) / 15;
    std::set<float> seen;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const Parameters random = {{"offset", std::int64_t{2}}, {"place", std::string("random")}};
      seen.insert(perturbed("crop", slope, random, seed).pixels.front());
    }
    QCOMPARE(seen.size(), std::size_t{5});  // windows begin at columns 0 to 4
  }

  void rescaleKnownAnswers() {
    const Image image = waves({1, 16, 16});
    QVERIFY(perturbed("rescale", image, {{"factor", 1.0}}) == image);
    // To one pixel and back: the mean everywhere.
    QVERIFY(largestDifference(perturbed("rescale", image, {{"factor", 16.0}}),
                              plain({1, 16, 16}, static_cast<float>(mean(image)))) < 1e-5);
    const Image board = perturbed("rescale", dot(4, 4, 0, 0),
                                  {{"factor", 2.0}, {"down", std::string("nearest")}, {"up", std::string("nearest")}});
    QVERIFY(board.pixels == std::vector<float>({1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  }

  void thumbnailsHaveAnArea() {
    const Image image = waves({3, 32, 32});
    QVERIFY(perturbed("thumbnail", image, {{"area", std::int64_t{1024}}}) == image);
    QVERIFY(perturbed("thumbnail", image, {{"area", std::int64_t{256}}}) ==
            perturbed("rescale", image, {{"factor", 2.0}}));
    const Image grey = waves({1, 8, 32});
    QVERIFY(largestDifference(perturbed("thumbnail", grey, {{"area", std::int64_t{1}}}),
                              perturbed("rescale", grey, {{"factor", 16.0}})) < 1);
  }

  void quarterTurns() {
    const Image image = waves({3, 9, 9});
    const Image turned = perturbed("rotate", image, {{"angle", 90.0}});
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < 9; ++y) {
        // Counter-clockwise: the right column becomes the upper row.
        for (int x = 0; x < 9; ++x) QVERIFY(std::abs(turned.at(c, y, x) - image.at(c, x, 8 - y)) < 1e-5);
      }
    }
    QVERIFY(perturbed("rotate", image, {{"angle", 0.0}}) == image);
    QVERIFY(largestDifference(perturbed("rotate", perturbed("rotate", image, {{"angle", 180.0}}), {{"angle", -180.0}}),
                              image) < 1e-5);
  }

  void shiftsByPartsOfPixels() {
    const Image point = dot(5, 5, 2, 2);
    const Image moved = perturbed("shift", point, {{"x", 0.25}, {"y", 1.0}});
    QCOMPARE(moved.at(0, 3, 2), 0.75f);
    QCOMPARE(moved.at(0, 3, 3), 0.25f);
    QVERIFY(std::abs(mean(moved) * 25 - 1) < 1e-6);
    const Image white = plain({1, 4, 4}, 1);
    const Image gone = perturbed("shift", white, {{"x", 2.0}, {"y", 0.0}, {"border", std::string("black")}});
    QVERIFY(std::abs(mean(gone) - 0.5) < 1e-6);
    for (const char* border : {"reflect", "edge"}) {
      QVERIFY(perturbed("shift", white, {{"x", 4000.0}, {"border", std::string(border)}}) == white);
    }
  }

  void shearMovesRowsApart() {
    Image column = plain({1, 7, 7}, 0);
    for (int y = 0; y < 7; ++y) column.pixels[std::size_t(y) * 7 + 3] = 1;
    const Image slanted = perturbed("shear", column, {{"x", 1.0}, {"border", std::string("black")}});
    // One row further down is read one column further right: the line leans to the upper right.
    for (int y = 0; y < 7; ++y) QCOMPARE(slanted.at(0, y, 6 - y), 1.0f);
  }

  void perspectiveStaysInside() {
    const Image image = waves({1, 24, 31});
    QVERIFY(perturbed("perspective", image, {{"strength", 0.0}}) == image);
    // Corners go inwards: of a white picture nothing else can be seen, whatever lies beyond the border.
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const Image seen =
          perturbed("perspective", plain({1, 24, 31}, 1), {{"strength", 0.4}, {"border", std::string("black")}}, seed);
      QVERIFY(largestDifference(seen, plain({1, 24, 31}, 1)) < 1e-5);
    }
  }

  void flips() {
    const Image image = waves({3, 6, 5});
    for (const char* axis : {"horizontal", "vertical", "both"}) {
      const Parameters parameters = {{"axis", std::string(axis)}};
      QVERIFY(perturbed("flip", perturbed("flip", image, parameters), parameters) == image);
    }
    QCOMPARE(perturbed("flip", image, {}).at(1, 2, 0), image.at(1, 2, 4));
    QCOMPARE(perturbed("flip", image, {{"axis", std::string("vertical")}}).at(1, 0, 3), image.at(1, 5, 3));
  }
};

QTEST_APPLESS_MAIN(GeometryTest)
#include "geometry_test.moc"
