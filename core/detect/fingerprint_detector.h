// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/detect/detector.h"

namespace whorl {

/// Neural Fingerprinting as a detector: the score is the smallest fingerprint distance over the classes, or that of the
/// predicted class (parameter `acceptance`). Needs a model with fingerprints.
DetectorEntry fingerprintDetectorEntry();

}  // namespace whorl
