// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "core/base/parameters.h"
#include "core/data/dataset.h"
#include "core/train/training_loss.h"

namespace whorl {

/// Makes batches of a training split: the split's bytes lie once on the device (or in host memory where the device has
/// too little left), batches are gathered there and become float only then. Not thread-safe.
///
/// Everything random is drawn from (seed, epoch, image index): the order of an epoch, crops and flips.
class BatchSource {
 public:
  /// `indices` are the images to draw from; `parameters` are resolved (augmentation, crop_padding). `split` must
  /// outlive the source.
  BatchSource(const DataSplit& split, std::vector<std::int64_t> indices, const Parameters& parameters,
              std::uint64_t seed, torch::Device device);

  std::int64_t count() const { return static_cast<std::int64_t>(m_indices.size()); }
  /// Batches of an epoch. No image is dropped: the last batch is smaller, and a single image left over joins the batch
  /// before it, because batch statistics of one image mean nothing.
  std::int64_t stepsPerEpoch(std::int64_t batchSize) const;
  /// Batch number `position` of an epoch. Images [B,C,H,W] float32 in [0,1] and labels [B], on the device.
  TrainingBatch batch(std::int64_t epoch, std::int64_t position, std::int64_t batchSize);

 private:
  void startEpoch(std::int64_t epoch);
  torch::Tensor augmented(const torch::Tensor& order, std::int64_t first, std::int64_t count) const;

  ImageShape m_shape;
  std::vector<std::int64_t> m_indices;
  std::uint64_t m_seed;
  bool m_augment;
  std::int64_t m_padding;
  torch::Device m_device;
  torch::Tensor m_pixels;  ///< [n,C,H,W] uint8; padded by m_padding on each side where images are augmented
  torch::Tensor m_labels;  ///< [n] int64
  std::int64_t m_epoch = -1;
  torch::Tensor m_order;    ///< [count] int64, of this epoch, where the pixels lie
  torch::Tensor m_columns;  ///< [count,W] int64: source columns of each image of this epoch, flipped or not
  torch::Tensor m_rows;     ///< [count,H] int64
};

}  // namespace whorl
