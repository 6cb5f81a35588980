// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "core/service/types.h"

namespace whorl {

struct Dataset;

/// The documents that commands return (docs/json.md). Names in them are a promise to scripts: add, never rename.

/// What every document starts with: command, version, torch_version, date (UTC), seed, device, device_name, plan.
nlohmann::json documentHead(const std::string& command, std::uint64_t seed, const std::string& device, int threads,
                            std::int64_t batchSize, const std::string& precision);

nlohmann::json datasetDocument(const Dataset& dataset);
nlohmann::json verdictDocument(const Verdict& verdict, const std::vector<std::string>& classNames);
nlohmann::json shapeDocument(const ImageShape& shape);

/// The number, or null where there is none (NaN, infinity), since JSON has no word for those.
inline nlohmann::json numberOrNull(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

/// The document as text. File names are bytes; what in them is no UTF-8 becomes U+FFFD.
inline std::string jsonText(const nlohmann::json& document) {
  return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// "2.13.0"
std::string torchVersionText();

}  // namespace whorl
