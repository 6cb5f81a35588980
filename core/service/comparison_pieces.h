// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace whorl {

// The finished pieces of a comparison: a JSON document a file, named by what it depends on.

/// SHA-256 over the request's JSON.
std::string pieceKey(const nlohmann::json& request);

/// A finished piece's document; none if there isn't one or it can't be read.
std::optional<nlohmann::json> keptPiece(const std::filesystem::path& file);

/// Whether a piece is what tests of a network give, of at least so many cells: it may have been damaged.
bool areTestFigures(const nlohmann::json& piece, std::size_t cells);

/// Atomically. Error(Failed).
void keepPiece(const nlohmann::json& document, const std::filesystem::path& file);

}  // namespace whorl
