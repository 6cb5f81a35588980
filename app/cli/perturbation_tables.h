// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/service/perturbation_types.h"

namespace whorl::cli {

/// Family by family: name, summary and parameters. Then the suites.
std::string perturbationList(const std::vector<PerturbationInfo>& perturbations,
                             const std::vector<CorruptionSuiteInfo>& suites);

/// All that is declared (docs/json.md).
nlohmann::json perturbationDocument(const std::vector<PerturbationInfo>& perturbations,
                                    const std::vector<CorruptionSuiteInfo>& suites);

/// The generated part of docs/perturbations.md: an overview, then each perturbation with its parameters.
std::string perturbationMarkdown(const std::vector<PerturbationInfo>& perturbations,
                                 const std::vector<CorruptionSuiteInfo>& suites);

/// Accuracy of each cell, a row a perturbation; then the means.
std::string corruptionText(const CorruptionResult& result);

/// How many samples held, and the worst x' of those that didn't.
std::string robustnessText(const RobustnessResult& result, const RobustnessRequest& request);

}  // namespace whorl::cli
