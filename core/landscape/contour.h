// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// What is drawn over a landscape. Plain types: front ends see them, too.

#include <optional>
#include <vector>

#include "core/landscape/surface.h"

namespace whorl {

struct ContourPoint {
  double x = 0;
  double y = 0;
};

/// Points in order; a closed line ends where it began.
using ContourLine = std::vector<ContourPoint>;

/// Where a field over a surface's points crosses `level`: marching squares (Lorensen and Cline 1987 in two dimensions),
/// straight between neighbouring points; the mean of a cell's corners decides saddles. A field that touches the level
/// counts as above it. Cells with a NaN corner are left out, and so is everything of a line, which has no cells.
/// `field` has surface.pointCount() values. Any thread.
std::vector<ContourLine> contourLines(const Surface& surface, const std::vector<double>& field, double level);

/// The same for several levels, ascending (fewer than 65,536), in one sweep over the points: one list of lines a level.
std::vector<std::vector<ContourLine>> contourLines(const Surface& surface, const std::vector<double>& field,
                                                   const std::vector<double>& levels);

/// Round levels (1, 2 or 5 times a power of ten apart) between two values, ends left out: about `wanted` of them, none
/// where low isn't below high.
std::vector<double> contourLevels(double low, double high, int wanted);

/// Borders between the regions of a layer of class numbers, half-way between points. `except`: a class whose own border
/// is drawn otherwise, such as by the zero line of its margin; cells at it are left out.
std::vector<ContourLine> classBorders(const Surface& surface, const std::vector<double>& classes,
                                      std::optional<int> except = std::nullopt);

/// Where the name of a region can stand.
struct ClassPlace {
  int number = 0;  ///< the class
  double x = 0;    ///< of its point that is furthest from other classes and from the edge
  double y = 0;
  double depth = 0;  ///< how far that is, in points; 1 for a region that is one point wide
};

/// One place a class of a layer of class numbers, in their order.
std::vector<ClassPlace> classPlaces(const Surface& surface, const std::vector<double>& classes);

}  // namespace whorl
