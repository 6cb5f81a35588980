// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/comparison_pieces.h"

#include <algorithm>
#include <cstddef>
#include <system_error>

#include "core/base/atomic_file.h"
#include "core/base/sha256.h"

namespace whorl {
namespace {

constexpr std::size_t kLargestDocument = std::size_t{64} << 20;

}  // namespace

std::string pieceKey(const nlohmann::json& request) {
  const std::string text = request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return sha256Hex(text.data(), text.size());
}

std::optional<nlohmann::json> keptPiece(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) return std::nullopt;
  nlohmann::json document = nlohmann::json::parse(readFile(file, kLargestDocument), nullptr, false);
  if (!document.is_object()) return std::nullopt;
  return document;
}

bool areTestFigures(const nlohmann::json& piece, std::size_t cells) {
  const auto isNumber = [](const nlohmann::json& in, const char* name) {
    const auto found = in.find(name);
    return found != in.end() && found->is_number();
  };
  if (!piece.is_object() || !isNumber(piece, "clean_accuracy") || !isNumber(piece, "seconds")) return false;
  const auto list = piece.find("cells");
  if (list == piece.end() || !list->is_array() || list->size() < cells) return false;
  return std::all_of(list->begin(), list->end(),
                     [&](const nlohmann::json& cell) { return cell.is_object() && isNumber(cell, "accuracy"); });
}

void keepPiece(const nlohmann::json& document, const std::filesystem::path& file) {
  AtomicFile target(file);
  target.write(document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  target.commit();
}

}  // namespace whorl
