// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/attack_tables.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "app/cli/arguments.h"
#include "app/cli/text.h"

namespace whorl::cli {
namespace {

using nlohmann::json;

const ParameterSpec* find(const AttackInfo& attack, const std::string& name) {
  const auto& list = attack.spec.parameters;
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& spec) { return spec.name == name; });
  return found == list.end() ? nullptr : &*found;
}

std::string goals(const AttackInfo& attack) { return find(attack, "targeted") ? "untargeted, targeted" : "untargeted"; }

std::string presetRows(const AttackInfo& attack) {
  std::string text = "| preset | values | |\n|---|---|---|\n";
  for (const auto& preset : attack.presets) {
    std::string values;
    for (const auto& [name, value] : preset.parameters.values()) {
      values += (values.empty() ? "" : ", ") + name + " " + toText(value);
    }
    text += "| `" + preset.name + "` | " + cell(values) + " | " + cell(preset.summary) + " |\n";
  }
  return text;
}

}  // namespace

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string parameterRows(const std::vector<ParameterSpec>& specs) {
  std::string text = "| parameter | default | range | unit | |\n|---|---|---|---|---|\n";
  for (const auto& spec : specs) {
    const bool boolean = spec.type == ParameterType::Boolean;
    text += "| `" + spec.name + "` | " + cell(toText(spec.defaultValue)) + " | " +
            cell(boolean ? "true or false" : allowedRange(spec)) + " | " + cell(spec.unit) + " | " + cell(spec.help) +
            " |\n";
  }
  return text;
}

std::string attackList(const std::vector<AttackInfo>& attacks) {
  std::string text;
  for (const auto& attack : attacks) {
    text += padded(attack.spec.name, 9) + padded(attack.threatModel, 9) + padded(joined(attack.norms), 12) +
            padded(goals(attack), 20) + (attack.adaptiveParameters.empty() ? "            " : "adaptive    ") +
            attack.spec.reference + "\n";
  }
  return text;
}

json attackDocuments(const std::vector<AttackInfo>& attacks) {
  json list = json::array();
  for (const auto& attack : attacks) {
    json entry = toJson(attack.spec);
    entry["threat_model"] = attack.threatModel;
    entry["norms"] = attack.norms;
    entry["targeted"] = find(attack, "targeted") != nullptr;
    entry["adaptive"] = !attack.adaptiveParameters.empty();
    OperationSpec adaptive;
    adaptive.parameters = attack.adaptiveParameters;
    entry["adaptive_parameters"] = toJson(adaptive)["parameters"];
    entry["presets"] = json::object();
    entry["preset_summaries"] = json::object();
    entry["preset_threat_models"] = json::object();
    for (const auto& preset : attack.presets) {
      entry["presets"][preset.name] = toJson(preset.parameters);
      entry["preset_summaries"][preset.name] = preset.summary;
      entry["preset_threat_models"][preset.name] = preset.threatModel;
    }
    list.push_back(std::move(entry));
  }
  return list;
}

std::string attackMarkdown(const std::vector<AttackInfo>& attacks) {
  std::string text = "| attack | needs | norms | goals | adaptive form | reference |\n|---|---|---|---|---|---|\n";
  for (const auto& attack : attacks) {
    text += "| [`" + attack.spec.name + "`](#" + attack.spec.name + ") " + attack.spec.title + " | " +
            attack.threatModel + " | " + joined(attack.norms) + " | " + goals(attack) + " | " +
            (attack.adaptiveParameters.empty() ? "no" : "yes") + " | " + cell(attack.spec.reference) + " |\n";
  }
  for (const auto& attack : attacks) {
    text += "\n### " + attack.spec.name + "\n\n" + attack.spec.title + ": " + attack.spec.summary + "\n\n" +
            parameterRows(attack.spec.parameters);
    if (!attack.presets.empty()) text += "\n" + presetRows(attack);
  }
  for (const auto& attack : attacks) {
    if (attack.adaptiveParameters.empty()) continue;
    text +=
        "\n### Parameters of adaptive attacks\n\nAll attacks with an adaptive form take these under the threat model "
        "adaptive-white-box.\n\n" +
        parameterRows(attack.adaptiveParameters);
    break;
  }
  return text;
}

}  // namespace whorl::cli
