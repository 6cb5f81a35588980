// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/attack/attack.h"
#include "core/nn/model.h"

namespace whorl {

/// An attack with everything that is decided before the first image.
struct AttackSetup {
  const Attack* attack = nullptr;
  Parameters parameters;  ///< resolved; of attackSpec()
  Parameters adaptive;    ///< resolved; of adaptiveParameters(); empty unless adaptive
  ThreatModel threatModel = ThreatModel::GreyBox;
  std::shared_ptr<const DifferentiableScore> detectorScore;  ///< adaptive white box only
  bool targeted = false;
  std::int64_t target = -1;  ///< -1: a wrong class drawn for each image; -2: label + 1

  /// The class that an image is pushed towards: `target`, one drawn from (seed, index) among the wrong ones, or the
  /// next one.
  std::int64_t targetFor(std::int64_t label, std::int64_t index, int classes, std::uint64_t seed) const;
};

/// The attack's declaration as front ends see it: one that can be targeted has a `target` class, too, which the attack
/// itself gets as a tensor.
OperationSpec attackSpec(const Attack& attack);

/// The part of prepareAttack() that needs no model. Error(Usage) for unknown names and values.
AttackSetup declaredAttack(const std::string& attack, const Parameters& given, const std::string& threatModel);

/// Error(Usage) for unknown names and values, a target class that doesn't exist, or a threat model that the model has
/// nothing for (adaptive white box needs fingerprints).
AttackSetup prepareAttack(const std::string& attack, const Parameters& given, const std::string& threatModel,
                          const Model& model);

/// Runs one batch.
AttackOutcome runAttack(const AttackSetup& setup, const Classifier& classifier, const AttackRequest& request,
                        const JobContext& context);

/// One batch. `images` and `labels` lie on the classifier's device.
AttackRequest attackRequest(const AttackSetup& setup, const Model& model, torch::Tensor images, torch::Tensor labels,
                            std::vector<std::int64_t> indices, std::uint64_t seed);

}  // namespace whorl
