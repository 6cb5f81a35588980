// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/landscape_document.h"

#include <filesystem>
#include <iterator>
#include <utility>
#include <vector>

#include "core/landscape/surface_file.h"
#include "core/service/documents.h"

namespace whorl {
namespace {

/// The axis of a picture, by what the document says of its direction.
std::string axisText(const nlohmann::json& document, std::size_t axis) {
  const std::string space = document.value("space", "");
  if (space == "ball") return "radius (" + document.value("norm", "") + ")";
  const nlohmann::json& directions = document["directions"];
  if (space == "weights") {
    return directions[0]["direction"].get<std::string>() + (axis == 0 ? " direction" : ", second direction");
  }
  if (axis >= directions.size()) return {};
  std::string text = directions[axis]["direction"];
  const nlohmann::json& parameters = directions[axis]["parameters"];
  if (text == "pca") text += ", component " + parameters["component"].dump();
  if (text == "image") text += " " + parameters["index"].dump();
  return text + " (" + document.value("scale", "") + ")";
}

/// What a picture says beside the values: all of it stands in the document, so that it is there for what was computed
/// before, too.
SurfaceNotes notesOf(const LandscapeResult& result, const nlohmann::json& document) {
  SurfaceNotes notes;
  const std::string model = std::filesystem::path(document.value("model", "")).stem().string();
  const bool ofNetworks = document.value("space", "") == "weights";
  notes.title = (ofNetworks ? "Networks around " : "") + model;
  if (!ofNetworks && document["index"].is_number()) notes.title += ", test image " + document["index"].dump();
  notes.across = axisText(document, 0);
  if (!result.surface.isLine()) notes.upwards = axisText(document, 1);
  if (document.contains("classes")) notes.classNames = document["classes"].get<std::vector<std::string>>();
  if (!ofNetworks) notes.label = result.label;
  if (document.contains("threshold") && document["threshold"].is_number()) notes.threshold = document["threshold"];
  if (result.path.empty()) return notes;
  notes.path = ofNetworks ? "the models" : document["attack"]["attack"].get<std::string>() + "'s path";
  if (!ofNetworks) notes.places.push_back({0, 0});
  for (const LandscapePlace& place : result.path) notes.places.push_back({place.x, place.y});
  return notes;
}

}  // namespace

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
  if (!request.save.empty()) writeSurface(result.surface, request.save, notesOf(result, document));
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
