// SPDX-License-Identifier: GPL-3.0-or-later
// The figures of a near-duplicate benchmark as JSON.
#include <nlohmann/json.hpp>

#include "core/service/similar_support.h"

namespace whorl {
namespace {

using nlohmann::json;

json figureDocument(const SimilarFigure& figure) {
  return {{"value", figure.value}, {"low", figure.low}, {"high", figure.high}};
}

json modelDocument(const SimilarModelFigures& figures, bool difference) {
  json precisions = json::array();
  for (const SimilarFigure& each : figures.precisions) precisions.push_back(figureDocument(each));
  json document = {{"precision", std::move(precisions)},
                   {"average_precision", figureDocument(figures.averagePrecision)},
                   {"ranking", figureDocument(figures.ranking)}};
  if (difference) return document;
  json curve = json::array();
  for (const SimilarCurvePoint& each : figures.curve) curve.push_back({each.recall, each.precision, each.threshold});
  document["curve"] = std::move(curve);
  document["positive_distances"] = figures.positiveQuantiles;
  document["negative_distances"] = figures.negativeQuantiles;
  return document;
}

json distortionFigures(const SimilarDistortion& distortion) {
  json document = {{"name", distortion.name},
                   {"steps", distortionDocument(distortion.steps)},
                   {"models", json::array()},
                   {"differences", json::array()}};
  for (const auto& each : distortion.models) document["models"].push_back(modelDocument(each, false));
  for (const auto& each : distortion.differences) document["differences"].push_back(modelDocument(each, true));
  return document;
}

}  // namespace

json similarFiguresDocument(const SimilarBenchmarkResult& result) {
  json distortions = json::array();
  for (const SimilarDistortion& each : result.distortions) distortions.push_back(distortionFigures(each));
  return {
      {"recalls", result.recalls}, {"distortions", std::move(distortions)}, {"all", distortionFigures(result.pooled)}};
}

}  // namespace whorl
