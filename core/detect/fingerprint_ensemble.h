// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/detect/detector.h"

namespace whorl {

/// Several fingerprinted models at once: the distances D_j of the watched model and of its companions are averaged,
/// then the smallest over the classes is taken (the authors' branch "ensemble_NFP"). An attacker has to answer for all.
/// `predicted_class` is that of the watched model. Nothing is fitted. Error(BadInput) for models without fingerprints
/// or that don't take the same images and classes; Error(Usage) without a companion.
DetectorEntry fingerprintEnsembleEntry();

}  // namespace whorl
