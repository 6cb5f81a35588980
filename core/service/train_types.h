// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// A training run as a front end sees it: plain types only.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/job.h"
#include "core/base/parameters.h"

namespace whorl {

struct TrainRequest {
  std::string dataset;
  std::string architecture;
  std::string objective = "plain";
  Parameters parameters;  ///< loop, objective and fingerprints together; missing ones take their defaults
  std::uint64_t seed = 0;
  std::string device = "auto";
  int threads = 0;         ///< 0: all but EngineOptions::reservedCores
  std::string output;      ///< model file; "" for a new one in the user's folder
  std::string modelName;   ///< for people; "" for the output's stem
  std::string checkpoint;  ///< "" for OUTPUT.checkpoint
  /// Keep the network of the start and of each epoch's end as model files in the folder OUTPUT.epochs: the path that a
  /// landscape around the finished network shows.
  bool keepEpochs = false;
  bool resume = false;  ///< continue from the checkpoint if it is there
  std::int64_t limitTrain = 0;
};

struct TrainEvent {
  bool epochEnd = false;
  std::int64_t step = 0;
  std::int64_t steps = 0;
  std::int64_t epoch = 0;
  std::vector<Metric> metrics;
};

struct TrainResult {
  std::string model;  ///< path
  std::string modelSha256;
  double testAccuracy = 0;
  double seconds = 0;
  double imagesPerSecond = 0;
  double copiesPerSecond = 0;
  std::optional<double> threshold;
  std::string device;
  std::string json;  ///< the whole documented object (docs/json.md)
};

/// Called on the training worker; must be short. `keep` lets the front end ask for stop-and-keep.
struct TrainHooks {
  std::function<void(const TrainEvent&)> onEvent;
  std::function<bool()> stopAndKeep;
};

}  // namespace whorl
