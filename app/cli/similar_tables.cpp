// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/similar_tables.h"

#include <algorithm>
#include <cmath>

#include "app/cli/arguments.h"
#include "app/cli/text.h"

namespace whorl::cli {
namespace {

constexpr std::size_t kShown = 20;  ///< lines of a list; --json has all
constexpr std::size_t kNameWidth = 38;
constexpr std::size_t kColumn = 9;

/// The lines of the first kShown entries, and how many more there are.
template <class Values, class Line>
std::string firstLines(const Values& values, const Line& line) {
  std::string text;
  for (std::size_t i = 0; i < std::min(values.size(), kShown); ++i) text += "  " + line(values[i]) + "\n";
  if (values.size() > kShown) text += "  and " + std::to_string(values.size() - kShown) + " more (--json has all)\n";
  return text;
}

std::string header(const std::string& title, const std::vector<double>& recalls) {
  std::string text = padded(title, kNameWidth);
  for (const double recall : recalls) text += padded(format("P@%.2f", recall), kColumn);
  return text + padded("AP", kColumn) + "ranking\n";
}

std::string valueRow(const SimilarDistortion& distortion, std::size_t model) {
  const SimilarModelFigures& figures = distortion.models[model];
  std::string text = padded(distortion.name, kNameWidth);
  for (const SimilarFigure& each : figures.precisions) text += padded(percent(each.value), kColumn);
  return text + padded(percent(figures.averagePrecision.value), kColumn) + percent(figures.ranking.value) + "\n";
}

/// "+1.20 (0.40 to 2.00)", in points.
std::string points(const SimilarFigure& figure) {
  return format("%+.2f (%.2f to %.2f)", 100 * figure.value, 100 * figure.low, 100 * figure.high);
}

std::string differenceRow(const SimilarDistortion& distortion, std::size_t model) {
  constexpr std::size_t kWide = 24;
  const SimilarModelFigures& figures = distortion.differences[model - 1];
  std::string text = padded(distortion.name, kNameWidth);
  for (const SimilarFigure& each : figures.precisions) text += padded(points(each), kWide);
  return text + points(figures.ranking) + "\n";
}

template <class Row>
std::string rows(const SimilarBenchmarkResult& result, const Row& row) {
  std::string text;
  for (const SimilarDistortion& each : result.distortions) text += row(each);
  return text + row(result.pooled);
}

}  // namespace

std::string similarIndexText(const SimilarIndexResult& result) {
  std::string text =
      format("%lld images, %lld of them different, %lld features each", static_cast<long long>(result.images),
             static_cast<long long>(result.rows), static_cast<long long>(result.dimension)) +
      format("\nadded %lld in %.1f s (%.0f images/s), kept %lld, removed %lld\n", static_cast<long long>(result.added),
             result.seconds, result.imagesPerSecond, static_cast<long long>(result.kept),
             static_cast<long long>(result.removed));
  if (result.sizes > 1) {
    text += format("%lld different sizes, each fitted to the network's input\n", static_cast<long long>(result.sizes));
  }
  if (!result.duplicates.empty()) {
    text += "equal byte for byte:\n" +
            firstLines(result.duplicates, [](const auto& names) { return oneLine(joined(names)); });
  }
  if (!result.problems.empty()) {
    text += std::to_string(result.problems.size()) + " could not be read:\n" +
            firstLines(result.problems,
                       [](const SimilarProblem& each) { return oneLine(each.name + ": " + each.problem); });
  }
  return text + "index: " + oneLine(result.index) + "\n";
}

std::string similarQueryText(const SimilarQueryResult& result) {
  std::string text;
  for (const SimilarAnswer& answer : result.answers) {
    text += oneLine(answer.query) + "\n";
    for (std::size_t i = 0; i < answer.neighbours.size(); ++i) {
      const SimilarNeighbour& each = answer.neighbours[i];
      text += format("%4d  %-12.6g", static_cast<int>(i + 1), each.distance) + oneLine(each.name);
      if (each.label) text += "  class " + std::to_string(*each.label);
      if (!each.also.empty()) text += "  (the same: " + oneLine(joined(each.also)) + ")";
      text += "\n";
    }
  }
  return text + format("searched %lld images in %.1f ms\n", static_cast<long long>(result.images),
                       1000 * result.searchSeconds);
}

std::string similarBenchmarkText(const SimilarBenchmarkResult& result, const SimilarBenchmarkRequest& request) {
  std::string text;
  for (std::size_t m = 0; m < request.models.size(); ++m) {
    text += header(oneLine(request.models[m]), result.recalls) +
            rows(result, [m](const SimilarDistortion& each) { return valueRow(each, m); });
    if (!std::isnan(result.classRankingClean[m])) {  // a folder has no classes
      text += "nearer to its class than to another: " + percent(result.classRankingClean[m]) + " as they are, " +
              percent(result.classRankingDistorted[m]) + " distorted\n";
    }
    text += "\n";
  }
  for (std::size_t m = 1; m < request.models.size(); ++m) {
    text += oneLine(request.models[m]) + " minus " + oneLine(request.models.front()) +
            " in points (95 % interval): P@0.90, P@0.95, P@0.99, ranking\n" +
            rows(result, [m](const SimilarDistortion& each) { return differenceRow(each, m); }) + "\n";
  }
  return text + std::to_string(result.images) + " images, " + std::to_string(request.negatives) + " others for each\n";
}

}  // namespace whorl::cli
