// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "core/nn/model.h"

namespace whorl {

/// The last hidden layer, whatever it is called in an architecture; of an imported module, whose layers can't be seen,
/// there is none.
inline constexpr const char* kFeatures = "features";

/// What a model's features may be called: "features", "logits", "probabilities", and each layer of its architecture by
/// kind and number as in its weights' names: "conv1", "relu1", "pool1", "fc1", … An imported module has only the logits
/// and what follows them.
std::vector<std::string> featureLayers(const Model& model);

/// A model's activations at one of its layers as rows of numbers. Immutable; any thread.
class FeatureLayer {
 public:
  /// Error(Usage) that lists the layers for one that the model doesn't have. `normalise`: each row divided by its
  /// length (a row of zeros stays as it is).
  FeatureLayer(std::shared_ptr<const Model> model, const std::string& layer, bool normalise);

  const std::string& name() const { return m_name; }
  const Model& model() const { return *m_model; }
  /// Numbers an image.
  std::int64_t dimension() const { return m_dimension; }

  /// images [B,C,H,W] in [0,1] of any device → [B,dimension()] float32 on the host, without gradients. An image's row
  /// doesn't depend on the images beside it, rounding aside. Error(BadInput) for NaN and infinity.
  torch::Tensor rows(const torch::Tensor& images) const;

 private:
  torch::Tensor activation(const torch::Tensor& images) const;

  std::shared_ptr<const Model> m_model;
  std::shared_ptr<const NetworkClassifier> m_network;  ///< null for an imported module
  std::string m_name;
  std::size_t m_number = 0;  ///< of Network::visitActivations, for a layer by kind and number
  bool m_normalise;
  std::int64_t m_dimension = 0;
};

}  // namespace whorl
