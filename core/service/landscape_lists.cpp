// SPDX-License-Identifier: GPL-3.0-or-later
// What landscapes can be made of and show, and their files.
#include "core/landscape/direction.h"
#include "core/landscape/surface_file.h"
#include "core/landscape/values.h"
#include "core/landscape/weight_direction.h"
#include "core/landscape/weight_sample.h"
#include "core/service/engine_impl.h"
#include "core/service/impl/inference.h"
#ifndef WHORL_MINIMAL
#include "core/image/colour_map.h"
#endif

namespace whorl {

std::vector<LandscapeDirectionInfo> EngineImpl::landscapeDirections() const {
  std::vector<LandscapeDirectionInfo> list;
  for (const auto& entry : whorl::landscapeDirections()) {
    list.push_back({entry.spec, entry.needsAttack, entry.needsImage, entry.needsMask});
  }
  return list;
}

std::vector<LandscapeValueInfo> EngineImpl::landscapeValues() const {
  std::vector<LandscapeValueInfo> list;
  for (const auto& entry : whorl::landscapeValues()) {
    list.push_back({entry.spec, entry.distances, entry.threshold, entry.gradients, entry.detector, entry.perClass});
  }
  return list;
}

LandscapeColours EngineImpl::landscapeColours() const {
#ifdef WHORL_MINIMAL
  return {};
#else
  return {viridis().begin(), viridis().end()};
#endif
}

void EngineImpl::saveLandscape(const Surface& surface, const std::string& path) {
  translated("landscape", [&] {
    checkSurfaceFile(path);
    writeSurface(surface, path);
  });
}

std::vector<WeightDirectionInfo> EngineImpl::weightDirections() const {
  std::vector<WeightDirectionInfo> list;
  for (const auto& entry : whorl::weightDirections()) {
    list.push_back({entry.spec, entry.leastOthers, entry.mostOthers, entry.usualRange, entry.measures});
  }
  return list;
}

std::vector<LandscapeValueInfo> EngineImpl::weightValues() const {
  std::vector<LandscapeValueInfo> list;
  for (const auto& entry : whorl::weightValues()) list.push_back({entry.spec, entry.fingerprints});
  return list;
}

}  // namespace whorl
