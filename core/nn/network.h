// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "core/nn/architecture.h"

namespace whorl {

/// A feed-forward network: an architecture with tensors. Not torch::nn::Module: the layers are data, the tensors a map,
/// and a forward pass a loop, which keeps compile times short and snapshots trivial. Value semantics are shallow
/// (tensors are shared); clone() copies. Not thread-safe while training; concurrent inference is fine.
class Network {
 public:
  /// Weights by Kaiming-uniform with a = √5 and biases uniform in ±1/√fan_in (PyTorch's defaults), from `seed` alone.
  Network(const Architecture& architecture, const ImageShape& input, int classes, std::uint64_t seed);

  const Architecture& architecture() const { return m_architecture; }
  const ImageShape& inputShape() const { return m_input; }
  int classCount() const { return m_classes; }

  /// How a forward pass runs.
  struct Mode {
    bool training = false;                            ///< batch statistics and dropout
    torch::Dtype computeType = torch::kFloat32;       ///< kBFloat16: convolutions and linear layers in bfloat16
    bool updateStatistics = true;                     ///< training only: BatchNorm's running averages
    torch::optional<at::Generator> dropoutGenerator;  ///< training with dropout: required
    /// Training: so many first layers run as in eval mode and carry no gradient (fine-tuning of those after them).
    std::size_t frozenLayers = 0;
  };

  /// x [B,C,H,W], already normalised → logits [B,K] float32 (or float64 if the weights are).
  torch::Tensor forward(const torch::Tensor& x, const Mode& mode) const;
  torch::Tensor forward(const torch::Tensor& x) const { return forward(x, Mode{}); }

  /// The last hidden layer after its ReLU [B,F] (the input of the last linear layer), in eval mode.
  torch::Tensor features(const torch::Tensor& x) const { return features(x, Mode{}); }
  /// The same as `mode` says.
  torch::Tensor features(const torch::Tensor& x, const Mode& mode) const;

  /// What follows features(): logits [B,K].
  torch::Tensor logitsOf(const torch::Tensor& features) const;

  /// Called with the number of an activation and the activation itself, [B,C,H,W] or [B,F].
  using ActivationVisitor = std::function<void(std::size_t number, const torch::Tensor& activation)>;
  /// Hands over x (0), what each layer makes of it, and last the softmax of the logits: activationCount() of them, in
  /// eval mode. One after the other, so that they need not be in memory together; where a layer changes nothing
  /// (dropout in eval mode, flatten) the same storage comes again.
  void visitActivations(const torch::Tensor& x, const ActivationVisitor& visit) const;
  std::size_t activationCount() const { return m_architecture.layers.size() + 2; }

  /// Trainable tensors of the layers from number `layer` on: the last ones of parameters().
  std::vector<std::pair<std::string, torch::Tensor>> parametersFrom(std::size_t layer) const;

  bool hasDropout() const;
  /// Logits [passes,B,K] with dropout on and BatchNorm in eval mode (Monte-Carlo dropout). A pass has one mask for all
  /// images, drawn from `seed` on the host: an image's logits don't depend on the images beside it nor on the device.
  /// What lies before the first dropout layer is computed once. Error(Usage) for a network without dropout.
  torch::Tensor dropoutPasses(const torch::Tensor& x, std::int64_t passes, std::uint64_t seed) const;

  /// Trainable tensors by name ("conv1.weight"), in the order of the layers.
  const std::vector<std::pair<std::string, torch::Tensor>>& parameters() const { return m_parameters; }
  /// BatchNorm's running_mean and running_var.
  const std::vector<std::pair<std::string, torch::Tensor>>& buffers() const { return m_buffers; }

  /// Copies values in (shapes must agree: Error(BadInput) with the name and both shapes; all names must be there and no
  /// others; NaN or infinity is refused).
  void load(const std::map<std::string, torch::Tensor>& tensors, const std::string& where);
  /// Parameters and buffers by name; shares storage.
  std::map<std::string, torch::Tensor> tensors() const;

  /// A deep copy.
  Network clone() const;
  /// These three replace the tensors, so an optimiser or a copy of this network that holds the old ones no longer
  /// follows.
  void to(torch::Device device);
  void to(torch::Dtype dtype);
  /// Convolution weights in channels-last layout (inputs follow), which is faster for 3x3 convolutions on the CPU.
  void toChannelsLast();
  void setRequiresGrad(bool required);
  torch::Device device() const;

 private:
  /// What flows through one forward pass.
  struct Pass {
    torch::Tensor x;
    const Mode* mode = nullptr;
    bool fresh = false;                 ///< x was made by the layer before, which doesn't need it to go backward
    bool mayFlattenByPixel = false;     ///< the layer after the flatten is linear and runs in this pass
    std::optional<ImageShape> byPixel;  ///< set while x is flattened pixel by pixel
  };

  void checkInput(const torch::Tensor& x, const Mode& mode) const;
  torch::Tensor run(const torch::Tensor& x, const Mode& mode, std::size_t layerCount) const;
  void runLayers(std::size_t begin, std::size_t end, std::size_t layerCount, torch::Dtype exact, Pass& pass) const;
  void apply(std::size_t index, Pass& pass) const;
  torch::Tensor batchNorm(std::size_t index, const Pass& pass) const;
  torch::Tensor dropout(double probability, const Pass& pass) const;
  torch::Tensor outputAt(std::size_t index, const torch::Tensor& x) const;
  void flatten(Pass& pass) const;
  static torch::Tensor flatWeight(const torch::Tensor& weight, Pass& pass);
  void replaceTensors(const std::function<torch::Tensor(const torch::Tensor&)>& change);

  Architecture m_architecture;
  ImageShape m_input;
  int m_classes;
  std::vector<std::pair<std::string, torch::Tensor>> m_parameters;
  std::vector<std::pair<std::string, torch::Tensor>> m_buffers;
  /// One entry a layer: indices into m_parameters (first) and m_buffers (first), -1 for none.
  struct Slot {
    int parameter = -1;
    int buffer = -1;
  };
  std::vector<Slot> m_slots;
  bool m_channelsLast = false;
};

}  // namespace whorl
