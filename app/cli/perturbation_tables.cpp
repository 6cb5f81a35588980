// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/perturbation_tables.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "app/cli/arguments.h"
#include "app/cli/attack_tables.h"
#include "app/cli/text.h"

namespace whorl::cli {
namespace {

using nlohmann::json;

std::string rowOf(const RobustnessSample& sample) {
  std::string values;
  for (const auto& [name, value] : sample.parameters.values()) {
    if (name != "severity") values += " " + optionName(name) + " " + toText(value);
  }
  return format("image %lld: D %.4g at d %.4g, class %d to %d\n  ", static_cast<long long>(sample.index),
                sample.divergence, sample.distance, sample.predicted, sample.predictedThere) +
         "--perturbation " + sample.perturbation + values + " --seed " + std::to_string(sample.seed) + "\n";
}

}  // namespace

std::string perturbationList(const std::vector<PerturbationInfo>& perturbations,
                             const std::vector<CorruptionSuiteInfo>& suites) {
  std::string text;
  std::string family;
  for (const PerturbationInfo& each : perturbations) {
    if (each.family != family) text += (text.empty() ? "" : "\n") + each.family + "\n";
    family = each.family;
    text += each.spec.name + ": " + each.spec.summary + "\n" + describeParameters(each.spec.parameters);
  }
  if (!suites.empty()) text += "\nsuites\n";
  for (const CorruptionSuiteInfo& suite : suites) text += suite.name + ": " + joined(suite.perturbations) + "\n";
  return text;
}

json perturbationDocument(const std::vector<PerturbationInfo>& perturbations,
                          const std::vector<CorruptionSuiteInfo>& suites) {
  json document = {{"perturbations", json::array()}, {"suites", json::array()}};
  for (const PerturbationInfo& each : perturbations) {
    json entry = toJson(each.spec);
    entry["family"] = each.family;
    entry["has_severity"] = each.hasSeverity;
    document["perturbations"].push_back(std::move(entry));
  }
  for (const CorruptionSuiteInfo& suite : suites) {
    document["suites"].push_back({{"name", suite.name},
                                  {"title", suite.title},
                                  {"reference", suite.reference},
                                  {"perturbations", suite.perturbations}});
  }
  return document;
}

std::string perturbationMarkdown(const std::vector<PerturbationInfo>& perturbations,
                                 const std::vector<CorruptionSuiteInfo>& suites) {
  std::string text = "| family | perturbations |\n|---|---|\n";
  for (std::size_t i = 0; i < perturbations.size();) {
    const std::string family = perturbations[i].family;
    std::string names;
    for (; i < perturbations.size() && perturbations[i].family == family; ++i) {
      const std::string& name = perturbations[i].spec.name;
      names.append(names.empty() ? "[`" : ", [`").append(name).append("`](#").append(name).append(")");
    }
    text.append("| ").append(family).append(" | ").append(names).append(" |\n");
  }
  text += "\n| suite | perturbations | |\n|---|---|---|\n";
  for (const CorruptionSuiteInfo& suite : suites) {
    text += "| `" + suite.name + "` " + cell(suite.title) + " | " + joined(suite.perturbations) + " | " +
            cell(suite.reference) + " |\n";
  }
  for (const PerturbationInfo& each : perturbations) {
    text += "\n### " + each.spec.name + "\n\n" + each.spec.title + ": " + each.spec.summary + "\n";
    if (!each.spec.reference.empty()) text += "Source: " + each.spec.reference + ".\n";
    text += "\n" + parameterRows(each.spec.parameters);
  }
  return text;
}

std::string corruptionText(const CorruptionResult& result) {
  std::string text = padded("accuracy", 18);
  std::vector<int> severities;  // values of one's own have none, and stand in the first column
  for (const CorruptionCell& each : result.cells) {
    const bool known = std::find(severities.begin(), severities.end(), each.severity) != severities.end();
    if (each.severity > 0 && !known) severities.push_back(each.severity);
  }
  for (const int severity : severities) text += format("%-8d  ", severity);
  if (severities.empty()) text += padded("", 8);
  const bool compared = result.baselineCleanAccuracy.has_value();
  text += compared ? "mean      CE        relative\n" : "mean\n";
  std::size_t at = 0;
  for (const CorruptionSummary& summary : result.summaries) {
    text += padded(summary.perturbation, 18);
    const std::size_t first = at;
    for (; at < result.cells.size() && result.cells[at].perturbation == summary.perturbation; ++at) {
      text += padded(percent(result.cells[at].accuracy), 8);
    }
    for (std::size_t i = at - first; i < severities.size(); ++i) text += padded("", 8);
    if (compared) {
      text += padded(percent(summary.accuracy), 8) + padded(summary.error ? percent(*summary.error) : "none", 8) +
              (summary.relativeError ? percent(*summary.relativeError) : "none");
    } else {
      text += percent(summary.accuracy);
    }
    text += "\n";
  }
  text += "\n" + padded("clean accuracy", 24) + percent(result.cleanAccuracy);
  if (compared) text += ", baseline " + percent(*result.baselineCleanAccuracy);
  text += "\n" + padded("mean accuracy", 24) + percent(result.meanAccuracy) + "\n";
  if (compared) {
    const auto share = [](const std::optional<double>& value) {
      return value ? percent(*value) : "none: under one of them the baseline makes no errors";
    };
    text += padded("mean corruption error", 24) + share(result.meanCorruptionError) + "\n" + padded("relative", 24) +
            share(result.relativeMeanCorruptionError) + "\n";
  }
  return text + padded("time", 24) +
         format("%.2f s, of it %.2f s for perturbing\n", result.seconds, result.perturbSeconds);
}

std::string robustnessText(const RobustnessResult& result, const RobustnessRequest& request) {
  const auto images = static_cast<long long>(result.samples.size());
  std::string text = format("%lld of %lld images: no x' was found that moves the answer by ε or more",
                            static_cast<long long>(result.held), static_cast<long long>(result.examined));
  if (result.examined < images) {
    text += format("\n%lld of %lld images have no x' within δ, and nothing is known of them",
                   images - static_cast<long long>(result.examined), images);
  }
  text += "\n";
  std::vector<const RobustnessSample*> broken;
  for (const RobustnessSample& sample : result.samples) {
    if (!sample.holds) broken.push_back(&sample);
  }
  std::sort(broken.begin(), broken.end(), [](const auto* a, const auto* b) { return a->divergence > b->divergence; });
  constexpr std::size_t kShown = 10;
  for (std::size_t i = 0; i < std::min(kShown, broken.size()); ++i) text += rowOf(*broken[i]);
  if (broken.size() > kShown) text += format("and %zu more: --json has all\n", broken.size() - kShown);
  if (broken.empty() && result.worst) text += "the worst x': " + rowOf(result.samples[*result.worst]);
  if (!request.output.empty() && result.worst) text += "its picture is in " + oneLine(request.output) + "\n";
  return text + format("%.2f s\n", result.seconds);
}

}  // namespace whorl::cli
