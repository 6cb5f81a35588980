// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/experiment/workbench.h"

namespace whorl {

// Keys of the run store: SHA-256 over JSON with sorted names of everything that a result depends on, the version of its
// computation included. What only changes speed (threads, batches, slices that exist already) is not part of them.

/// Counts up when the same request would give other numbers than before.
struct ComputationVersions {
  int training = 1;
  int selection = 1;
  int attack = 1;
  int fit = 1;
  int scores = 1;
  int minibatches = 2;  ///< of detectors that look at images together
};
inline constexpr ComputationVersions kComputation;

std::string keyOf(const nlohmann::json& request);

/// `startSha256`: of the weights that it starts from, since a name may come to mean others; "" for random ones.
nlohmann::json request(const TrainingTask& task, const std::string& dataChecksum, const std::string& startSha256 = {});
/// The model that a training starts from; "" for none.
std::string startOf(const TrainingTask& task);
nlohmann::json request(const ImageChoice& choice, std::int64_t target, const std::string& dataChecksum,
                       const std::string& modelSha256);
/// Of an attack on a model, without the images.
nlohmann::json request(const AttackTask& task, const std::string& split, std::uint64_t seed,
                       const std::string& dataChecksum, const std::string& modelSha256);
nlohmann::json request(const DetectorTask& task);

/// What costs alike.
std::string costKey(const AttackTask& task, const ModelFile& model, const std::string& data);
std::string costKey(const TrainingTask& task);
std::string costKey(const DetectorTask& task, const std::string& step, const ModelFile& model, const std::string& data);

}  // namespace whorl
