// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace whorl {

/// Where the helper writes its answer, one JSON object: {"ok": true} or {"message", "hint", "usage"}. Not stdout, which
/// a module can print to.
inline constexpr int kAnswerDescriptor = 3;

}  // namespace whorl
