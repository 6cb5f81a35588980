// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json.hpp>

#include "core/experiment/comparison.h"

// A comparison's figures as JSON: as the engine says them, and as the program tells them. Any thread.

namespace whorl {

/// The losses and times of one training, from the document that the engine made of it.
ComparedRun comparedRun(std::uint64_t seed, const nlohmann::json& training);
/// One cell of the document of Engine::corruptions().
ComparedCell comparedCell(const nlohmann::json& cell);
/// One row of the comparison's own document.
nlohmann::json rowDocument(const Comparison& comparison, const ComparedRow& row);

}  // namespace whorl
