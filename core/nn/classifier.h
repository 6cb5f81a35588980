// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/image/image.h"
#include "core/nn/network.h"

namespace whorl {

/// What attacks and detectors see of a model. Inputs are float NCHW, nominally in [0,1]; normalisation is inside, and
/// values outside [0,1] are allowed (a fingerprint's x + Δx leaves the box). Eval mode always; thread-safe.
class Classifier {
 public:
  virtual ~Classifier() = default;

  /// images [B,C,H,W] → logits [B,K]. Gradients flow to `images` where differentiable() says so; never to weights.
  virtual torch::Tensor logits(const torch::Tensor& images) const = 0;

  virtual ImageShape inputShape() const = 0;
  virtual int classCount() const = 0;
  virtual bool differentiable() const = 0;
  virtual torch::Device device() const = 0;
  /// float32 mostly; float64 in gradient checks.
  virtual torch::Dtype dtype() const = 0;
};

/// A per-image score that an attack can take a gradient of: a detector's, for adaptive attacks.
class DifferentiableScore {
 public:
  virtual ~DifferentiableScore() = default;
  struct Value {
    torch::Tensor score;   ///< [B]; higher means more adversarial
    torch::Tensor logits;  ///< [B,K] of the images, which come with it
  };
  /// images [B,C,H,W]. `classes` [B] int64: how far each image is from being accepted as that class; undefined: as any,
  /// which is the detector's own score. Gradients flow to `images` from both.
  virtual Value scored(const Classifier& classifier, const torch::Tensor& images,
                       const torch::Tensor& classes) const = 0;
  torch::Tensor score(const Classifier& classifier, const torch::Tensor& images) const {
    return scored(classifier, images, {}).score;
  }
};

/// A Network with its normalisation (x - mean) / scale per channel, frozen and in eval mode.
class NetworkClassifier : public Classifier {
 public:
  NetworkClassifier(Network network, std::vector<double> mean, std::vector<double> scale);

  /// The same weights, with convolutions and linear layers computed in bfloat16; logits are float32 all the same. For
  /// searches whose finds are checked by this one: half the digits are no result.
  std::shared_ptr<const Classifier> inBfloat16() const;

  torch::Tensor logits(const torch::Tensor& images) const override;
  ImageShape inputShape() const override { return m_network.inputShape(); }
  int classCount() const override { return m_network.classCount(); }
  bool differentiable() const override { return true; }
  torch::Device device() const override { return m_network.device(); }
  torch::Dtype dtype() const override;

  /// The last hidden layer [B,F] of images in [0,1].
  torch::Tensor features(const torch::Tensor& images) const;
  /// The network's activations (Network::visitActivations) of images in [0,1]: the normalised image first.
  void visitActivations(const torch::Tensor& images, const Network::ActivationVisitor& visit) const;
  /// All of them, for few images: memory holds every layer.
  std::vector<torch::Tensor> layerOutputs(const torch::Tensor& images) const;
  /// Network::dropoutPasses of images in [0,1]: [passes,B,K].
  torch::Tensor dropoutPasses(const torch::Tensor& images, std::int64_t passes, std::uint64_t seed) const;
  const Network& network() const { return m_network; }

 private:
  torch::Tensor normalised(const torch::Tensor& images) const;

  Network m_network;
  torch::Dtype m_computeType = torch::kFloat32;
  torch::Tensor m_mean;   ///< [1,C,1,1]
  torch::Tensor m_scale;  ///< [1,C,1,1]
};

}  // namespace whorl
