// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/job.h"
#include "core/theory/fingerprints.h"
#include "core/theory/network.h"

namespace whorl {

/// The terms of the training loss L = crossEntropy + weight · fingerprint.
struct PlanarLoss {
  double crossEntropy = 0;  ///< mean over the points
  double fingerprint = 0;  ///< Σ over i of the mean over points and outputs of (φ(x + Δxᵢ) − φ(x) − Δyᵢ)²
};

/// The loss of a batch, Δy being that of each point's class. `gradient` (with respect to the network's parameters) is
/// set unless it is null. Without fingerprints only the cross-entropy is computed.
PlanarLoss planarLoss(const PlanarNetwork& network, const PlanarFingerprints& fingerprints, double weight,
                      std::span<const PlanarSample> batch, std::vector<double>* gradient);

struct PlanarTraining {
  std::int64_t batchSize = 64;
  double learningRate = 0.003;
  std::string optimizer = "adam";  ///< or "sgd": plain gradient descent
  double fingerprintWeight = 1;
};

/// Trains a network epoch by epoch. Each epoch's order comes from (seed, epoch). One thread at a time.
class PlanarTrainer {
 public:
  /// Fingerprints without arrows: plain training.
  PlanarTrainer(PlanarNetwork network, PlanarData data, PlanarFingerprints fingerprints, PlanarTraining training,
                std::uint64_t seed);

  /// One pass over the data; the mean of its batches' losses. Error(Failed) when the loss is no number any more.
  PlanarLoss epoch(const JobContext& context);
  const PlanarNetwork& network() const { return m_network; }

 private:
  void update(const std::vector<double>& gradient);

  PlanarNetwork m_network;
  PlanarData m_data;
  PlanarFingerprints m_fingerprints;
  PlanarTraining m_training;
  std::uint64_t m_seed;
  std::uint64_t m_epoch = 0;
  std::int64_t m_updates = 0;
  std::vector<double> m_mean;      ///< Adam's first moment
  std::vector<double> m_variance;  ///< Adam's second moment
};

}  // namespace whorl
