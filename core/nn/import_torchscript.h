// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "core/nn/classifier.h"

namespace whorl {

/// Loads a TorchScript module and tries it with two grey images: [2,C,H,W] must give finite logits [2,K], K ≥ 2, in
/// float32; else Error(BadInput) with the shapes. Loading can run code and can't be cancelled: the caller has asked the
/// user, and probeTorchScript() before.
std::shared_ptr<const Classifier> loadTorchScript(const std::filesystem::path& path, const ImageShape& input,
                                                  const std::vector<double>& mean, const std::vector<double>& scale,
                                                  torch::Device device);

}  // namespace whorl
