// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/parameters.h"
#include "core/image/image.h"

namespace whorl {

/// A natural perturbation: something that happens to images by itself. Stateless; any thread.
class Perturbation {
 public:
  virtual ~Perturbation() = default;
  virtual const OperationSpec& spec() const = 0;
  /// Works on any size and on 1 or 3 channels; returns the same shape, pixels in [0,1]. `parameters` are resolved; the
  /// same seed gives the same pixels.
  virtual Image apply(const Image& image, const Parameters& parameters, std::uint64_t seed) const = 0;
};

/// The table: all natural perturbations, in the order in which they are shown.
const std::vector<const Perturbation*>& perturbations();
/// Error(Usage) that lists the known names.
const Perturbation& findPerturbation(const std::string& name);

}  // namespace whorl
