// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace whorl {

/// Brackets within each other, and names of one dotted key, beyond which checkTomlDepth() refuses.
inline constexpr int kDeepestToml = 16;

/// Refuses text that would become a deeply nested document, before anything recurses into it: Error(BadInput) with
/// "WHERE:LINE". Text that is no TOML passes, or is refused for its depth up to its first mistake. Any thread.
void checkTomlDepth(std::string_view text, const std::string& where);

}  // namespace whorl
