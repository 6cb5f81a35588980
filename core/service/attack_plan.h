// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/service/types.h"

namespace whorl {

class Classifier;
struct Model;

/// How an attack's batches are computed: chosen by measurement, kept per model and machine.
struct AttackPlan {
  int workers = 1;
  int threadsPerWorker = 1;
  std::int64_t batchSize = 100;
  /// "contiguous": PyTorch's own numbers, bit for bit; "channels_last": of the fused network
  /// (core/nn/fused_classifier.h)
  std::string layout = "contiguous";
  std::string precision = "float32";
  bool measured = false;  ///< `tune` chose it
};

/// Error(Usage) for unknown names of precision ("float32", "bfloat16") and layout ("", "contiguous", "channels_last"),
/// and for others than the first on a model that computes as it likes (an imported module).
void checkPlan(const std::string& precision, const std::string& layout, const Model& model);

/// The classifier that attacks see: the model's own, or one with the same weights that is computed as the plan says.
std::shared_ptr<const Classifier> classifierFor(const AttackPlan& plan, const Model& model);

/// The file of measured plans. Any thread; several programs may write it, the last one wins.
class PlanStore {
 public:
  explicit PlanStore(std::filesystem::path file) : m_file(std::move(file)) {}
  /// The plan measured for these weights on this machine and device with so many threads, if any. A damaged file is
  /// like none: plans are only about speed.
  std::optional<AttackPlan> find(const Model& model, int threads) const;
  void keep(const Model& model, int threads, const AttackPlan& plan) const;

 private:
  std::filesystem::path m_file;
};

/// What `tune` measured; else the fused network on a processor, in batches beside each other on a processor, since
/// threads inside an operator wait for one another wherever the machine has other work, and all threads for one batch
/// on a GPU.
AttackPlan choosePlan(const PlanStore& plans, const Model& model, int threads);

/// Makes batches small enough for the memory of all workers; `copies`: forwards that an image needs at once.
void fitBatches(AttackPlan& plan, const Model& model, std::int64_t copies);
/// A plan for full batches leaves workers idle when there are few images.
void shareOut(AttackPlan& plan, std::int64_t images);

/// Measures workers × threads × batch sizes × layouts × precisions on random images of the model's input: gradients of
/// the cross-entropy, which is what most attacks spend their time on. Some 20 s. `threads`: to be shared out.
std::vector<PlanMeasurement> measurePlans(const Model& model, int threads, const JobContext& context);

/// What the processor and the system are, for the plans' key: "AMD EPYC …, 2 threads, torch 2.13.0, cpu".
std::string machineText(const Model& model, int threads);

}  // namespace whorl
