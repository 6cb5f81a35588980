// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/image/image.h"

namespace whorl {

/// Labelled images of one shape, 8 bits a channel as stored on disk.
struct DataSplit {
  ImageShape shape;
  std::vector<std::uint8_t> pixels;  ///< count() * shape.size(), NCHW
  std::vector<std::int32_t> labels;  ///< in [0, classes)

  std::int64_t count() const { return static_cast<std::int64_t>(labels.size()); }
  /// One image with pixels / 255.
  Image image(std::int64_t index) const;
};

/// A data set in memory. Immutable once loaded, so shared across threads as shared_ptr<const Dataset>.
struct Dataset {
  std::string name;   ///< "mnist"
  std::string title;  ///< "MNIST"
  std::vector<std::string> classNames;
  DataSplit train;
  DataSplit test;
  std::string checksum;  ///< SHA-256 over shapes, labels and pixels of both splits (see datasetChecksum)
};

using DatasetPtr = std::shared_ptr<const Dataset>;

std::string datasetChecksum(const Dataset& dataset);

}  // namespace whorl
