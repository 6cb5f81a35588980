// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/parameters.h"
#include "core/fingerprint/fingerprint.h"
#include "core/nn/network.h"

namespace whorl {

/// One batch as training losses see it.
struct TrainingBatch {
  torch::Tensor images;  ///< [B,C,H,W], in [0,1], augmented
  torch::Tensor labels;  ///< [B] int64
  std::uint64_t seed = 0;  ///< of this step: all randomness of the step comes from it
};

/// What the loop gives a loss to compute with: network in training mode, and its normalisation.
struct TrainingNetwork {
  const Network& network;
  Network::Mode mode;
  torch::Tensor mean;   ///< [1,C,1,1]
  torch::Tensor scale;  ///< [1,C,1,1]

  /// images in [0,1] (or beyond) → logits, in training mode.
  torch::Tensor logits(const torch::Tensor& images) const;
};

/// A loss over θ that is a sum of named terms.
class TrainingLoss {
 public:
  virtual ~TrainingLoss() = default;
  struct Term {
    std::string name;     ///< "cross_entropy", "fingerprint", "adversarial"
    torch::Tensor value;  ///< scalar, weighted
  };
  struct Value {
    std::vector<Term> terms;
    torch::Tensor logits;        ///< [B,K] of the clean images, for accuracy
    std::int64_t copies = 0;     ///< images that went through the network
  };
  virtual Value evaluate(const TrainingNetwork& network, const TrainingBatch& batch) const = 0;
};

/// A line of the table: "plain", "adversarial", "fingerprint".
struct ObjectiveEntry {
  const OperationSpec* spec = nullptr;
  bool needsFingerprints = false;
  std::unique_ptr<TrainingLoss> (*make)(const Parameters& parameters, const Fingerprints* fingerprints) = nullptr;
};

/// The table: all training objectives. "a+b" asks for a sum (its clean cross-entropy counted once).
const std::vector<ObjectiveEntry>& trainingObjectives();
/// The parameters of an objective or of a sum, without repetition. Error(Usage) for unknown names.
std::vector<ParameterSpec> objectiveParameters(const std::string& objective);
bool objectiveNeedsFingerprints(const std::string& objective);
std::unique_ptr<TrainingLoss> makeTrainingLoss(const std::string& objective, const Parameters& parameters,
                                               const Fingerprints* fingerprints);

}  // namespace whorl
