// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/detector_tables.h"

#include <nlohmann/json.hpp>

#include "app/cli/attack_tables.h"
#include "app/cli/text.h"

namespace whorl::cli {

using nlohmann::json;

std::string detectorNeeds(const DetectorInfo& detector) {
  std::string text;
  const auto add = [&](bool needed, const char* what) {
    if (needed) text += (text.empty() ? "" : ", ") + std::string(what);
  };
  add(detector.companions, "other models");
  add(detector.needsTrainingImages, "training images");
  add(detector.needsAttackedImages, "attacked images");
  return text.empty() ? "nothing" : text;
}

std::string detectorList(const std::vector<DetectorInfo>& detectors) {
  std::string text;
  for (const auto& detector : detectors) {
    text += padded(detector.spec.name, 22) + padded(detectorNeeds(detector), 34) + detector.spec.reference + "\n";
  }
  return text;
}

json detectorDocuments(const std::vector<DetectorInfo>& detectors) {
  json list = json::array();
  for (const auto& detector : detectors) {
    json entry = toJson(detector.spec);
    entry["needs_training_images"] = detector.needsTrainingImages;
    entry["needs_attacked_images"] = detector.needsAttackedImages;
    entry["needs_twins"] = detector.needsTwins;
    entry["companions"] = detector.companions;
    list.push_back(std::move(entry));
  }
  return list;
}

std::string detectorMarkdown(const std::vector<DetectorInfo>& detectors) {
  std::string text = "| detector | needs | reference |\n|---|---|---|\n";
  for (const auto& detector : detectors) {
    text += "| [`" + detector.spec.name + "`](#" + detector.spec.name + ") " + cell(detector.spec.title) + " | " +
            detectorNeeds(detector) + " | " + cell(detector.spec.reference) + " |\n";
  }
  for (const auto& detector : detectors) {
    text += "\n### " + detector.spec.name + "\n\n" + detector.spec.title + ": " + detector.spec.summary + "\n";
    if (!detector.spec.parameters.empty()) text += "\n" + parameterRows(detector.spec.parameters);
  }
  return text;
}

}  // namespace whorl::cli
