// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "core/landscape/surface.h"
#include "core/landscape/surface_picture.h"

namespace whorl {

/// Error(Usage) unless the name ends in one of the endings of writeSurface() and the folder can be written: asked
/// before the work.
void checkSurfaceFile(const std::filesystem::path& path);

/// Writes a surface, atomically, by the name's ending:
/// - .csv: a heading "x,y,NAME,…", then one point a line, x running fastest; numbers read back as the same double.
/// - .npy: float64 [layers, rows, columns], layers in their order; .npz: x, y and each layer [rows, columns] by name.
/// - .vtk: legacy ASCII, a rectilinear grid with one scalar field a layer (ParaView, VisIt, PyVista).
/// - .png (2 pixels a point), .svg, .pdf: the picture of surface_picture.h, with what the notes say.
/// The minimal build has no .npz and no pictures. Error(Usage) for other endings, Error(Failed) where the disk refuses.
void writeSurface(const Surface& surface, const std::filesystem::path& path, const SurfaceNotes& notes = {});

}  // namespace whorl
