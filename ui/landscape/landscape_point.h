// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPointF>
#include <QString>
#include <QStringList>

#include <cstddef>
#include <optional>
#include <string>

#include "core/service/landscape_types.h"

namespace whorl::ui {

/// A point of a landscape at which there are values.
struct LandscapePoint {
  double x = 0;
  double y = 0;
  std::size_t index = 0;  ///< of its values in a layer

  QPointF place() const { return {x, y}; }
};

/// The point with values that is nearest.
LandscapePoint nearestPoint(const Surface& surface, QPointF wanted);

/// Null where the surface has no such layer.
const SurfaceLayer* findLayer(const Surface& surface, const std::string& name);
std::optional<double> valueAt(const Surface& surface, const std::string& layer, const LandscapePoint& point);

/// "“3”", as the layer "predicted" has it; "" where it isn't there.
QString classAt(const Surface& surface, const LandscapePoint& point, const QStringList& names);

/// "(0.12, −0.3)"
QString placeText(const LandscapePoint& point);

}  // namespace whorl::ui
