// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/engine_entry.h"

#include "core/service/engine_impl.h"

/// The one symbol that front ends look for (engine_loader.cpp).
extern "C" __attribute__((visibility("default"))) whorl::Engine* whorl_create_engine(
    const whorl::EngineOptions& options) {
  return new whorl::EngineImpl(options);
}
