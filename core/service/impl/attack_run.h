// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/data/dataset.h"
#include "core/nn/model.h"
#include "core/service/attack_plan.h"
#include "core/service/attack_setup.h"
#include "core/service/types.h"

namespace whorl {

/// Which images of a split are attacked.
struct Selection {
  std::vector<std::int64_t> indices;  ///< correctly classified, in the seeded order or in that asked for
  std::int64_t examined = 0;
  double cleanAccuracy = 0;  ///< over the examined ones
};

/// The seeded order of a split's images, from which selectCorrect() takes the first ones.
std::vector<std::int64_t> selectionOrder(std::int64_t count, std::uint64_t seed);

/// The first `count` images of `order` (empty: of a seeded order) that the model classifies correctly, without those of
/// a fixed target class. Error(Usage) for places that the split doesn't have.
Selection selectCorrect(const Model& model, const DataSplit& split, const AttackSetup& setup, std::int64_t count,
                        const std::vector<std::int64_t>& order, std::uint64_t seed, const JobContext& context);

/// One batch, attacked; tensors on the host.
struct AttackedBatch {
  torch::Tensor indices;      ///< [B] places in the split
  torch::Tensor original;     ///< [B,C,H,W]
  torch::Tensor adversarial;  ///< [B,C,H,W]
  torch::Tensor labels;       ///< [B]
  torch::Tensor targets;      ///< [B]; undefined if untargeted
  torch::Tensor predictions;  ///< [B] of `adversarial`, in float32
  torch::Tensor success;      ///< [B] bool, in float32
  torch::Tensor nonfinite;    ///< [B] bool
  torch::Tensor vanished;     ///< [B] bool; undefined for attacks without gradients
  torch::Tensor steps;        ///< [B]; undefined for attacks that don't count them
  std::vector<std::string> notes;
  std::int64_t forwards = 0;
  std::int64_t backwards = 0;
};

/// Attacks the selected images batch by batch, as the plan says, and hands each batch over in order, so that memory
/// doesn't grow with their number. A search in bfloat16 is checked in float32, and what it didn't keep is attacked
/// again in float32. Returns the seconds that the attack took.
double attackInBatches(const Model& model, const DataSplit& split, const AttackSetup& setup, const Selection& selection,
                       const AttackPlan& plan, std::uint64_t seed, const JobContext& context,
                       const std::function<void(AttackedBatch&&)>& deliver);

}  // namespace whorl
