// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "core/detect/detector.h"
#include "core/fingerprint/fingerprint.h"

namespace whorl {

/// Neural Fingerprinting as a detector: the score is the smallest fingerprint distance over the classes, or that of the
/// predicted class (parameter `acceptance`). Needs a model with fingerprints; nothing is fitted.
DetectorEntry fingerprintDetectorEntry();

/// The declared parameter of all detectors by fingerprints, and what a resolved value of it means.
ParameterSpec acceptanceParameter();
FingerprintScore::Acceptance acceptanceOf(const Parameters& parameters);
/// The score of a model's own fingerprints, on its classifier's device. Error(BadInput) if it has none.
std::shared_ptr<const FingerprintScore> fingerprintScoreOf(const Model& model, FingerprintScore::Acceptance acceptance);

}  // namespace whorl
