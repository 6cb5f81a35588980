// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/image/drawing.h"
#include "core/landscape/contour.h"
#include "core/landscape/surface.h"

namespace whorl {

/// What a picture says beside a surface's values. All of it may be missing.
struct SurfaceNotes {
  std::string title;
  std::string across;   ///< what x is: "gradient-sign"
  std::string upwards;  ///< what y is
  std::vector<std::string> classNames;
  std::optional<int> label;         ///< class whose margin the layer "margin" is
  std::optional<double> threshold;  ///< τ, of the layer "fingerprint_distance"
  std::string path;                 ///< what was located: "pgd"
  ContourLine places;               ///< of it, from its start to its end
};

/// A plane's picture: its first layer in the colours of viridis from its least value (dark blue) to its largest
/// (yellow), one rectangle a point, y upwards, with contours at round numbers, axes and a colour scale. Over it what
/// other layers know: class borders and names (predicted; with margin that class's border is interpolated), the accept
/// region (fingerprint_distance below τ, else accepted), and the path. A value that is no number stays white.
Drawing planePicture(const Surface& surface, const SurfaceNotes& notes);

/// A line's picture: a panel a value over a common x. Layers that differ in a number at the end (NAME_0, NAME_1, …)
/// share a panel; those of a ball (NAME_min, NAME_q05, …) make one of bands around the median.
Drawing curvesPicture(const Surface& surface, const SurfaceNotes& notes);

/// Either, as the surface is. Error(Usage) for one without layers or points. Any thread, as all here.
Drawing surfacePicture(const Surface& surface, const SurfaceNotes& notes);

/// Layers that stand in one panel.
struct CurveGroup {
  std::string name;                         ///< without what they differ in
  std::vector<const SurfaceLayer*> layers;  ///< in their order; they point into the surface
  bool ball = false;                        ///< _mean, _min, _q05, … of one value
};
std::vector<CurveGroup> curveGroups(const Surface& surface);

}  // namespace whorl
