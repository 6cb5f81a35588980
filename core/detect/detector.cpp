// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/detector.h"

#include "core/base/error.h"
#include "core/detect/fingerprint_detector.h"

namespace whorl {

const std::vector<DetectorEntry>& detectors() {
  static const std::vector<DetectorEntry> table = {
      fingerprintDetectorEntry(),
  };
  return table;
}

std::unique_ptr<Detector> makeDetector(const std::string& name, const Model& model, const Parameters& parameters) {
  std::string known;
  for (const DetectorEntry& entry : detectors()) {
    if (entry.spec->name == name) return entry.make(model, resolve(name, entry.spec->parameters, parameters));
    known += (known.empty() ? "" : ", ") + entry.spec->name;
  }
  throw Error(ErrorKind::Usage, "there is no detector \"" + name + "\"", "detector", "known: " + known);
}

}  // namespace whorl
