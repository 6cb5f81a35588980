// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/experiment/comparison.h"
#include "core/service/engine.h"

namespace whorl {

/// "crop:offset=2+jpeg:quality=50" as steps. Error(BadInput) with `where` for a perturbation or parameter that there
/// isn't.
std::vector<StepRequest> distortionSteps(const Engine& engine, const std::string& text, const std::string& where);

/// A plan as the engine takes it, without models. Error(BadInput) with `where` for its distortions.
SimilarBenchmarkRequest duplicateRequest(const Engine& engine, const DuplicatePlan& plan, const std::string& dataset,
                                         const std::string& where);

/// A network to be measured.
struct DuplicateModel {
  std::string row;
  std::string file;
  std::string sha256;
};

/// What their figures depend on, for a key.
nlohmann::json duplicateKey(const DuplicatePlan& plan, const std::vector<DuplicateModel>& models, std::uint64_t seed);

/// The benchmark's document (docs/json.md) without paths. Call it inside a job; throws what the engine throws.
nlohmann::json measuredDuplicates(Engine& engine, SimilarBenchmarkRequest request,
                                  const std::vector<DuplicateModel>& models, std::uint64_t seed,
                                  const JobContext& context);

/// Such a document by row, the baseline first. Error(BadInput) with `where` for one that isn't of so many models.
std::vector<DuplicateRun> duplicateRuns(const nlohmann::json& document, const std::vector<DuplicateModel>& models,
                                        std::uint64_t seed, const std::string& where);

/// For people: a row's means over seeds, all distortions together.
std::vector<std::string> duplicateLines(const std::vector<DuplicateRun>& runs);
/// For docs/json.md: figures without curves and distances, which the kept documents hold.
nlohmann::json duplicateDocument(const std::vector<DuplicateRun>& runs);

/// Writes near-duplicates.md, .tex and .html into the folder and returns their paths.
std::vector<std::string> writeDuplicates(const std::string& folder, const Comparison& comparison,
                                         const std::vector<DuplicateRun>& runs,
                                         std::vector<std::pair<std::string, std::string>> provenance);

}  // namespace whorl
