// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/parameters.h"
#include "core/nn/classifier.h"

namespace whorl {

/// What a direction is made from. Tensors are on the classifier's device and of its type.
struct DirectionSource {
  const Classifier* classifier = nullptr;
  torch::Tensor image;     ///< [1,C,H,W]: where it starts
  std::int64_t label = 0;  ///< class whose loss a gradient raises
  std::uint64_t seed = 0;  ///< of random directions
  /// [1,C,H,W] of another image by its place in the data set; null where there is none.
  std::function<torch::Tensor(std::int64_t index)> otherImage;
  /// [T,C,H,W], T >= 1: the iterates of an attack on `image`, the last one what it found. Undefined without an attack.
  torch::Tensor path;
  torch::Tensor mask;  ///< [1,C,H,W]: how much each pixel is to change. Undefined without one.
};

/// A line of the table: one way to leave an image.
struct DirectionEntry {
  OperationSpec spec;
  bool needsAttack = false;  ///< DirectionSource::path
  bool needsImage = false;   ///< DirectionSource::otherImage
  /// [1,C,H,W] of any length; `parameters` are resolved. Error(Usage) for what the source lacks, Error(BadInput) where
  /// the model gives no gradients.
  std::function<torch::Tensor(const DirectionSource& source, const Parameters& parameters)> make;
  bool needsMask = false;  ///< DirectionSource::mask
};

/// The table: all directions in input space.
const std::vector<DirectionEntry>& landscapeDirections();
/// Error(Usage) that lists the known names.
const DirectionEntry& findDirection(const std::string& name);

/// The direction by name; `axis` 0 or 1, so that two random directions of one seed differ. Checks parameters.
torch::Tensor makeDirection(const std::string& name, const Parameters& parameters, const DirectionSource& source,
                            int axis);

}  // namespace whorl
