// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/augmentation.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/from_blob.h>

#include "core/base/random.h"
#include "core/nn/device.h"

namespace whorl {

BatchSource::BatchSource(const DataSplit& split, std::vector<std::int64_t> indices, const Parameters& parameters,
                         std::uint64_t seed, torch::Device device)
    : m_shape(split.shape),
      m_indices(std::move(indices)),
      m_seed(seed),
      m_augment(parameters.text("augmentation") == "crop_flip"),
      m_padding(m_augment ? parameters.integer("crop_padding") : 0),
      m_device(device) {
  // from_blob wants a mutable pointer; the tensor is only read.
  auto* bytes = const_cast<std::uint8_t*>(split.pixels.data());
  auto* labels = const_cast<std::int32_t*>(split.labels.data());
  m_pixels = at::from_blob(bytes, {split.count(), m_shape.channels, m_shape.height, m_shape.width}, torch::kUInt8);
  m_labels = at::from_blob(labels, {split.count()}, torch::kInt32).to(torch::kInt64);
  if (m_augment) {
    // Padding comes before everything else, so that the border is black: -0.5 for the network.
    m_pixels = at::constant_pad_nd(m_pixels, {m_padding, m_padding, m_padding, m_padding}, 0);
  }
  const bool fits = device.is_cpu() || m_pixels.numel() < freeMemory(device) / 4;
  if (fits) {
    m_pixels = m_pixels.to(device);
    m_labels = m_labels.to(device);
  }
}

std::int64_t BatchSource::stepsPerEpoch(std::int64_t batchSize) const {
  const std::int64_t whole = count() / batchSize;
  return whole + (count() % batchSize > 1 || whole == 0 ? 1 : 0);
}

void BatchSource::startEpoch(std::int64_t epoch) {
  m_epoch = epoch;
  std::vector<std::int64_t> order = m_indices;
  Random random(mixSeed(mixSeed(m_seed, "order"), static_cast<std::uint64_t>(epoch)));
  random.shuffle(order);
  const torch::Device device = m_pixels.device();
  m_order = torch::tensor(order, torch::kInt64).to(device);
  if (!m_augment) return;

  torch::Tensor rows = torch::empty({count(), m_shape.height}, torch::kInt64);
  torch::Tensor columns = torch::empty({count(), m_shape.width}, torch::kInt64);
  auto* row = rows.data_ptr<std::int64_t>();
  auto* column = columns.data_ptr<std::int64_t>();
  const std::uint64_t purpose = mixSeed(m_seed, "augmentation");
  const auto offsets = static_cast<std::uint64_t>(2 * m_padding + 1);
  for (const std::int64_t index : order) {
    Random draw(mixSeed(purpose, static_cast<std::uint64_t>(epoch), static_cast<std::uint64_t>(index)));
    const auto top = static_cast<std::int64_t>(draw.below(offsets));
    const auto left = static_cast<std::int64_t>(draw.below(offsets));
    const bool flip = draw.bernoulli(0.5);
    for (std::int64_t y = 0; y < m_shape.height; ++y) *row++ = top + y;
    for (std::int64_t x = 0; x < m_shape.width; ++x) *column++ = left + (flip ? m_shape.width - 1 - x : x);
  }
  m_rows = rows.to(device);
  m_columns = columns.to(device);
}

torch::Tensor BatchSource::augmented(const torch::Tensor& order, std::int64_t first, std::int64_t count) const {
  const torch::Tensor images = order.view({count, 1, 1, 1});
  const torch::Tensor channels =
      torch::arange(m_shape.channels, torch::TensorOptions(torch::kInt64).device(order.device())).view({1, -1, 1, 1});
  const torch::Tensor rows = m_rows.narrow(0, first, count).view({count, 1, m_shape.height, 1});
  const torch::Tensor columns = m_columns.narrow(0, first, count).view({count, 1, 1, m_shape.width});
  return m_pixels.index({images, channels, rows, columns});
}

TrainingBatch BatchSource::batch(std::int64_t epoch, std::int64_t position, std::int64_t batchSize) {
  if (epoch != m_epoch) startEpoch(epoch);
  const std::int64_t first = position * batchSize;
  const bool last = position + 1 == stepsPerEpoch(batchSize);
  const std::int64_t size = last ? count() - first : batchSize;
  const torch::Tensor order = m_order.narrow(0, first, size);
  const torch::Tensor bytes = m_augment ? augmented(order, first, size) : m_pixels.index_select(0, order);
  TrainingBatch batch;
  batch.images = bytes.to(m_device).to(torch::kFloat32).div_(255);
  batch.labels = m_labels.index_select(0, order).to(m_device);
  return batch;
}

}  // namespace whorl
