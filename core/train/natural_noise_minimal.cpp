// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/train/natural_noise.h"

namespace whorl {

std::unique_ptr<NaturalNoise> makeNaturalNoise(const NaturalNoise::Request& request) {
  throw Error(ErrorKind::Usage, "this build has no natural perturbations such as \"" + request.names.front() + "\"",
              "noise", "use gaussian, or the full build");
}

}  // namespace whorl
