// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/service/engine.h"

namespace whorl {

/// The one symbol of the engine library: makes an engine, which the caller owns. Throws Error.
using EngineEntry = Engine* (*)(const EngineOptions& options);
constexpr const char* kEngineEntryName = "whorl_create_engine";

}  // namespace whorl
