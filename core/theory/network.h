// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/theory/linear.h"
#include "core/theory/planar.h"

namespace whorl {

/// What a network computed on the way: a buffer that is used again from batch to batch.
struct PlanarPass {
  std::size_t count = 0;                         ///< points
  std::vector<std::vector<double>> activations;  ///< [layers + 1][count · width]: the points, …, the logits

  const std::vector<double>& logits() const { return activations.back(); }
};

/// A small network from the plane to one logit a class, in doubles: no hidden layer (linear outputs) or a few, each
/// with the same activation. A value; const methods may be called on several threads at once, each with its own pass.
class PlanarNetwork {
 public:
  PlanarNetwork() = default;
  /// Weights and biases uniform in ±1/√(inputs of the layer), as torch's linear layers start. `activation` "relu" or
  /// "tanh". Error(Usage) for another one, for more than 4 layers, widths that are not 1 to 256, and classes that are
  /// not 2 to planar::kMostClasses.
  PlanarNetwork(const std::vector<int>& hidden, int classes, const std::string& activation, std::uint64_t seed);
  /// Logits (−f, f)/2: its softmax is logistic regression's probability.
  static PlanarNetwork of(const LinearModel& model);

  int classCount() const { return m_widths.empty() ? 0 : m_widths.back(); }
  bool isLinear() const { return m_widths.size() == 2; }

  /// Layer by layer: weights [inputs][outputs], then biases [outputs].
  const std::vector<double>& parameters() const { return m_parameters; }
  std::vector<double>& parameters() { return m_parameters; }

  void forward(std::span<const PlanarPoint> points, PlanarPass& pass) const;

  /// Back from the gradient with respect to the logits, [count · classes], of the points of `pass`. What is not null is
  /// filled: the gradient with respect to the parameters (summed over points; added to what is there) and that with
  /// respect to each point.
  void backward(const PlanarPass& pass, std::span<const double> logitGradient, std::vector<double>* parameterGradient,
                std::vector<PlanarPoint>* pointGradient) const;

  /// [count · classes]
  std::vector<double> logits(std::span<const PlanarPoint> points) const;
  /// The class of the largest logit, the first of equal ones; of a two-class tie class 1, as LinearModel says.
  std::vector<int> predicted(std::span<const PlanarPoint> points) const;

 private:
  std::size_t width(std::size_t layer) const { return static_cast<std::size_t>(m_widths[layer]); }
  /// Gradient with respect to a layer's input, from the one with respect to its output (before the activation).
  void backwardLayer(std::size_t layer, const PlanarPass& pass, const std::vector<double>& gradient, double* weights,
                     std::vector<double>* input) const;

  std::vector<int> m_widths;  ///< 2, hidden…, classes
  bool m_tanh = false;
  std::vector<double> m_parameters;
};

/// The class of the largest of `logits`, as PlanarNetwork::predicted() says.
int predictedClass(std::span<const double> logits);

}  // namespace whorl
