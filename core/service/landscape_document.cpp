// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/landscape_document.h"

#include <iterator>
#include <utility>
#include <vector>

#include "core/landscape/surface_file.h"
#include "core/service/documents.h"

namespace whorl {

nlohmann::json surfaceDocument(const Surface& surface) {
  nlohmann::json values = nlohmann::json::object();
  for (const SurfaceLayer& layer : surface.layers) {
    nlohmann::json rows = nlohmann::json::array();
    const auto width = std::ssize(surface.x);
    for (auto row = layer.values.begin(); row != layer.values.end(); row += width) {
      rows.push_back(std::vector<double>(row, row + width));
    }
    values[layer.name] = std::move(rows);
  }
  return {{"x", surface.x}, {"y", surface.y}, {"values", std::move(values)}};
}

LandscapeResult finished(LandscapeResult result, nlohmann::json document, const LandscapeRequest& request,
                         const Stopwatch& total) {
  if (!request.save.empty()) writeSurface(result.surface, request.save);
  document["save"] = request.save.empty() ? nlohmann::json(nullptr) : nlohmann::json(request.save);
  document["cached"] = result.cached;
  document["total_seconds"] = total.seconds();
  document.update(surfaceDocument(result.surface));
  result.json = jsonText(document);
  return result;
}

LandscapeResult againFrom(LandscapeCache::Entry known, const LandscapeRequest& request, const LandscapeHooks& hooks,
                          const Stopwatch& total) {
  known.result.cached = true;
  if (hooks.onStart) hooks.onStart(known.result);
  if (hooks.onLevel) hooks.onLevel(known.result.surface);
  return finished(std::move(known.result), std::move(known.document), request, total);
}

}  // namespace whorl
