// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/surface_picture.h"

#include <cmath>
#include <limits>

#include <QTest>

#include "core/landscape/plot_frame.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using test::kindOf;

namespace {

/// 21 x 21 points over [-1, 1]²: a bowl, and two classes with the border x = 0.05.
Surface plane() {
  Surface surface;
  for (int i = -10; i <= 10; ++i) surface.x.push_back(i / 10.0);
  surface.y = surface.x;
  surface.layers = {{"fingerprint_distance", {}}, {"predicted", {}}, {"margin", {}}};
  for (const double y : surface.y) {
    for (const double x : surface.x) {
      surface.layers[0].values.push_back(x * x + y * y);
      surface.layers[1].values.push_back(x > 0.05 ? 1 : 0);
      surface.layers[2].values.push_back(x - 0.05);
    }
  }
  return surface;
}

SurfaceNotes notes() {
  SurfaceNotes notes;
  notes.title = "mnist, image 7";
  notes.across = "gradient-sign";
  notes.upwards = "rademacher";
  notes.classNames = {"cat", "dog"};
  notes.label = 0;
  notes.threshold = 0.25;
  notes.path = "pgd";
  notes.places = {{0, 0}, {0.5, 0.5}, {3, 0.5}};
  return notes;
}

template <class Item>
std::vector<const Item*> all(const Drawing& drawing) {
  std::vector<const Item*> found;
  for (const DrawnItem& item : drawing.items) {
    if (const auto* each = std::get_if<Item>(&item)) found.push_back(each);
  }
  return found;
}

QStringList textsOf(const Drawing& drawing) {
  QStringList texts;
  for (const auto* text : all<DrawnText>(drawing)) texts << QString::fromStdString(text->text);
  return texts;
}

/// The strokes of a colour; null where there are none.
const DrawnLines* strokes(const Drawing& drawing, const DrawnColour& colour) {
  for (const auto* lines : all<DrawnLines>(drawing)) {
    const DrawnColour& own = lines->colour;
    const bool same = own.red == colour.red && own.green == colour.green && own.blue == colour.blue;
    if (same && own.opacity == 1 && lines->width > 1) return lines;
  }
  return nullptr;
}

}  // namespace

class SurfacePictureTest : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void cellsStandUpright();
  void bordersAndRegionsAreWhereTheValuesSay();
  void pathsAreCutAtTheEdge();
  void withoutNotesThereIsAPictureToo();
  void noNumberStaysWhite();
  void curvesShareAPanelByName();
  void curvesGoThroughTheirValues();
  void ballsAreBands();
  void nothingIsRefused();
};

void SurfacePictureTest::cellsStandUpright() {
  Surface surface = plane();
  for (std::size_t i = 0; i < surface.layers[0].values.size(); ++i) {
    surface.layers[0].values[i] = surface.y[i / surface.x.size()];
  }
  const Drawing drawing = surfacePicture(surface, notes());
  const DrawnCells& cells = *all<DrawnCells>(drawing).front();
  QCOMPARE(cells.columns, 21);
  QCOMPARE(cells.colours.size(), std::size_t{21 * 21});
  QCOMPARE(cells.colours.front(), 255);  // the largest y is above
  QCOMPARE(cells.colours.back(), 0);
  const QStringList texts = textsOf(drawing);
  for (const char* text : {"mnist, image 7", "gradient-sign", "rademacher", "fingerprint_distance", "cat", "dog"}) {
    QVERIFY2(texts.contains(QString(text)), text);
  }
}

void SurfacePictureTest::bordersAndRegionsAreWhereTheValuesSay() {
  const Drawing drawing = surfacePicture(plane(), notes());
  const DrawnCells& cells = *all<DrawnCells>(drawing).front();
  const PlotFrame frame(cells.corner, cells.width, cells.height, {-1.05, 1.05}, {-1.05, 1.05});
  const DrawnLines* accepted = strokes(drawing, {0xFF, 0x9E, 0xDB});
  QVERIFY(accepted && accepted->dashed);
  const DrawnPoint middle = frame.at(0, 0);
  for (const DrawnPoint& point : accepted->lines.front()) {  // the circle of radius 0.5
    const double radius = std::hypot(point.x - middle.x, point.y - middle.y) / (cells.width / 2) * 1.05;
    QVERIFY(std::abs(radius - 0.5) < 0.01);
  }
  const DrawnLines* borders = strokes(drawing, {255, 255, 255});
  QVERIFY(borders);
  QCOMPARE(borders->lines.size(), std::size_t{2});  // one, and its sample in the legend
  for (const DrawnPoint& point : borders->lines.front()) QVERIFY(std::abs(point.x - frame.at(0.05, 0).x) < 1e-6);
  // It is the edge between two cells of different classes: 11 of 21 columns lie to its left.
  QVERIFY(std::abs(borders->lines.front().front().x - (cells.corner.x + cells.width * 11 / 21)) < 1e-6);
}

void SurfacePictureTest::pathsAreCutAtTheEdge() {
  const Drawing drawing = surfacePicture(plane(), notes());
  const DrawnCells& cells = *all<DrawnCells>(drawing).front();
  const DrawnLines* path = strokes(drawing, {0xFF, 0x8A, 0x4C});
  QVERIFY(path);
  const auto& line = path->lines.front();
  QCOMPARE(line.size(), std::size_t{3});
  QVERIFY(std::abs(line.back().x - (cells.corner.x + cells.width)) < 1e-9);
  const PlotFrame frame(cells.corner, cells.width, cells.height, {-1.05, 1.05}, {-1.05, 1.05});
  QVERIFY(std::abs(line.back().y - frame.at(0, 0.5).y) < 1e-9);
  // Out, along the outside, and in again: two parts.
  const auto parts = frame.inside({{0, 0}, {0, 2}, {0.5, 2}, {0.5, 0}});
  QCOMPARE(parts.size(), std::size_t{2});
  QVERIFY(frame.inside({{2, 2}, {3, 3}}).empty());
  QVERIFY(frame.inside({{0, std::numeric_limits<double>::quiet_NaN()}, {0, 0}}).empty());
}

void SurfacePictureTest::withoutNotesThereIsAPictureToo() {
  Surface surface = plane();
  surface.layers.resize(1);
  const Drawing drawing = surfacePicture(surface, {});
  QVERIFY(!strokes(drawing, {0xFF, 0x9E, 0xDB}));
  QVERIFY(!strokes(drawing, {0xFF, 0x8A, 0x4C}));
  QVERIFY(drawing.width > 500 && drawing.height > 500);
  surface.layers[0].values.assign(surface.pointCount(), 3);  // one value everywhere
  QCOMPARE(all<DrawnCells>(surfacePicture(surface, {})).front()->colours.front(), 0);
}

void SurfacePictureTest::noNumberStaysWhite() {
  Surface surface = plane();
  surface.layers[0].values[0] = std::numeric_limits<double>::quiet_NaN();
  surface.layers[0].values[1] = std::numeric_limits<double>::infinity();
  const Drawing drawing = surfacePicture(surface, notes());
  const std::vector<int>& colours = all<DrawnCells>(drawing).front()->colours;
  QCOMPARE(colours[20 * 21], -1);
  QCOMPARE(colours[20 * 21 + 1], -1);
  QCOMPARE(std::count(colours.begin(), colours.end(), -1), 2);
  QVERIFY(std::count(colours.begin(), colours.end(), 255) > 0);
}

void SurfacePictureTest::curvesShareAPanelByName() {
  Surface line{{0, 1, 2}, {0}, {}, 0};
  for (const char* name : {"margin", "distances_0", "distances_1", "top_5", "accepted"}) {
    line.layers.push_back({name, {1, 2, 3}});
  }
  const auto groups = curveGroups(line);
  QCOMPARE(groups.size(), std::size_t{4});
  QCOMPARE(groups[1].name, std::string("distances"));
  QCOMPARE(groups[1].layers.size(), std::size_t{2});
  QVERIFY(!groups[1].ball);
}

void SurfacePictureTest::curvesGoThroughTheirValues() {
  const Surface line{{0, 1, 2}, {0}, {{"margin", {-1, 4, 1}}, {"confidence", {0, 0.5, 1}}}, 0};
  SurfaceNotes notes;
  notes.across = "image 12";
  const Drawing drawing = surfacePicture(line, notes);
  std::vector<const DrawnLines*> curves;
  for (const auto* lines : all<DrawnLines>(drawing)) {
    if (lines->width == 1.6) curves.push_back(lines);
  }
  QCOMPARE(curves.size(), std::size_t{2});
  const auto& first = curves[0]->lines.front();
  QCOMPARE(first.size(), std::size_t{3});
  // Lengths above each other are as the values are: 5 up, 3 down.
  QVERIFY(std::abs((first[0].y - first[1].y) / (first[2].y - first[1].y) - 5.0 / 3) < 1e-9);
  QVERIFY(curves[1]->lines.front()[0].y > first[0].y);  // the second panel is below
  QCOMPARE(textsOf(drawing).count("image 12"), 1);
}

void SurfacePictureTest::ballsAreBands() {
  Surface ball{{0, 1}, {0}, {}, 0};
  double value = 0;
  for (const char* name : {"_mean", "_min", "_q05", "_q25", "_median", "_q75", "_q95", "_max"}) {
    ball.layers.push_back({std::string("margin") + name, {0, value += 1}});
  }
  ball.layers.push_back({"predicted_same", {1, 0.5}});
  const auto groups = curveGroups(ball);
  QCOMPARE(groups.size(), std::size_t{2});
  QVERIFY(groups[0].ball && groups[0].name == "margin");
  const Drawing drawing = surfacePicture(ball, {});
  QCOMPARE(all<DrawnArea>(drawing).size(), std::size_t{3});
  for (const char* text : {"median", "mean", "5 to 95 %"}) QVERIFY2(textsOf(drawing).contains(text), text);
  ball.layers.erase(ball.layers.begin());  // without its mean it is no ball's
  QVERIFY(!curveGroups(ball)[0].ball);
}

void SurfacePictureTest::nothingIsRefused() {
  QCOMPARE(kindOf([] { surfacePicture(Surface{}, {}); }), ErrorKind::Usage);
}

QTEST_GUILESS_MAIN(SurfacePictureTest)
#include "surface_picture_test.moc"
