// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include "core/service/similar_types.h"

namespace whorl::cli {

/// What was indexed, what is there twice, and what could not be read.
std::string similarIndexText(const SimilarIndexResult& result);

/// Ranked neighbours of each query.
std::string similarQueryText(const SimilarQueryResult& result);

/// Figures by distortion, model by model, and differences with their intervals.
std::string similarBenchmarkText(const SimilarBenchmarkResult& result, const SimilarBenchmarkRequest& request);

}  // namespace whorl::cli
