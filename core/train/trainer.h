// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/base/job.h"
#include "core/base/parameters.h"
#include "core/data/dataset.h"
#include "core/nn/model.h"

namespace whorl {

/// Declared parameters of the optimiser loop: epochs, batch_size, optimizer (adam, sgd, adadelta), learning_rate,
/// momentum, weight_decay, schedule (constant, cosine, one_cycle, steps), precision (float32, bfloat16), augmentation
/// (none, crop_flip), validation_fraction, checkpoint_seconds, …
const std::vector<ParameterSpec>& trainerParameters();

/// Named sets of values for architecture, objective and all parameters: "mnist-fingerprint" and so on.
struct TrainingPreset {
  std::string name;
  std::string title;
  std::string dataset;
  std::string architecture;
  std::string objective;
  Parameters parameters;
};
const std::vector<TrainingPreset>& trainingPresets();

struct TrainingPlan {
  DatasetPtr dataset;
  std::string architecture;
  std::string objective;  ///< "plain", "fingerprint", "plain+adversarial", …
  Parameters parameters;  ///< of the loop, the objective and the fingerprints; resolved
  std::uint64_t seed = 0;
  torch::Device device = torch::kCPU;
  int threads = 0;                   ///< intra-operator threads, part of the plan (0: all)
  std::filesystem::path checkpoint;  ///< "" for none; resumed from if `resume` is set
  bool resume = false;
  /// Folder for a model file of the start (epoch-0000.safetensors) and of each epoch's end; "" for none. Must hold none
  /// of an earlier run, unless this one goes on from its checkpoint.
  std::filesystem::path epochs;
  std::filesystem::path start;  ///< file of the parameter start_from, "" for the parameter's text itself
  std::int64_t limitTrain = 0;  ///< use only so many training images (0: all)
};

/// Live figures of one step or epoch.
struct TrainingEvent {
  bool epochEnd = false;
  std::int64_t step = 0;
  std::int64_t steps = 0;       ///< in all
  std::int64_t epoch = 0;       ///< from 1
  std::vector<Metric> metrics;  ///< loss terms apart, accuracy, learning_rate, images_per_second; epochs: validation_*
};

struct TrainingOutcome {
  Model model;                 ///< eval mode, on the CPU, with fingerprints and threshold where there are any
  double seconds = 0;          ///< of this run (a resumed run counts from its start)
  double imagesPerSecond = 0;  ///< clean training images
  double copiesPerSecond = 0;  ///< images through the network, shifted copies included
  double testAccuracy = 0;
  std::vector<TrainingEvent> history;  ///< epoch ends
  bool stoppedEarly = false;           ///< stop-and-keep was asked for
};

/// Trains a network. Same plan, same seed, same device and version: same numbers, also when it was cancelled and
/// resumed from its checkpoint. Cancelling throws Error(Cancelled) after the checkpoint was written. NaN, infinity or
/// divergence throws Error(Failed) with the step. `stopAndKeep` ends at the next step and keeps what is there.
TrainingOutcome train(const TrainingPlan& plan, const JobContext& context,
                      const std::function<void(const TrainingEvent&)>& onEvent = {},
                      const std::function<bool()>& stopAndKeep = {});

/// Share of correctly classified images of a split, in batches; cancellable.
double accuracy(const Classifier& classifier, const DataSplit& split, const JobContext& context);

}  // namespace whorl
