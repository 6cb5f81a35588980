// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/base/parameters.h"
#include "core/nn/classifier.h"

namespace whorl {

/// The secret of a fingerprinted network (Dathathri, Zheng et al. 2018; method: docs/fingerprints.md): N input
/// directions and, for each and each class, the change of the normalised logits that was trained for.
struct Fingerprints {
  torch::Tensor dx;  ///< [N,C,H,W], in [0,1] pixel units
  torch::Tensor dy;  ///< [N,K,K]: (fingerprint, class, logit)

  std::int64_t count() const { return dx.size(0); }
  std::int64_t classCount() const { return dy.size(1); }
  Fingerprints to(torch::Device device, torch::Dtype dtype) const;
};

/// Declared parameters of sampling: fingerprints (N), fingerprint_epsilon (not `epsilon`, which is an attack's: a run
/// of "fingerprint+adversarial" has both), dx_law (uniform_positive, uniform, gaussian), dy_sign (minus, plus, random),
/// alpha, beta, dy_scale. The defaults are the preset "mnist".
const std::vector<ParameterSpec>& fingerprintParameters();
/// Named sets of values for all of them: "mnist", "mnist-code", "cifar10", "cifar10-before-2018-12", "miniimagenet20",
/// "paper", "slides" (docs/fingerprints.md).
const std::vector<std::pair<std::string, Parameters>>& fingerprintPresets();

/// Draws dx and dy (float32, host) from `seed` alone: the same on every platform, and the first n of N fingerprints are
/// the n that a smaller N gives. `parameters` are resolved. Error(Usage) for an empty shape or fewer than two classes.
Fingerprints sampleFingerprints(const Parameters& parameters, const ImageShape& shape, int classes, std::uint64_t seed);

/// φ = logits / max(‖logits‖₂, 1e-12), row by row.
torch::Tensor normalisedLogits(const torch::Tensor& logits);

/// Mean over the batch and over the K entries of (F_i(x_b) − dy_{i,y_b})², for each fingerprint: [N].
/// `clean` [B,K] and `shifted` [N,B,K] are logits; `dy` [N,K,K]; `labels` [B].
torch::Tensor fingerprintErrors(const torch::Tensor& clean, const torch::Tensor& shifted, const torch::Tensor& dy,
                                const torch::Tensor& labels);

/// D_j(x) = (1/N) Σ_i ‖F_i(x) − dy_{i,j}‖₂ for each class j: [B,K]. `clean` [B,K], `shifted` [N,B,K] logits.
torch::Tensor fingerprintDistances(const torch::Tensor& clean, const torch::Tensor& shifted, const torch::Tensor& dy);

/// Σ_i mean_k (F_i(x) − dy_{i,j})² for each class j: [B,K]. What the published adaptive attacks lower (method: their
/// LFP). `clean` [B,K], `shifted` [N,B,K] logits.
torch::Tensor fingerprintLosses(const torch::Tensor& clean, const torch::Tensor& shifted, const torch::Tensor& dy);

/// What one forward of (N+1)·B images gives.
struct FingerprintOutput {
  torch::Tensor logits;     ///< [B,K] of the images themselves
  torch::Tensor distances;  ///< [B,K], in the score's measure
};

/// The fingerprint distance as a score: s(x) = min_j D_j(x), or D of the predicted class. Immutable; any thread.
class FingerprintScore : public DifferentiableScore {
 public:
  enum class Acceptance { AnyClass, PredictedClass };
  enum class Measure {
    Distance,     ///< fingerprintDistances(): what the detector thresholds
    SquaredError  ///< fingerprintLosses(): what training lowers
  };

  /// Error(BadInput) for tensors that are no fingerprints: wrong dimensions, none at all, NaN or infinity.
  explicit FingerprintScore(Fingerprints fingerprints, Acceptance acceptance = Acceptance::AnyClass,
                            Measure measure = Measure::Distance);

  Value scored(const Classifier& classifier, const torch::Tensor& images, const torch::Tensor& classes) const override;
  /// One forward for an image and all its fingerprints (x + dx_i is not clipped to the box); more than a few thousand
  /// copies go through in pieces. Distances are float32, or float64 where the logits are. Gradients flow to `images`
  /// under the caller's grad mode, and are finite where a distance is 0. Error(BadInput) if the classifier's input or
  /// number of classes is not that of the fingerprints.
  FingerprintOutput evaluate(const Classifier& classifier, const torch::Tensor& images) const;
  /// [B] from an evaluation that is already there.
  torch::Tensor scoreOf(const FingerprintOutput& output) const;
  const Fingerprints& fingerprints() const { return m_fingerprints; }
  Acceptance acceptance() const { return m_acceptance; }

 private:
  FingerprintOutput evaluatePiece(const Classifier& classifier, const torch::Tensor& images,
                                  const torch::Tensor& offsets, const torch::Tensor& dy) const;

  Fingerprints m_fingerprints;
  torch::Tensor m_offsets;  ///< [N+1,1,C,H,W]: no offset, then dx, so that one addition makes the whole batch
  Acceptance m_acceptance;
  Measure m_measure;
};

}  // namespace whorl
