// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/surface.h"

#include "core/base/error.h"

namespace whorl {

const SurfaceLayer& Surface::layer(const std::string& name) const {
  std::string known;
  for (const SurfaceLayer& each : layers) {
    if (each.name == name) return each;
    known += (known.empty() ? "" : ", ") + each.name;
  }
  throw Error(ErrorKind::Usage, "the landscape has no value \"" + name + "\"", "values", "it has " + known);
}

}  // namespace whorl
