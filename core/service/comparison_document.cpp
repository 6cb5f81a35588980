// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/comparison_document.h"

#include <cstdio>

namespace whorl {

using nlohmann::json;

namespace {

std::string shortText(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_number()) return value.dump();
  char text[64];
  std::snprintf(text, sizeof text, "%.4g", value.get<double>());
  return text;
}

json curveDocument(const ComparedCurve& curve, const std::vector<double>& accuracies) {
  json points = json::array();
  for (std::size_t i = 0; i < accuracies.size(); ++i) {
    points.push_back({{"value", toText(curve.values.at(i))}, {"accuracy", accuracies[i]}});
  }
  return {{"perturbation", curve.perturbation},
          {"parameter", curve.parameter},
          {"parameters", toJson(curve.others)},
          {"points", points}};
}

}  // namespace

ComparedRun comparedRun(std::uint64_t seed, const json& training) {
  ComparedRun made;
  made.seed = seed;
  made.trainSeconds = training.at("seconds").get<double>();
  const json history = training.value("history", json::array());
  if (history.empty()) return made;
  for (const auto& [name, value] : history.back().items()) {
    const bool figure = name == "loss" || name == "epoch" || name == "step" || name.find("accuracy") != name.npos;
    if (!figure && value.is_number()) made.losses.emplace_back(name, value.get<double>());
  }
  return made;
}

ComparedCell comparedCell(const json& cell) {
  std::string parameters;
  for (const auto& [name, value] : cell.at("parameters").items()) {
    if (name == "severity") continue;
    parameters += (parameters.empty() ? "" : ", ") + name + "=" + shortText(value);
  }
  return {cell.at("perturbation").get<std::string>(), cell.at("severity").get<int>(), parameters,
          cell.at("accuracy").get<double>()};
}

json rowDocument(const Comparison& comparison, const ComparedRow& row) {
  json runs = json::array();
  for (const ComparedRun& run : row.runs) {
    json cells = json::array();
    for (const ComparedCell& cell : run.cells) {
      cells.push_back({{"perturbation", cell.perturbation},
                       {"severity", cell.severity},
                       {"parameters", cell.parameters},
                       {"accuracy", cell.accuracy}});
    }
    json curves = json::array();
    for (std::size_t i = 0; i < run.curves.size(); ++i) {
      curves.push_back(curveDocument(comparison.curves.at(i), run.curves[i]));
    }
    json losses = json::object();
    for (const auto& [name, value] : run.losses) losses[name] = value;
    runs.push_back({{"seed", run.seed},
                    {"clean_accuracy", run.clean},
                    {"mean_accuracy", figureOf(run, "mean")},
                    {"losses", losses},
                    {"train_seconds", run.trainSeconds},
                    {"test_seconds", run.testSeconds},
                    {"cells", cells},
                    {"curves", curves}});
  }
  return {{"model", row.model.name}, {"runs", runs}};
}

}  // namespace whorl
