// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/dataset.h"

#include "core/base/error.h"
#include "core/base/sha256.h"

namespace whorl {

namespace {

void hashNumber(Sha256& hash, std::uint64_t value) {
  std::uint8_t bytes[8];
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
  hash.update(bytes, sizeof bytes);
}

void hashSplit(Sha256& hash, const DataSplit& split) {
  for (const int side : {split.shape.channels, split.shape.height, split.shape.width}) {
    hashNumber(hash, static_cast<std::uint64_t>(side));
  }
  hashNumber(hash, static_cast<std::uint64_t>(split.count()));
  for (const std::int32_t label : split.labels) {
    const auto value = static_cast<std::uint32_t>(label);
    const std::uint8_t bytes[4]{std::uint8_t(value), std::uint8_t(value >> 8), std::uint8_t(value >> 16),
                                std::uint8_t(value >> 24)};
    hash.update(bytes, sizeof bytes);
  }
  hash.update(split.pixels.data(), split.pixels.size());
}

}  // namespace

Image DataSplit::image(std::int64_t index) const {
  if (index < 0 || index >= count()) {
    throw Error(ErrorKind::Usage, "there is no image " + std::to_string(index), {},
                "the data has " + std::to_string(count()) + " images, counted from 0");
  }
  const auto size = static_cast<std::size_t>(shape.size());
  const std::uint8_t* first = pixels.data() + static_cast<std::size_t>(index) * size;
  Image image{shape, std::vector<float>(size)};
  for (std::size_t i = 0; i < size; ++i) image.pixels[i] = static_cast<float>(first[i]) / 255.0f;
  return image;
}

std::string datasetChecksum(const Dataset& dataset) {
  Sha256 hash;
  hashSplit(hash, dataset.train);
  hashSplit(hash, dataset.test);
  return hash.hex();
}

}  // namespace whorl
