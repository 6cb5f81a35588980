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
  torch::Tensor images;    ///< [B,C,H,W], in [0,1], augmented
  torch::Tensor labels;    ///< [B] int64
  std::uint64_t seed = 0;  ///< of this step: all randomness of the step comes from it
};

/// What the loop gives a loss to compute with: network in training mode, and its normalisation.
struct TrainingNetwork {
  const Network& network;
  Network::Mode mode;
  torch::Tensor mean;   ///< [1,C,1,1]
  torch::Tensor scale;  ///< [1,C,1,1]
};

/// A loss over θ that is a sum of named terms.
class TrainingLoss {
 public:
  virtual ~TrainingLoss() = default;
  struct Term {
    std::string name;     ///< "cross_entropy", "fingerprint", "adversarial", "stability", …
    torch::Tensor value;  ///< scalar, weighted
  };
  struct Value {
    std::vector<Term> terms;
    torch::Tensor logits;     ///< [B,K], detached, for accuracy: of the clean images; of the adversarial ones where the
                              ///< objective has no clean images
    std::int64_t copies = 0;  ///< images that went through the network in training mode
  };
  /// One forward in training mode for the images of all terms, so that they share BatchNorm's statistics.
  virtual Value evaluate(const TrainingNetwork& network, const TrainingBatch& batch) const = 0;
};

/// What the network answers to a batch and to the copies of it that a part asked for. The clean ones are undefined
/// unless it needsClean(), the features unless it needsFeatures().
struct LossAnswers {
  torch::Tensor clean;            ///< logits [B,K]
  torch::Tensor shifted;          ///< [copies(),B,K]
  torch::Tensor cleanFeatures;    ///< the last hidden layer [B,F]
  torch::Tensor shiftedFeatures;  ///< [copies(),B,F]
};

/// What one objective adds to a loss: copies of the batch that it wants to see the logits of, and a term made of them.
/// Stateless between steps: both methods draw what they draw from the batch's seed.
class LossPart {
 public:
  virtual ~LossPart() = default;
  virtual std::string termName() const = 0;
  /// Whether the term needs the logits of the clean batch.
  virtual bool needsClean() const = 0;
  /// Whether the term is made of features.
  virtual bool needsFeatures() const { return false; }
  /// Whether it is made of logits, so that the last layer learns from it.
  virtual bool needsLogits() const { return true; }
  /// How many copies of the batch it asks for.
  virtual std::int64_t copies() const = 0;
  /// Writes them, normalised, into `target` [copies()·B,C,H,W]; `clean` are the normalised images of the batch.
  virtual void fill(torch::Tensor target, const torch::Tensor& clean, const TrainingNetwork& network,
                    const TrainingBatch& batch) const = 0;
  /// The weighted term, a scalar.
  virtual torch::Tensor term(const LossAnswers& answers, const TrainingBatch& batch) const = 0;
};

/// A line of the table: "plain", "adversarial", "fingerprint", "stability", "noisy", "triplet".
struct ObjectiveEntry {
  const OperationSpec* spec = nullptr;
  bool needsFingerprints = false;
  bool addsCleanCrossEntropy = false;  ///< the term "cross_entropy" comes with it; counted once in a sum
  /// Null where the objective is, with these parameters, nothing but the clean cross-entropy. `fingerprints` are on the
  /// network's device.
  std::unique_ptr<LossPart> (*make)(const Parameters& parameters, const Fingerprints* fingerprints) = nullptr;
};

/// The table: all training objectives. "a+b" asks for a sum (its clean cross-entropy counted once).
const std::vector<ObjectiveEntry>& trainingObjectives();
/// The parameters of an objective or of a sum, without repetition. Error(Usage) for unknown names.
std::vector<ParameterSpec> objectiveParameters(const std::string& objective);
bool objectiveNeedsFingerprints(const std::string& objective);
/// Error(Usage) for unknown names, Error(Internal) where fingerprints are needed and not given.
std::unique_ptr<TrainingLoss> makeTrainingLoss(const std::string& objective, const Parameters& parameters,
                                               const Fingerprints* fingerprints);

/// The fingerprints that a step trains on: `count` of `total` without replacement, in rising order, each subset as
/// likely as any other. All of them for count 0 or count >= total.
std::vector<std::int64_t> fingerprintSubset(std::int64_t count, std::int64_t total, std::uint64_t stepSeed);

}  // namespace whorl
