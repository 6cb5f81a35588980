// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "core/train/augmentation.h"
#include "core/train/checkpoint.h"
#include "core/train/optimizer.h"
#include "core/train/schedule.h"
#include "core/train/trainer.h"
#include "core/train/training_loss.h"

namespace whorl {

/// What networks trained here see of a pixel in [0,1]: p/255 - 0.5.
constexpr double kTrainingMean = 0.5;
constexpr double kTrainingScale = 1;

/// Which images of the training split are trained on and which validate, both in rising order.
struct TrainingSplit {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> validation;
};
/// A seeded choice: first `limit` images (0: all) of a random order, then the last `validationFraction` of those.
/// Error(Usage) if fewer than two images remain to train on.
TrainingSplit splitForTraining(std::int64_t count, std::int64_t limit, double validationFraction, std::uint64_t seed);

/// One training run: what train() does, step by step. Lives on one thread.
class TrainingRun {
 public:
  TrainingRun(const TrainingPlan& plan, const JobContext& context, std::function<void(const TrainingEvent&)> onEvent,
              std::function<bool()> stopAndKeep);

  /// The whole run: resumes, trains, evaluates; writes a checkpoint when it is cancelled.
  TrainingOutcome run();
  bool deterministic() const { return m_parameters.boolean("deterministic"); }

 private:
  void openCheckpoint();
  void refuseToOverwrite() const;
  void restore(const Checkpoint& checkpoint);
  void saveCheckpoint();
  nlohmann::json planJson() const;

  void trainSteps();
  void step();
  void collectFigures();
  void reportStep(const StepRates& rates);
  void finishEpoch();
  void openEpochs() const;
  void keepEpoch(std::int64_t epoch) const;
  void report(const TrainingEvent& event);
  TrainingOutcome finish();
  void setThreshold(TrainingOutcome& outcome, const Classifier& classifier, nlohmann::json& past);
  Model bareModel() const;
  std::unique_ptr<Classifier> snapshot() const;
  std::string place() const;
  [[noreturn]] void rethrowWithHint() const;

  const TrainingPlan& m_plan;
  const JobContext& m_context;
  std::function<void(const TrainingEvent&)> m_onEvent;
  std::function<bool()> m_stopAndKeep;

  Parameters m_parameters;
  TrainingSplit m_split;
  Network m_network;
  std::string m_startSha256;       ///< of the file that the weights are from; "" for random ones
  std::size_t m_frozenLayers = 0;  ///< so many first layers stay as they are
  std::vector<torch::Tensor> m_weights;
  std::vector<torch::Tensor> m_decayedWeights;  ///< hidden linear layers with a weight decay of their own
  std::vector<std::size_t> m_decayedIndices;
  std::optional<Fingerprints> m_fingerprints;  ///< on the device
  std::unique_ptr<TrainingLoss> m_loss;
  std::unique_ptr<BatchSource> m_source;
  std::unique_ptr<Optimizer> m_optimizer;
  std::unique_ptr<Schedule> m_schedule;
  torch::Tensor m_mean;
  torch::Tensor m_scale;

  std::int64_t m_batchSize = 0;
  std::int64_t m_stepsPerEpoch = 0;
  std::int64_t m_steps = 0;
  std::int64_t m_step = 0;  ///< steps done
  std::int64_t m_savedStep = -1;
  bool m_stoppedEarly = false;

  // Figures since they were last read; summed on the device, so that a GPU is not waited for at every step.
  torch::Tensor m_pending;  ///< terms times images, then correct images
  std::int64_t m_pendingImages = 0;
  std::int64_t m_pendingSteps = 0;
  std::vector<std::string> m_termNames;
  std::vector<double> m_recent;  ///< means of what was read last: loss, terms, accuracy

  // Figures of the running epoch and of the run; kept in checkpoints.
  std::vector<double> m_epochSums;
  std::int64_t m_epochImages = 0;
  std::int64_t m_images = 0;
  std::int64_t m_copies = 0;
  double m_trainSeconds = 0;
  double m_seconds = 0;
  std::vector<TrainingEvent> m_history;

  double m_imagesPerSecond = 0;  ///< smoothed
  double m_unreadSeconds = 0;
  std::int64_t m_unreadImages = 0;
  std::chrono::steady_clock::time_point m_clock;  ///< m_seconds is counted up to here
  std::chrono::steady_clock::time_point m_lastSave;
};

}  // namespace whorl
