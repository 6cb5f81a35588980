// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/recipe_document.h"

#include <algorithm>

#include "core/service/documents.h"
#include "core/service/report_samples.h"

namespace whorl {
namespace {

using nlohmann::json;

const char* stateName(CellState state) {
  switch (state) {
    case CellState::Waiting:
      return "waiting";
    case CellState::Running:
      return "running";
    case CellState::Done:
      return "done";
    case CellState::Failed:
      return "failed";
  }
  return "waiting";
}

json textOrNull(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json figureJson(const Figure& figure) {
  return {
      {"value", numberOrNull(figure.value)}, {"low", numberOrNull(figure.low)}, {"high", numberOrNull(figure.high)}};
}

json checksJson(const RecipeResult& result) {
  const auto figure = [](const std::optional<Figure>& each) { return each ? figureJson(*each) : json(nullptr); };
  json checks = json::array();
  for (const CheckedClaim& check : result.checks) {
    checks.push_back({{"claim", check.claim},
                      {"figure", check.figure},
                      {"cell", check.cell},
                      {"relation", check.atLeast ? "at_least" : "at_most"},
                      {"other", textOrNull(check.other)},
                      {"here", figure(check.value)},
                      {"bound", figure(check.bound)},
                      {"holds", check.holds ? json(*check.holds) : json(nullptr)}});
  }
  return checks;
}

json atRates(const std::vector<Figure>& figures) {
  json object = json::object();
  for (std::size_t i = 0; i < figures.size() && i < std::size(kReportRates); ++i) {
    object[toText(ParameterValue(kReportRates[i]))] = figureJson(figures[i]);
  }
  return object;
}

json figuresJson(const CellFigures& figures) {
  json roc = json::array();
  for (const RocCorner& corner : figures.roc) {
    roc.push_back({numberOrNull(corner.threshold), corner.falsePositiveRate, corner.truePositiveRate});
  }
  return {{"attacked", figures.attacked},
          {"successes", figures.successes},
          {"success_rate", figureJson(figures.successRate)},
          {"auc", {{"all", figureJson(figures.aucAll)}, {"successful", figureJson(figures.aucSuccessful)}}},
          {"average_precision", numberOrNull(figures.averagePrecision)},
          {"detection_accuracy", numberOrNull(figures.detectionAccuracy)},
          {"true_positive_rate_at", atRates(figures.truePositiveRate)},
          {"evasion_rate_at", atRates(figures.evasionRate)},
          {"combined_accuracy", figures.combinedAccuracy ? figureJson(*figures.combinedAccuracy) : json(nullptr)},
          {"mean_l2", numberOrNull(figures.meanL2)},
          {"mean_linf", numberOrNull(figures.meanLinf)},
          {"roc", std::move(roc)}};
}

json cellJson(const RecipeCell& cell, const PlannedCell& planned, const Plan& plan) {
  const PlannedAttack& attack = plan.attacks[planned.attack];
  const PlannedDetector& detector = plan.detectors[planned.detector];
  return {{"detector", cell.detector},
          {"detector_family", cell.detectorFamily},
          {"detector_name", detector.task ? json(detector.task->detector) : json(nullptr)},
          {"detector_parameters", detector.task ? toJson(detector.task->parameters) : json(nullptr)},
          {"variant", cell.variant},
          {"attack", cell.attack},
          {"attack_family", cell.attackFamily},
          {"attack_name", attack.task.attack},
          {"attack_parameters", toJson(attack.task.parameters)},
          {"budget", cell.budget ? json(*cell.budget) : json(nullptr)},
          {"count", attack.count},
          {"model", cell.model},
          {"threat_model", cell.threatModel},
          {"state", stateName(cell.state)},
          {"kept", cell.kept},
          {"seconds", cell.seconds},
          {"problem", textOrNull(cell.problem)},
          {"published", cell.published ? json(*cell.published) : json(nullptr)},
          {"published_source", textOrNull(cell.publishedSource)},
          {"attacked_images", textOrNull(cell.attackedImages)},
          {"figures", cell.figures ? figuresJson(*cell.figures) : json(nullptr)}};
}

std::string text(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

/// ", name = value" of each.
std::string listed(const Parameters& parameters) {
  std::string list;
  for (const auto& [name, value] : parameters.values()) list += ", " + name + " = " + toText(value);
  return list;
}

}  // namespace

json recipeDocument(const RecipeResult& result, const Plan& plan) {
  const RecipeSample& sample = plan.recipe.sample;
  json cells = json::array();
  double missing = 0;
  for (std::size_t i = 0; i < result.cells.size(); ++i) {
    cells.push_back(cellJson(result.cells[i], plan.cells[i], plan));
    if (result.cells[i].state == CellState::Waiting) missing += result.cells[i].seconds;
  }
  return {{"recipe", plan.recipe.path.string()},
          {"recipe_sha256", plan.recipe.sha256},
          {"title", result.title},
          {"preset", result.preset},
          {"data", plan.recipe.data},
          {"sample",
           {{"count", sample.count},
            {"fit", sample.fit},
            {"fit_split", sample.fitSplit},
            {"train", sample.train},
            {"slice", sample.slice},
            {"seed", sample.seed}}},
          {"detectors", result.detectors},
          {"attacks", result.attacks},
          {"cells", std::move(cells)},
          {"checks", checksJson(result)},
          {"expected_seconds", missing},
          {"reports", result.reports},
          {"seconds", result.seconds}};
}

ReportData recipeReport(const RecipeResult& result, const Plan& plan, const std::string& recipe, const json& head) {
  // As it was asked for, without the folders of whoever ran it.
  const std::string name = std::filesystem::path(recipe).filename().string();
  ReportData data;
  data.result = result;
  data.summary = plan.recipe.summary;
  data.notes = plan.recipe.notes;
  data.samples = reportSamples(result);
  data.provenance = {{"recipe", name},
                     {"recipe SHA-256", plan.recipe.sha256},
                     {"preset", result.preset},
                     {"data", plan.recipe.data},
                     {"images", std::to_string(plan.recipe.sample.count) + " correctly classified test images, seed " +
                                    std::to_string(plan.recipe.sample.seed)},
                     {"command", "whorl-cli run " + name + " --preset " + result.preset}};
  for (const char* name : {"version", "torch_version", "date", "device_name", "plan"}) {
    if (head.contains(name)) data.provenance.emplace_back(name, text(head.at(name)));
  }
  for (const PlannedModel& model : plan.models) {
    std::string how = model.file;
    if (model.training) {
      how = model.training->architecture + ", " + model.training->objective + ", seed " +
            std::to_string(model.training->seed) + listed(model.training->parameters);
    }
    data.provenance.emplace_back("model " + model.name, how);
  }
  for (const PlannedAttack& attack : plan.attacks) {
    data.provenance.emplace_back("attack " + attack.name, attack.task.attack + ", " + attack.task.threatModel + ", " +
                                                              std::to_string(attack.count) + " images, " +
                                                              attack.task.precision + listed(attack.task.parameters));
  }
  for (const PlannedDetector& detector : plan.detectors) {
    if (!detector.task) continue;
    std::string how = detector.task->detector + listed(detector.task->parameters);
    if (detector.fit) how += ", fitted to " + plan.attacks[*detector.fit].name;
    if (detector.fitEach) how += ", fitted to the tested attack";
    data.provenance.emplace_back("detector " + detector.name, how);
  }
  return data;
}

}  // namespace whorl
