// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "core/service/types.h"

namespace whorl::cli {

/// Text for a cell of a Markdown table, which must not end the cell.
std::string cell(std::string text);
/// A Markdown table of declared parameters.
std::string parameterRows(const std::vector<ParameterSpec>& specs);

/// One line an attack: name, threat model, norms, whether it can be targeted, and its reference.
std::string attackList(const std::vector<AttackInfo>& attacks);

/// All that is declared (docs/json.md).
nlohmann::json attackDocuments(const std::vector<AttackInfo>& attacks);

/// The generated part of docs/attacks.md: an overview, then each attack with its parameters and presets.
std::string attackMarkdown(const std::vector<AttackInfo>& attacks);

}  // namespace whorl::cli
