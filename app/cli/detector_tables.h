// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/service/types.h"

namespace whorl::cli {

/// "nothing", "training images, attacked images": what a detector must be given before it can score.
std::string detectorNeeds(const DetectorInfo& detector);

/// One line a detector: name, what it needs, and its reference.
std::string detectorList(const std::vector<DetectorInfo>& detectors);

/// All that is declared (docs/json.md).
nlohmann::json detectorDocuments(const std::vector<DetectorInfo>& detectors);

/// The generated part of docs/detectors.md: an overview, then each detector with its parameters.
std::string detectorMarkdown(const std::vector<DetectorInfo>& detectors);

}  // namespace whorl::cli
