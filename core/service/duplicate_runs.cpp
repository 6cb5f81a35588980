// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/duplicate_runs.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/settings.h"

namespace whorl {
namespace {

using nlohmann::json;

/// The steps of "one+another"; an empty text has one.
std::vector<std::string> stepTexts(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t first = 0; first <= text.size();) {
    const std::size_t end = std::min(text.find('+', first), text.size());
    parts.push_back(text.substr(first, end - first));
    first = end + 1;
  }
  return parts;
}

StepRequest stepOf(const Engine& engine, const std::string& text, const std::string& where) {
  const std::string name = text.substr(0, text.find(':'));
  const auto known = engine.perturbations();
  const auto found = std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.spec.name == name; });
  if (found == known.end()) {
    throw Error(ErrorKind::BadInput, "there is no perturbation \"" + name + "\"", where,
                "as in crop:offset=2+jpeg:quality=50");
  }
  StepRequest step{name, {}, true};
  if (text.size() == name.size()) return step;
  step.parameters = parseSettings(name, found->spec.parameters, text.substr(name.size() + 1));
  resolve(name, found->spec.parameters, step.parameters);
  return step;
}

DuplicateFigure figureOf(const json& document) {
  return {document.at("value").get<double>(), document.at("low").get<double>(), document.at("high").get<double>()};
}

DuplicateFigures figuresOf(const json& document) {
  DuplicateFigures figures;
  for (const json& each : document.at("precision")) figures.precisions.push_back(figureOf(each));
  figures.averagePrecision = figureOf(document.at("average_precision"));
  figures.ranking = figureOf(document.at("ranking"));
  return figures;
}

DuplicateCell cellOf(const json& distortion, std::size_t model) {
  DuplicateCell cell;
  cell.distortion = distortion.at("name").get<std::string>();
  const json& document = distortion.at("models").at(model);
  cell.figures = figuresOf(document);
  if (model > 0) cell.difference = figuresOf(distortion.at("differences").at(model - 1));
  for (const json& point : document.at("curve")) {
    cell.curve.emplace_back(point.at(0).get<double>(), point.at(1).get<double>());
  }
  cell.positives = document.at("positive_distances").get<std::vector<double>>();
  cell.negatives = document.at("negative_distances").get<std::vector<double>>();
  return cell;
}

double numberOrNan(const json& value) { return value.is_number() ? value.get<double>() : std::nan(""); }

}  // namespace

std::vector<StepRequest> distortionSteps(const Engine& engine, const std::string& text, const std::string& where) {
  std::vector<StepRequest> steps;
  try {
    for (const std::string& part : stepTexts(text)) steps.push_back(stepOf(engine, part, where));
  } catch (const Error& error) {
    // A value that doesn't fit is the file's mistake, not that of a command.
    throw Error(ErrorKind::BadInput, "\"" + text + "\": " + error.message(), where, error.hint());
  }
  return steps;
}

SimilarBenchmarkRequest duplicateRequest(const Engine& engine, const DuplicatePlan& plan, const std::string& dataset,
                                         const std::string& where) {
  SimilarBenchmarkRequest request;
  request.layer = plan.layer;
  request.normalise = plan.normalise;
  request.measure = plan.measure;
  request.dataset = dataset;
  request.split = plan.split;
  request.count = plan.count;
  request.negatives = plan.negatives;
  request.draws = plan.draws;
  for (const std::string& text : plan.distortions) request.distortions.push_back(distortionSteps(engine, text, where));
  return request;
}

json duplicateKey(const DuplicatePlan& plan, const std::vector<DuplicateModel>& models, std::uint64_t seed) {
  json key = {{"layer", plan.layer},
              {"normalise", plan.normalise},
              {"measure", plan.measure},
              {"split", plan.split},
              {"count", plan.count},
              {"negatives", plan.negatives},
              {"draws", plan.draws},
              {"seed", seed},
              {"distortions", plan.distortions},
              {"models", json::array()}};
  for (const DuplicateModel& model : models) key["models"].push_back(model.sha256);
  return key;
}

json measuredDuplicates(Engine& engine, SimilarBenchmarkRequest request, const std::vector<DuplicateModel>& models,
                        std::uint64_t seed, const JobContext& context) {
  request.seed = seed;
  for (const DuplicateModel& model : models) request.models.push_back(model.file);
  json document = json::parse(engine.similarBenchmark(request, context).json);
  for (json& model : document.at("models")) model.erase("model");  // a path
  return document;
}

std::vector<DuplicateRun> duplicateRuns(const json& document, const std::vector<DuplicateModel>& models,
                                        std::uint64_t seed, const std::string& where) {
  try {
    if (document.at("models").size() != models.size()) throw Error(ErrorKind::BadInput, "it has other models", where);
    std::vector<DuplicateRun> runs;
    for (std::size_t m = 0; m < models.size(); ++m) {
      DuplicateRun run{models[m].row, seed, document.at("recalls").get<std::vector<double>>(), {}, 0, 0, 0};
      run.seconds = document.at("seconds").get<double>() / static_cast<double>(models.size());
      for (const json& distortion : document.at("distortions")) run.cells.push_back(cellOf(distortion, m));
      run.cells.push_back(cellOf(document.at("all"), m));
      run.classRankingClean = numberOrNan(document.at("models").at(m).at("class_ranking_clean"));
      run.classRankingDistorted = numberOrNan(document.at("models").at(m).at("class_ranking_distorted"));
      runs.push_back(std::move(run));
    }
    return runs;
  } catch (const json::exception& error) {
    throw Error(ErrorKind::BadInput, std::string("the kept figures can't be read: ") + error.what(), where,
                "delete the file");
  }
}

std::vector<std::string> duplicateLines(const std::vector<DuplicateRun>& runs) {
  std::vector<std::string> lines;
  if (runs.empty()) return lines;
  const report::ReportTable table = duplicateTables(runs, "").front();
  for (const auto& row : table.rows) {
    std::string line = row.front() + ":";
    for (std::size_t i = 2; i < row.size(); ++i) line += "  " + table.header[i] + " " + row[i];
    lines.push_back(std::move(line));
  }
  return lines;
}

json duplicateDocument(const std::vector<DuplicateRun>& runs) {
  const auto figures = [](const DuplicateFigures& of) {
    const auto figure = [](const DuplicateFigure& each) {
      return json{{"value", each.value}, {"low", each.low}, {"high", each.high}};
    };
    json precisions = json::array();
    for (const DuplicateFigure& each : of.precisions) precisions.push_back(figure(each));
    return json{
        {"precision", precisions}, {"average_precision", figure(of.averagePrecision)}, {"ranking", figure(of.ranking)}};
  };
  json list = json::array();
  for (const DuplicateRun& run : runs) {
    json cells = json::array();
    for (const DuplicateCell& cell : run.cells) {
      cells.push_back({{"distortion", cell.distortion},
                       {"figures", figures(cell.figures)},
                       {"difference", cell.difference.precisions.empty() ? json() : figures(cell.difference)}});
    }
    list.push_back({{"model", run.model}, {"seed", run.seed}, {"recalls", run.recalls}, {"cells", std::move(cells)}});
  }
  return list;
}

std::vector<std::string> writeDuplicates(const std::string& folder, const Comparison& comparison,
                                         const std::vector<DuplicateRun>& runs,
                                         std::vector<std::pair<std::string, std::string>> provenance) {
  const DuplicatePlan& plan = *comparison.duplicates;
  double seconds = 0;
  for (const DuplicateRun& run : runs) seconds += run.seconds;
  provenance.insert(provenance.end(),
                    {{"near-duplicates", (plan.count > 0 ? std::to_string(plan.count) : "all") + " " + plan.split +
                                             " images, " + std::to_string(plan.negatives) + " others for each copy"},
                     {"layer", plan.layer + (plan.normalise ? ", rows of length 1" : "")},
                     {"distance", plan.measure},
                     {"near-duplicates took", report::durationText(seconds)}});
  return report::writeDocument(
      duplicatesReport(comparison.title, comparison.paragraphs(), runs, comparison.baseline, provenance), folder,
      "near-duplicates");
}

}  // namespace whorl
