// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/surface_file.h"

#include <array>
#include <charconv>
#include <functional>
#include <utility>
#include <vector>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/file_ending.h"
#include "core/data/npy.h"
#ifndef WHORL_MINIMAL
#include "core/data/npz.h"
#include "core/image/image_file.h"
#endif

namespace whorl {
namespace {

namespace fs = std::filesystem;

/// The shortest text that reads back as the same number, in any locale.
void append(std::string& text, double value) {
  std::array<char, 32> digits{};
  const auto [end, problem] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  text.append(digits.data(), end);
}

void appendLine(std::string& text, const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) text += ' ';
    append(text, values[i]);
  }
  text += '\n';
}

void writeText(const std::string& text, const fs::path& path) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void writeCsv(const Surface& surface, const SurfaceNotes&, const fs::path& path) {
  std::string text = "x,y";
  for (const SurfaceLayer& layer : surface.layers) text += "," + layer.name;
  text += '\n';
  for (std::size_t i = 0; i < surface.pointCount(); ++i) {
    append(text, surface.x[i % surface.x.size()]);
    text += ',';
    append(text, surface.y[i / surface.x.size()]);
    for (const SurfaceLayer& layer : surface.layers) {
      text += ',';
      append(text, layer.values[i]);
    }
    text += '\n';
  }
  writeText(text, path);
}

/// VTK file formats, "Simple Legacy Formats": a grid whose axes have coordinates of their own, which a coarse level's
/// need.
void writeVtk(const Surface& surface, const SurfaceNotes&, const fs::path& path) {
  const auto size = [](const std::vector<double>& axis) { return std::to_string(axis.size()); };
  std::string text = "# vtk DataFile Version 3.0\nWhorl landscape\nASCII\nDATASET RECTILINEAR_GRID\nDIMENSIONS " +
                     size(surface.x) + " " + size(surface.y) + " 1\n";
  text += "X_COORDINATES " + size(surface.x) + " double\n";
  appendLine(text, surface.x);
  text += "Y_COORDINATES " + size(surface.y) + " double\n";
  appendLine(text, surface.y);
  text += "Z_COORDINATES 1 double\n0\nPOINT_DATA " + std::to_string(surface.pointCount()) + "\n";
  for (const SurfaceLayer& layer : surface.layers) {
    text += "SCALARS " + layer.name + " double 1\nLOOKUP_TABLE default\n";
    appendLine(text, layer.values);
  }
  writeText(text, path);
}

NpyArray arrayOf(std::string name, std::vector<std::int64_t> shape, const std::vector<double>& values) {
  return {std::move(name), "<f8", std::move(shape), values.data(), values.size() * sizeof(double)};
}

void writeNpy(const Surface& surface, const SurfaceNotes&, const fs::path& path) {
  std::vector<double> all;
  for (const SurfaceLayer& layer : surface.layers) all.insert(all.end(), layer.values.begin(), layer.values.end());
  whorl::writeNpy(arrayOf("", {std::ssize(surface.layers), std::ssize(surface.y), std::ssize(surface.x)}, all), path);
}

#ifndef WHORL_MINIMAL
void writeNpz(const Surface& surface, const SurfaceNotes&, const fs::path& path) {
  std::vector<NpyArray> arrays = {arrayOf("x", {std::ssize(surface.x)}, surface.x),
                                  arrayOf("y", {std::ssize(surface.y)}, surface.y)};
  for (const SurfaceLayer& layer : surface.layers) {
    arrays.push_back(arrayOf(layer.name, {std::ssize(surface.y), std::ssize(surface.x)}, layer.values));
  }
  whorl::writeNpz(arrays, path);
}

void writePng(const Surface& surface, const SurfaceNotes& notes, const fs::path& path) {
  writeImage(toPixels(surfacePicture(surface, notes)), path);
}

void writeSvg(const Surface& surface, const SurfaceNotes& notes, const fs::path& path) {
  writeText(toSvg(surfacePicture(surface, notes)), path);
}

void writePdf(const Surface& surface, const SurfaceNotes& notes, const fs::path& path) {
  writeText(toPdf(surfacePicture(surface, notes)), path);
}
#endif

/// The table: how a surface is written.
struct Format {
  const char* ending;
  void (*write)(const Surface&, const SurfaceNotes&, const fs::path&);
};
constexpr Format kFormats[] = {{".csv", writeCsv}, {".npy", writeNpy}, {".vtk", writeVtk},
#ifndef WHORL_MINIMAL
                               {".npz", writeNpz}, {".png", writePng}, {".svg", writeSvg},
                               {".pdf", writePdf}
#endif
};

const Format& formatOf(const fs::path& path) {
  const std::string ending = lowerEnding(path);
  std::string known;
  for (const Format& format : kFormats) {
    if (ending == format.ending) return format;
    known += (known.empty() ? "" : ", ") + std::string(format.ending);
  }
  throw Error(ErrorKind::Usage, "landscapes can't be written as \"" + ending + "\"", path.string(), "use " + known);
}

}  // namespace

void checkSurfaceFile(const fs::path& path) {
  formatOf(path);
  const AtomicFile probe(path);
}

void writeSurface(const Surface& surface, const fs::path& path, const SurfaceNotes& notes) {
  const Format& format = formatOf(path);
  if (surface.layers.empty() || surface.pointCount() == 0) {
    throw Error(ErrorKind::Usage, "the landscape is empty", path.string());
  }
  format.write(surface, notes, path);
}

}  // namespace whorl
