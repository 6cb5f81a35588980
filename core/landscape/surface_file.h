// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "core/landscape/surface.h"

namespace whorl {

/// Error(Usage) unless the name ends in one of the endings of writeSurface() and the folder can be written: asked
/// before the work.
void checkSurfaceFile(const std::filesystem::path& path);

/// Writes a surface, atomically, by the name's ending:
/// - .csv: a heading "x,y,NAME,…", then one point a line, x running fastest; numbers read back as the same double.
/// - .npy: float64 [layers, rows, columns], layers in their order; .npz: x, y and each layer [rows, columns] by name.
/// - .vtk: legacy ASCII, a rectilinear grid with one scalar field a layer (ParaView, VisIt, PyVista).
/// - .png: the heat map of the first layer (heat_map.h).
/// The minimal build has no .npz and no .png. Error(Usage) for other endings, Error(Failed) where the disk refuses.
void writeSurface(const Surface& surface, const std::filesystem::path& path);

}  // namespace whorl
