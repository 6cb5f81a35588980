// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>

#include <torch/types.h>

#include "core/image/image.h"

namespace whorl {

/// [count,C,H,W] float32 on the host of images that `make` gives, one call each, spread over the calling thread's
/// intra-operator threads. All have `shape`. What `make` throws comes through.
torch::Tensor madeImages(std::int64_t count, const ImageShape& shape, const std::function<Image(std::int64_t)>& make);

}  // namespace whorl
