// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <nlohmann/json.hpp>

#include "core/service/landscape_cache.h"
#include "core/service/landscape_types.h"
#include "core/service/stopwatch.h"

namespace whorl {

/// {"x": […], "y": […], "values": {layer: [[row], …]}} (docs/json.md).
nlohmann::json surfaceDocument(const Surface& surface);

/// Ends a landscape's work: writes the file that is asked for, and the document with the surface in it.
LandscapeResult finished(LandscapeResult result, nlohmann::json document, const LandscapeRequest& request,
                         const Stopwatch& total);

/// A landscape that was computed before, told as if it were new.
LandscapeResult againFrom(LandscapeCache::Entry known, const LandscapeRequest& request, const LandscapeHooks& hooks,
                          const Stopwatch& total);

}  // namespace whorl
