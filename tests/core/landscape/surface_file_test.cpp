// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/surface_file.h"

#include <cmath>
#include <cstring>
#include <sstream>

#include <QTemporaryDir>
#include <QTest>

#include "core/base/atomic_file.h"
#include "core/image/image_file.h"
#include "tests/core/landscape/error_kind.h"

using namespace whorl;
using test::kindOf;

namespace {

/// Three columns, two rows, two layers; numbers that need all their digits.
Surface sample() {
  Surface surface;
  surface.x = {-0.1, 0, 0.1};
  surface.y = {-1.0 / 3, 1.0 / 3};
  surface.layers = {{"cross_entropy", {0.1 + 0.2, 1e-17, 3, -4, 5, 6}}, {"predicted", {0, 1, 2, 3, 4, 5}}};
  return surface;
}

std::vector<std::string> words(const std::string& text, char separator) {
  std::vector<std::string> found;
  std::istringstream stream(text);
  for (std::string word; std::getline(stream, word, separator);) found.push_back(word);
  return found;
}

}  // namespace

class SurfaceFileTest : public QObject {
  Q_OBJECT

  QTemporaryDir m_folder;
  std::filesystem::path path(const char* name) const {
    return std::filesystem::path(m_folder.path().toStdString()) / name;
  }
  std::string written(const Surface& surface, const char* name) const {
    writeSurface(surface, path(name));
    return readFile(path(name), 1 << 24);
  }

 private Q_SLOTS:
  void csvReadsBackDigitForDigit();
  void vtkIsARectilinearGrid();
  void npyHoldsAllLayers();
  void npzIsAZipOfThem();
  void picturesAreThoseOfSurfacePicture();
  void nonsenseIsRefused();
};

void SurfaceFileTest::csvReadsBackDigitForDigit() {
  const Surface surface = sample();
  const auto lines = words(written(surface, "a.csv"), '\n');
  QCOMPARE(lines.size(), std::size_t{7});
  QCOMPARE(lines[0], std::string("x,y,cross_entropy,predicted"));
  for (std::size_t i = 0; i < 6; ++i) {
    const auto cells = words(lines[i + 1], ',');
    QCOMPARE(cells.size(), std::size_t{4});
    QCOMPARE(std::stod(cells[0]), surface.x[i % 3]);
    QCOMPARE(std::stod(cells[1]), surface.y[i / 3]);
    QVERIFY(std::stod(cells[2]) == surface.layers[0].values[i]);
    QVERIFY(std::stod(cells[3]) == surface.layers[1].values[i]);
  }
}

void SurfaceFileTest::vtkIsARectilinearGrid() {
  const auto lines = words(written(sample(), "a.vtk"), '\n');
  QCOMPARE(lines[0], std::string("# vtk DataFile Version 3.0"));
  QCOMPARE(lines[2], std::string("ASCII"));
  QCOMPARE(lines[3], std::string("DATASET RECTILINEAR_GRID"));
  QCOMPARE(lines[4], std::string("DIMENSIONS 3 2 1"));
  QCOMPARE(lines[5], std::string("X_COORDINATES 3 double"));
  QCOMPARE(lines[6], std::string("-0.1 0 0.1"));
  QCOMPARE(lines[7], std::string("Y_COORDINATES 2 double"));
  QCOMPARE(lines[9], std::string("Z_COORDINATES 1 double"));
  QCOMPARE(lines[11], std::string("POINT_DATA 6"));
  QCOMPARE(lines[12], std::string("SCALARS cross_entropy double 1"));
  QCOMPARE(lines[13], std::string("LOOKUP_TABLE default"));
  const auto numbers = words(lines[14], ' ');
  QCOMPARE(numbers.size(), std::size_t{6});
  for (std::size_t i = 0; i < 6; ++i) QVERIFY(std::stod(numbers[i]) == sample().layers[0].values[i]);
  QCOMPARE(lines[15], std::string("SCALARS predicted double 1"));
  QCOMPARE(lines.size(), std::size_t{18});
}

void SurfaceFileTest::npyHoldsAllLayers() {
  const std::string bytes = written(sample(), "a.npy");
  QVERIFY(bytes.find("'descr': '<f8'") != std::string::npos);
  QVERIFY(bytes.find("'shape': (2,2,3,)") != std::string::npos);
  double values[12];
  std::memcpy(values, bytes.data() + bytes.size() - sizeof values, sizeof values);
  for (std::size_t i = 0; i < 12; ++i) QVERIFY(values[i] == sample().layers[i / 6].values[i % 6]);
}

void SurfaceFileTest::npzIsAZipOfThem() {
  const std::string bytes = written(sample(), "a.npz");
  QVERIFY(bytes.starts_with("PK"));
  for (const char* name : {"x.npy", "y.npy", "cross_entropy.npy", "predicted.npy"}) {
    QVERIFY2(bytes.find(name) != std::string::npos, name);
  }
}

void SurfaceFileTest::picturesAreThoseOfSurfacePicture() {
  SurfaceNotes notes;
  notes.title = "a title";
  const Drawing drawing = surfacePicture(sample(), notes);
  for (const char* name : {"a.svg", "a.pdf", "a.png"}) writeSurface(sample(), path(name), notes);
  QCOMPARE(readFile(path("a.svg"), 1 << 24), toSvg(drawing));
  QCOMPARE(readFile(path("a.pdf"), 1 << 24), toPdf(drawing));
  const Image image = readImage(path("a.png")).image;
  QCOMPARE(image.shape, toPixels(drawing).shape);
  // The least value, -4, is in the first column of the upper row (y = 1/3); the largest, 6, in its last one.
  const DrawnCells& cells = std::get<DrawnCells>(drawing.items.front());
  const auto colour = [&](double column, double row) {
    const int x = static_cast<int>(2 * (cells.corner.x + cells.width * column));
    const int y = static_cast<int>(2 * (cells.corner.y + cells.height * row));
    return std::vector<int>{static_cast<int>(std::lround(image.at(0, y, x) * 255)),
                            static_cast<int>(std::lround(image.at(1, y, x) * 255)),
                            static_cast<int>(std::lround(image.at(2, y, x) * 255))};
  };
  QCOMPARE(colour(0.02, 0.03), (std::vector<int>{68, 1, 84}));
  QVERIFY(colour(0.98, 0.03)[0] > 250 && colour(0.98, 0.03)[2] < 50);
  QVERIFY(colour(0.02, 0.97) != colour(0.02, 0.03));  // the lower row
}

void SurfaceFileTest::nonsenseIsRefused() {
  for (const char* name : {"a.txt", "a", "a.NPYX"}) {
    QCOMPARE(kindOf([&] { checkSurfaceFile(path(name)); }), ErrorKind::Usage);
    QCOMPARE(kindOf([&] { writeSurface(sample(), path(name)); }), ErrorKind::Usage);
    QVERIFY(!std::filesystem::exists(path(name)));
  }
  QCOMPARE(kindOf([&] { writeSurface(Surface{}, path("empty.csv")); }), ErrorKind::Usage);
  QVERIFY(!std::filesystem::exists(path("empty.csv")));
  QCOMPARE(kindOf([&] { checkSurfaceFile("/proc/nowhere/a.csv"); }), ErrorKind::Failed);
  checkSurfaceFile(path("fine.csv"));
  QVERIFY(!std::filesystem::exists(path("fine.csv")));
}

QTEST_APPLESS_MAIN(SurfaceFileTest)
#include "surface_file_test.moc"
