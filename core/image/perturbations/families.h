// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <vector>

#include "core/image/perturbation.h"

namespace whorl {

/// The table's rows, family by family; each family is a file of this folder. What they return lives as long as the
/// program.
std::vector<const Perturbation*> compressionPerturbations();
std::vector<const Perturbation*> geometryPerturbations();
std::vector<const Perturbation*> colourPerturbations();
std::vector<const Perturbation*> noisePerturbations();
std::vector<const Perturbation*> blurPerturbations();
std::vector<const Perturbation*> weatherPerturbations();
std::vector<const Perturbation*> digitalPerturbations();

/// Where the levels and most formulas are from.
inline constexpr const char* kCorruptionsReference = "Hendrycks & Dietterich 2019 (Common Corruptions), CIFAR-10-C";
inline constexpr const char* kStabilityReference =
    "Zheng, Song, Leung, Goodfellow 2016 (Stability Training), section 5";

/// The value of a severity from 0 to 5.
template <class Value>
Value atLevel(int severity, const std::array<Value, Perturbation::kSeverities + 1>& values) {
  return values.at(static_cast<std::size_t>(severity));
}

/// The image with each value replaced.
template <class Function>
Image mapped(Image image, Function function) {
  for (float& value : image.pixels) value = static_cast<float>(function(value));
  return image;
}

}  // namespace whorl
