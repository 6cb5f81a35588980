// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/surface.h"

#include <algorithm>

#include "core/base/error.h"

namespace whorl {
namespace {

std::size_t nearestOf(const std::vector<double>& ascending, double wanted) {
  const auto above = std::lower_bound(ascending.begin(), ascending.end(), wanted);
  if (above == ascending.begin()) return 0;
  const auto index = static_cast<std::size_t>(above - ascending.begin());
  if (above == ascending.end() || wanted - ascending[index - 1] <= *above - wanted) return index - 1;
  return index;
}

}  // namespace

std::size_t Surface::nearest(double wantedX, double wantedY) const {
  return nearestOf(y, wantedY) * x.size() + nearestOf(x, wantedX);
}

const SurfaceLayer& Surface::layer(const std::string& name) const {
  std::string known;
  for (const SurfaceLayer& each : layers) {
    if (each.name == name) return each;
    known += (known.empty() ? "" : ", ") + each.name;
  }
  throw Error(ErrorKind::Usage, "the landscape has no value \"" + name + "\"", "values", "it has " + known);
}

}  // namespace whorl
