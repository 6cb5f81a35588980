// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <utility>

#include <torch/types.h>

#include "core/data/dataset.h"
#include "core/nn/device.h"
#include "core/nn/model.h"
#include "core/nn/thread_scope.h"
#include "core/service/types.h"

namespace whorl {

/// [1,C,H,W] float32 on the host.
torch::Tensor toTensor(const Image& image);
/// From [C,H,W] of any device.
Image toImage(const torch::Tensor& pixels);

/// [B,C,H,W] uint8 on the host, as stored: all training images in float would be four times as large.
torch::Tensor bytesAt(const DataSplit& split, std::span<const std::int64_t> indices);
/// [B,C,H,W] float32 in [0,1] on `device`.
torch::Tensor imagesAt(const DataSplit& split, std::span<const std::int64_t> indices, torch::Device device);
/// [B] int64 on `device`.
torch::Tensor labelsAt(const DataSplit& split, std::span<const std::int64_t> indices, torch::Device device);

/// What a model says of a batch; tensors on the host.
struct Judgement {
  torch::Tensor logits;         ///< [B,K] float64
  torch::Tensor probabilities;  ///< [B,K] float64
  torch::Tensor distances;      ///< [B,K] float64; undefined without fingerprints
};
/// One forward for the images and all their fingerprints, without gradients.
Judgement judge(const Model& model, const torch::Tensor& images);
Verdict verdictAt(const Model& model, const Judgement& judgement, std::int64_t row);

/// So many images a batch as fit into half of the free memory of the model's device, at most `wanted`.
/// `copies`: forwards an image needs at once (N + 1 where fingerprints are scored); `gradients`: activations are kept.
std::int64_t fittingBatch(const Model& model, std::int64_t wanted, std::int64_t copies, bool gradients);

/// Fingerprint copies that judge() runs for one image: N + 1.
std::int64_t copiesOf(const Model& model);

/// Runs `work`; whatever torch throws leaves it as an Error that says what was being done.
template <class Work>
auto translated(const std::string& where, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    rethrowTorchError(std::current_exception(), where);
  }
}

}  // namespace whorl
