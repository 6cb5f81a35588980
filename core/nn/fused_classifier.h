// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/nn/classifier.h"
#include "core/nn/network.h"

namespace whorl {

/// The same function in eval mode with fewer layers: each BatchNorm whose scale and shift the convolution or linear
/// layer before or after it can take over goes into that layer's weights (Jacob et al. 2018, "Quantization and Training
/// of Neural Networks", section 3.2). A BatchNorm stays where that would be another function: before padding, before a
/// max pool that its negative scale would turn round, and before the last linear layer, whose input is the features.
/// Outputs and features agree but for the last digits of float32. On the CPU the weights are in channels-last layout.
/// For inference and gradients by images alone: the statistics are frozen in.
Network fusedForInference(const Network& network);

/// A NetworkClassifier whose logits come from the fused form of its network: 1.5 to 3 times as fast on the CPU for the
/// networks with BatchNorm. network(), features and activations are those of the network itself, layer by layer.
class FusedClassifier : public NetworkClassifier {
 public:
  FusedClassifier(Network network, std::vector<double> mean, std::vector<double> scale);

  torch::Tensor logits(const torch::Tensor& images) const override { return m_fused.logits(images); }

 private:
  NetworkClassifier m_fused;
};

/// How a model's network is run for what needs its logits: fused on the CPU; elsewhere as it is, for nobody has
/// measured it.
std::shared_ptr<const NetworkClassifier> classifierOf(Network network, const std::vector<double>& mean,
                                                      const std::vector<double>& scale);

}  // namespace whorl
