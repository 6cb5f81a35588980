// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/picture.h"

#include <array>
#include <cmath>

#include <QTest>

#include "core/image/colour_map.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using whorl::test::kindOf;

namespace {

constexpr int kSide = 560, kMargin = 16, kCaption = 34;

std::array<float, 3> pixelOf(const Image& image, const PlanarField& field, const PlanarPoint& at, int left) {
  const int x = left + static_cast<int>((at.x - field.box.low.x) / field.box.side * (kSide - 1) + 0.5);
  const int y = kCaption + kSide - 1 - static_cast<int>((at.y - field.box.low.y) / field.box.side * (kSide - 1) + 0.5);
  return {image.at(0, y, x), image.at(1, y, x), image.at(2, y, x)};
}

/// Nothing is drawn over the field near a corner that no point and no arrow comes to.
bool close(const std::array<float, 3>& a, const std::array<float, 3>& b, float tolerance) {
  for (std::size_t c = 0; c < 3; ++c) {
    if (std::abs(a[c] - b[c]) > tolerance) return false;
  }
  return true;
}

}  // namespace

class PictureTest : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void figuresAreListed();
  void colouredAsTheFieldSays();
  void bandsAreColouredAsTheySay();
};

void PictureTest::figuresAreListed() {
  QCOMPARE(theoryFigures().size(), std::size_t{3});
  QCOMPARE(findTheoryFigure("linear").request.model, std::string("svm"));
  QCOMPARE(kindOf([] { findTheoryFigure("cubic"); }), ErrorKind::Usage);
}

void PictureTest::colouredAsTheFieldSays() {
  TheoryFigure figure = findTheoryFigure("nonlinear");
  figure.request.modelParameters = {{"epochs", std::int64_t{5}}};
  figure.request.resolution = 61;
  const TheoryResult result = runTheory(figure.request, {});
  const Image image = theoryPicture(figure, result);
  QCOMPARE(image.shape, (ImageShape{3, kSide + kMargin + kCaption, 2 * (kSide + kMargin) + kMargin}));
  double top = 0;
  for (const bool with : {false, true}) {
    for (const double score : result.side(with).field.scores) top = std::max(top, score);
  }
  for (const bool with : {false, true}) {
    const PlanarField& field = result.side(with).field;
    const double score = field.scores[field.index(2, 57)];  // top left, where the toy has nothing
    const auto& wanted = viridis()[static_cast<std::size_t>(score / top * 255 + 0.5)];
    const int left = kMargin + (with ? kSide + kMargin : 0);
    const auto found = pixelOf(image, field, field.at(2, 57), left);
    QVERIFY2(close(found, wanted, 0.05F),
             qPrintable(QStringLiteral("%1 %2 %3").arg(found[0]).arg(found[1]).arg(found[2])));
  }
}

void PictureTest::bandsAreColouredAsTheySay() {
  const TheoryFigure& figure = findTheoryFigure("linear");
  const TheoryResult result = runTheory(figure.request, {});
  const Image image = theoryPicture(figure, result);
  QCOMPARE(image.shape.width, kSide + 2 * kMargin);
  int inside = 0, outside = 0;
  const PlanarField& field = result.fingerprinted.field;
  // Along the lower edge, which neither points nor arrows come to.
  for (int column = 4; column < field.resolution - 4; ++column) {
    const PlanarPoint at = field.at(column, 3);
    const int side = result.line->predicted(at);
    const double distance = std::abs(result.line->distance(at));
    const Band& band = result.bands[static_cast<std::size_t>(side)];
    if (std::abs(distance - band.near) < 0.3 || std::abs(distance - band.far) < 0.3 || distance < 0.3) continue;
    const auto found = pixelOf(image, field, at, kMargin);
    const std::array<float, 3> grey{226 / 255.F, 226 / 255.F, 226 / 255.F};
    QCOMPARE(close(found, grey, 0.01F), !band.holds(distance));
    // Blue below, orange above the boundary.
    if (band.holds(distance)) QVERIFY(side == 0 ? found[2] > found[0] : found[0] > found[2]);
    ++(band.holds(distance) ? inside : outside);
  }
  QVERIFY(inside > 10 && outside > 10);
}

QTEST_APPLESS_MAIN(PictureTest)
#include "picture_test.moc"
