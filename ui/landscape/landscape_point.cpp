// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/landscape_point.h"

#include <algorithm>
#include <cmath>

#include "ui/jobs/format.h"

namespace whorl::ui {

LandscapePoint nearestPoint(const Surface& surface, QPointF wanted) {
  const std::size_t index = surface.nearest(wanted.x(), wanted.y());
  return {surface.x[index % surface.x.size()], surface.y[index / surface.x.size()], index};
}

const SurfaceLayer* findLayer(const Surface& surface, const std::string& name) {
  const auto found = std::find_if(surface.layers.begin(), surface.layers.end(),
                                  [&](const SurfaceLayer& layer) { return layer.name == name; });
  return found == surface.layers.end() ? nullptr : &*found;
}

std::optional<double> valueAt(const Surface& surface, const std::string& name, const LandscapePoint& point) {
  const SurfaceLayer* layer = findLayer(surface, name);
  return layer ? std::optional(layer->values[point.index]) : std::nullopt;
}

QString classAt(const Surface& surface, const LandscapePoint& point, const QStringList& names) {
  const auto predicted = valueAt(surface, "predicted", point);
  if (!predicted) return {};
  const int number = static_cast<int>(std::lround(*predicted));
  return QStringLiteral("“%1”").arg(names.value(number, QString::number(number)));
}

QString placeText(const LandscapePoint& point) {
  const auto text = [](double value) {
    return numberText(std::abs(value) < 1e-12 ? 0 : value, 3).replace(u'-', QChar(0x2212));
  };
  return QStringLiteral("(%1, %2)").arg(text(point.x), text(point.y));
}

}  // namespace whorl::ui
