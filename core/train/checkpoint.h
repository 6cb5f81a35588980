// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <torch/types.h>
#include <nlohmann/json.hpp>

namespace whorl {

/// All that a run needs to go on as if it had never stopped. One safetensors file: `network.*`, `optimizer.*`,
/// `fingerprint.dx`, `fingerprint.dy`, and JSON under `whorl_checkpoint` in the metadata (docs/training.md).
struct Checkpoint {
  nlohmann::json plan;    ///< what decides the numbers: parameters, seed, data, device, threads, version
  std::int64_t step = 0;  ///< steps done
  double seconds = 0;     ///< spent so far
  nlohmann::json figures = nlohmann::json::object();  ///< sums of the running epoch and the history of epochs
  std::map<std::string, torch::Tensor> network;
  std::map<std::string, torch::Tensor> optimizer;
  std::map<std::string, torch::Tensor> fingerprints;  ///< "dx" and "dy", or empty
};

/// Writes atomically: a failure leaves the checkpoint that was there. Error(Failed).
void writeCheckpoint(const Checkpoint& checkpoint, const std::filesystem::path& path);

/// How many steps the training that wrote the file had done; nothing where none wrote it. Of a damaged file nobody can
/// tell.
std::optional<std::int64_t> checkpointStep(const std::filesystem::path& path);

/// Error(BadInput) for a file that is no checkpoint or of another format.
Checkpoint readCheckpoint(const std::filesystem::path& path);

/// What two plans differ in, one line: "batch_size is 64 there and 128 here; …"; "" if they agree.
std::string planDifference(const nlohmann::json& there, const nlohmann::json& here);

}  // namespace whorl
