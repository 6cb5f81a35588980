// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/network.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

constexpr int kMostWidth = 256;
constexpr std::size_t kMostHidden = 4;

/// out += factor · row. Written so that the compiler makes vector instructions of it.
void addScaled(double factor, const double* row, double* out, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) out[k] += factor * row[k];
}

/// Four sums at once, which the processor can overlap; always in the same order.
double innerProduct(const double* a, const double* b, std::size_t count) {
  double sums[4] = {};
  std::size_t k = 0;
  for (; k + 4 <= count; k += 4) {
    for (std::size_t i = 0; i < 4; ++i) sums[i] += a[k + i] * b[k + i];
  }
  for (; k < count; ++k) sums[0] += a[k] * b[k];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

}  // namespace

int predictedClass(std::span<const double> logits) {
  if (logits.size() == 2) return logits[1] >= logits[0] ? 1 : 0;
  return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

PlanarNetwork::PlanarNetwork(const std::vector<int>& hidden, int classes, const std::string& activation,
                             std::uint64_t seed)
    : m_tanh(activation == "tanh") {
  if (activation != "tanh" && activation != "relu") {
    throw Error(ErrorKind::Usage, "there is no activation \"" + activation + "\"", "activation", "relu or tanh");
  }
  if (hidden.size() > kMostHidden || classes < 2 || classes > planar::kMostClasses) {
    throw Error(ErrorKind::Usage, "a toy network has at most 4 hidden layers and 2 to 4 classes", "network");
  }
  m_widths = {2};
  for (const int units : hidden) {
    if (units < 1 || units > kMostWidth) {
      throw Error(ErrorKind::Usage, "a hidden layer has 1 to 256 units, not " + std::to_string(units), "hidden");
    }
    m_widths.push_back(units);
  }
  m_widths.push_back(classes);
  for (std::size_t layer = 0; layer + 1 < m_widths.size(); ++layer) {
    Random random(mixSeed(mixSeed(seed, "weights"), layer));
    const double bound = 1 / std::sqrt(static_cast<double>(width(layer)));
    const std::size_t count = (width(layer) + 1) * width(layer + 1);
    for (std::size_t i = 0; i < count; ++i) m_parameters.push_back(random.uniform(-bound, bound));
  }
}

PlanarNetwork PlanarNetwork::of(const LinearModel& model) {
  PlanarNetwork network;
  network.m_widths = {2, 2};
  const PlanarPoint half = model.w * 0.5;
  network.m_parameters = {-half.x, half.x, -half.y, half.y, -model.b / 2, model.b / 2};
  return network;
}

void PlanarNetwork::forward(std::span<const PlanarPoint> points, PlanarPass& pass) const {
  const std::size_t count = points.size();
  pass.count = count;
  pass.activations.resize(m_widths.size());
  pass.activations[0].resize(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    pass.activations[0][2 * i] = points[i].x;
    pass.activations[0][2 * i + 1] = points[i].y;
  }
  const double* weights = m_parameters.data();
  for (std::size_t layer = 0; layer + 1 < m_widths.size(); ++layer) {
    const std::size_t inputs = width(layer);
    const std::size_t outputs = width(layer + 1);
    const double* biases = weights + inputs * outputs;
    const std::vector<double>& from = pass.activations[layer];
    std::vector<double>& to = pass.activations[layer + 1];
    to.resize(count * outputs);
    const bool last = layer + 2 == m_widths.size();
    for (std::size_t i = 0; i < count; ++i) {
      double* out = to.data() + i * outputs;
      std::copy(biases, biases + outputs, out);
      for (std::size_t k = 0; k < inputs; ++k) {
        const double value = from[i * inputs + k];
        if (value != 0) addScaled(value, weights + k * outputs, out, outputs);
      }
      if (last) continue;
      for (std::size_t k = 0; k < outputs; ++k) out[k] = m_tanh ? std::tanh(out[k]) : std::max(out[k], 0.0);
    }
    weights = biases + outputs;
  }
}

void PlanarNetwork::backwardLayer(std::size_t layer, const PlanarPass& pass, const std::vector<double>& gradient,
                                  double* weights, std::vector<double>* input) const {
  const std::size_t inputs = width(layer);
  const std::size_t outputs = width(layer + 1);
  std::size_t offset = 0;
  for (std::size_t before = 0; before < layer; ++before) offset += (width(before) + 1) * width(before + 1);
  const double* own = m_parameters.data() + offset;
  const std::vector<double>& from = pass.activations[layer];
  if (input) input->resize(pass.count * inputs);
  for (std::size_t i = 0; i < pass.count; ++i) {
    const double* out = gradient.data() + i * outputs;
    for (std::size_t k = 0; k < inputs; ++k) {
      const double value = from[i * inputs + k];
      if (weights && value != 0) addScaled(value, out, weights + offset + k * outputs, outputs);
      if (!input) continue;
      // Through the activation of the layer below, which the points themselves don't have.
      const double slope = layer == 0 ? 1 : m_tanh ? 1 - value * value : value > 0 ? 1 : 0;
      (*input)[i * inputs + k] = slope != 0 ? slope * innerProduct(own + k * outputs, out, outputs) : 0;
    }
    if (weights) addScaled(1, out, weights + offset + inputs * outputs, outputs);
  }
}

void PlanarNetwork::backward(const PlanarPass& pass, std::span<const double> logitGradient,
                             std::vector<double>* parameterGradient, std::vector<PlanarPoint>* pointGradient) const {
  if (parameterGradient) parameterGradient->resize(m_parameters.size());
  std::vector<double> gradient(logitGradient.begin(), logitGradient.end());
  std::vector<double> below;
  for (std::size_t layer = m_widths.size() - 1; layer-- > 0;) {
    const bool further = layer > 0 || pointGradient;
    backwardLayer(layer, pass, gradient, parameterGradient ? parameterGradient->data() : nullptr,
                  further ? &below : nullptr);
    if (further) gradient.swap(below);
  }
  if (!pointGradient) return;
  pointGradient->resize(pass.count);
  for (std::size_t i = 0; i < pass.count; ++i) (*pointGradient)[i] = {gradient[2 * i], gradient[2 * i + 1]};
}

std::vector<double> PlanarNetwork::logits(std::span<const PlanarPoint> points) const {
  PlanarPass pass;
  forward(points, pass);
  return std::move(pass.activations.back());
}

std::vector<int> PlanarNetwork::predicted(std::span<const PlanarPoint> points) const {
  const std::vector<double> values = logits(points);
  const std::size_t classes = width(m_widths.size() - 1);
  std::vector<int> result;
  result.reserve(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    result.push_back(predictedClass(std::span(values).subspan(i * classes, classes)));
  }
  return result;
}

}  // namespace whorl
