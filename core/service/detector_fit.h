// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/data/dataset.h"
#include "core/detect/detector.h"
#include "core/nn/model.h"
#include "core/service/attack_plan.h"
#include "core/service/attack_setup.h"
#include "core/service/types.h"

namespace whorl {

/// Places of training images, no two of which share one: what is learned from, and what sets the threshold, must not be
/// the same, and a detector knows an image too well that it has seen.
struct TrainingRoles {
  std::vector<std::int64_t> threshold;  ///< correctly classified, clean
  std::vector<std::int64_t> attacked;   ///< correctly classified, to be attacked for the fit
  std::vector<std::int64_t> training;   ///< any others, with their labels
};

/// The attack that a request's fit asks for, and how it runs.
struct FitAttack {
  AttackRunRequest request;
  AttackSetup setup;
  AttackPlan plan;
};

/// Known before any work. Error(Usage) for unknown names, parameters of the tested attack that don't fit, and numbers
/// of images out of range.
FitAttack prepareFitAttack(const Model& model, const Dataset& data, const DetectRequest& request,
                           const PlanStore& plans, int threads);

/// Deals out the training split in orders drawn from the request's seed: up to 2,000 images for the threshold (a third
/// of the split where others are needed, too), then those that `needs` asks for. Error(BadInput) if no training image
/// is classified correctly.
TrainingRoles dealTrainingImages(const Model& model, const Dataset& data, const DetectRequest& request,
                                 const DetectorNeeds& needs, const FitAttack& attack, const JobContext& context);

/// What a detector was fitted to.
struct PreparedFit {
  DetectorFitData data;
  nlohmann::json document;  ///< the field `fit` of docs/json.md, without what only the fit itself can tell
};

/// Attacks the training images of `roles`, makes their noisy twins, and collects the labelled training images. Failed
/// attacks are left out: an image that still is what it was is no example of an attack. Error(BadInput) if hardly any
/// succeeds. No image of the test split is touched.
PreparedFit prepareFit(const Model& model, const Dataset& data, const DetectRequest& request,
                       const DetectorNeeds& needs, const TrainingRoles& roles, const FitAttack& attack,
                       const JobContext& context);

/// Noise of the size of an attack: saturated pixels where it counts them (norm l0), else Gaussian. `document` gets what
/// it was.
torch::Tensor noisyTwins(const std::string& attack, const torch::Tensor& clean, const torch::Tensor& adversarial,
                         const std::vector<std::int64_t>& indices, std::uint64_t seed, nlohmann::json& document);

}  // namespace whorl
