// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include "core/attack/attack.h"
#include "core/attack/minimal_norm.h"
#include "tests/core/attack/linear_classifier.h"

namespace whorl::test {

/// Rows of a linear classifier's matrix: [K,P].
inline torch::Tensor weightsOf(const Classifier& net) {
  const torch::AutoGradMode gradients(true);
  const ImageShape shape = net.inputShape();
  const torch::Tensor x =
      torch::zeros({1, shape.channels, shape.height, shape.width}, torch::kFloat64).requires_grad_();
  const torch::Tensor logits = net.logits(x);
  std::vector<torch::Tensor> rows;
  for (std::int64_t k = 0; k < logits.size(1); ++k) {
    rows.push_back(torch::autograd::grad({logits.select(1, k).sum()}, {x}, {}, /*retain_graph=*/true)[0].flatten());
  }
  return torch::stack(rows);
}

/// The least Σ cost(move_p) with w · move >= needed inside the box: every pixel moves by min(λ speed, room), and λ is
/// bisected; infinity if the box is too small.
inline double nearestPlane(const torch::Tensor& w, const torch::Tensor& x, double needed, Norm norm) {
  const torch::Tensor room = at::where(w > 0, 1 - x, x);
  const torch::Tensor size = w.abs();
  const torch::Tensor speed = norm == Norm::L2 ? size : torch::ones_like(size);
  if ((size * room).sum().item<double>() < needed) return std::numeric_limits<double>::infinity();
  double low = 0;
  double high = 1;
  const auto gained = [&](double lambda) { return (size * at::min(speed * lambda, room)).sum().item<double>(); };
  while (gained(high) < needed) high *= 2;
  for (int k = 0; k < 60; ++k) ((gained((low + high) / 2) < needed) ? low : high) = (low + high) / 2;
  const torch::Tensor move = at::min(speed * high, room);
  return (norm == Norm::L2 ? move.norm() : move.max()).item<double>();
}

/// The exact distance [B] of each image to the nearest one that a linear classifier gives another class.
inline torch::Tensor nearestDistances(const Classifier& linear, const AttackRequest& request, Norm norm) {
  const torch::Tensor weights = weightsOf(linear);
  const torch::Tensor logits = linear.logits(request.images);
  const torch::Tensor distances = torch::zeros({request.images.size(0)}, torch::kFloat64);
  for (std::int64_t b = 0; b < distances.size(0); ++b) {
    const auto own = request.labels[b].item<std::int64_t>();
    double nearest = std::numeric_limits<double>::infinity();
    for (std::int64_t k = 0; k < weights.size(0); ++k) {
      if (k == own) continue;
      const double needed = (logits[b][own] - logits[b][k]).item<double>();
      nearest = std::min(nearest, nearestPlane(weights[k] - weights[own], request.images[b].flatten(), needed, norm));
    }
    distances.data_ptr<double>()[b] = nearest;
  }
  return distances;
}

/// Images with the network's own predictions as labels, so that none is misclassified at the start.
inline AttackRequest ownPredictions(const Classifier& net, std::int64_t count, std::uint64_t seed) {
  AttackRequest request;
  request.images = randomImages(net.inputShape(), count, seed);
  request.labels = net.logits(request.images).argmax(1);
  return request;
}

inline bool insideTheBox(const torch::Tensor& images) { return ((images >= 0) & (images <= 1)).all().item<bool>(); }

}  // namespace whorl::test
