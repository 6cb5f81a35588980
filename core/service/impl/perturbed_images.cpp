// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/impl/perturbed_images.h"

#include <algorithm>

#include <ATen/Parallel.h>

#include "core/base/error.h"

namespace whorl {

torch::Tensor madeImages(std::int64_t count, const ImageShape& shape, const std::function<Image(std::int64_t)>& make) {
  constexpr std::int64_t kGrain = 4;  // images: some 100 µs
  torch::Tensor images = torch::empty({count, shape.channels, shape.height, shape.width}, torch::kFloat32);
  auto* target = images.mutable_data_ptr<float>();
  at::parallel_for(0, count, kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const Image image = make(i);
      if (image.shape != shape) throw Error(ErrorKind::Internal, toText(image.shape) + " among " + toText(shape));
      std::copy(image.pixels.begin(), image.pixels.end(), target + i * shape.size());
    }
  });
  return images;
}

}  // namespace whorl
