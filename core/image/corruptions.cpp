// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image/corruptions.h"

#include "core/base/error.h"

namespace whorl {

const std::vector<CorruptionSuite>& corruptionSuites() {
  static const char* kReference =
      "Hendrycks & Dietterich 2019, Benchmarking Neural Network Robustness to Common "
      "Corruptions and Perturbations";
  static const std::vector<CorruptionSuite> table = {
      {"corruptions",
       "Common corruptions",
       kReference,
       {"gaussian-noise", "shot-noise", "impulse-noise", "defocus-blur", "glass-blur", "motion-blur", "zoom-blur",
        "snow", "frost", "fog", "brightness", "contrast", "elastic", "pixelate", "jpeg"}},
      {"corruptions-extra",
       "The four extra corruptions",
       kReference,
       {"speckle-noise", "gaussian-blur", "spatter", "saturation"}}};
  return table;
}

const CorruptionSuite& findCorruptionSuite(const std::string& name) {
  std::string known;
  for (const CorruptionSuite& suite : corruptionSuites()) {
    if (suite.name == name) return suite;
    known += (known.empty() ? "" : ", ") + suite.name;
  }
  throw Error(ErrorKind::Usage, "there is no suite \"" + name + "\"", "suite", "known are " + known);
}

}  // namespace whorl
