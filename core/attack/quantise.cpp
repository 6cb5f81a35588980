// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/quantise.h"

#include <limits>

#include "core/attack/support.h"

namespace whorl {
namespace {

constexpr double kLevels = 255;
constexpr int kRounds = 8;

/// Images whose pixels were divided by 255 in float are k/255 only to its precision.
constexpr double kOnGrid = 1e-3;

/// On the grid of levels, in double: [B,P].
torch::Tensor levels(const torch::Tensor& images) { return images.flatten(1).to(torch::kFloat64) * kLevels; }

torch::Tensor asImages(const torch::Tensor& values, const torch::Tensor& like) {
  return (values / kLevels).to(like.scalar_type()).view(like.sizes());
}

/// [B] distances in levels.
torch::Tensor lengths(const torch::Tensor& delta, Norm norm) {
  if (norm == Norm::Linf) return delta.abs().amax(1);
  return norm == Norm::L2 ? delta.square().sum(1).sqrt() : delta.abs().sum(1);
}

/// What rounding works with; all [B,P] in levels.
struct Grid {
  torch::Tensor origin;
  torch::Tensor inner;  ///< the neighbour towards the original
  torch::Tensor outer;  ///< the other one; the same where the pixel is on the grid
  double radius = 0;    ///< in levels
  Norm norm = Norm::Linf;

  torch::Tensor inside(const torch::Tensor& values) const { return lengths(values - origin, norm) <= radius + kOnGrid; }
};

Grid gridOf(const torch::Tensor& original, const torch::Tensor& adversarial, Norm norm, double epsilon) {
  Grid grid;
  grid.norm = norm;
  grid.radius = epsilon < 0 ? std::numeric_limits<double>::infinity() : epsilon * kLevels;
  grid.origin = levels(original);
  const torch::Tensor wanted = levels(adversarial);
  const torch::Tensor up = wanted > grid.origin;
  const torch::Tensor low = (wanted + kOnGrid).floor();
  const torch::Tensor high = (wanted - kOnGrid).ceil();
  const torch::Tensor still = (wanted - grid.origin).abs() < kOnGrid;
  grid.inner = at::where(still, grid.origin, at::where(up, low, high)).clamp(0, kLevels).round();
  grid.outer = at::where(still, grid.inner, at::where(up, high, low)).clamp(0, kLevels).round();
  if (norm == Norm::Linf) {
    const torch::Tensor outside = (grid.outer - grid.origin).abs() > grid.radius + kOnGrid;
    grid.outer = at::where(outside, grid.inner, grid.outer);
  }
  return grid;
}

/// The inner neighbours, with as many outer ones as the ball holds, those first that raise the margin most.
torch::Tensor greedy(const Grid& grid, const torch::Tensor& start, const torch::Tensor& gradient) {
  const torch::Tensor gain = gradient * (grid.outer - grid.inner);
  if (grid.norm == Norm::Linf || grid.radius == std::numeric_limits<double>::infinity()) {
    return at::where(gain > 0, grid.outer, at::where(gain < 0, grid.inner, start));
  }
  const auto [sorted, order] = gain.sort(1, /*descending=*/true);
  const auto cost = [&](const torch::Tensor& values) {
    const torch::Tensor delta = (values - grid.origin).abs();
    return grid.norm == Norm::L2 ? delta.square() : delta;
  };
  const double room = grid.norm == Norm::L2 ? grid.radius * grid.radius : grid.radius;
  const torch::Tensor inner = cost(grid.inner);
  const torch::Tensor spent = inner.sum(1, true) + (cost(grid.outer) - inner).gather(1, order).cumsum(1);
  const torch::Tensor chosen = (spent <= room) & (sorted > 0);
  const torch::Tensor mask = torch::zeros_like(chosen).scatter_(1, order, chosen);
  return at::where(mask, grid.outer, grid.inner);
}

}  // namespace

QuantisedImages quantise(const Classifier& classifier, const torch::Tensor& original, const torch::Tensor& adversarial,
                         const AttackAims& aims, Norm norm, double epsilon) {
  const torch::NoGradGuard noGradients;
  const Grid grid = gridOf(original, adversarial, norm, epsilon);
  const auto fools = [&](const torch::Tensor& values) {
    return fooled(classifier.logits(asImages(values, adversarial)), aims);
  };
  QuantisedImages result;
  const torch::Tensor nearest = levels(adversarial).round();
  result.naive = fools(nearest);
  const torch::Tensor nearestFits = grid.inside(nearest);
  torch::Tensor best = at::where(nearestFits.unsqueeze(1), nearest, grid.inner);
  torch::Tensor good = (result.naive & nearestFits) | fools(best);
  const bool gradients = classifier.differentiable();
  const AttackObjective objective = makeObjective("margin");
  torch::Tensor trial = best;
  for (int round = 0; round < kRounds && gradients && !good.all().item<bool>(); ++round) {
    const LossGradient slope = lossGradient(objective, classifier, asImages(trial, adversarial), aims);
    trial = greedy(grid, trial, slope.gradient.flatten(1).to(torch::kFloat64));
    const torch::Tensor newlyGood = fools(trial) & grid.inside(trial) & good.logical_not();
    best = at::where(newlyGood.unsqueeze(1), trial, best);
    good = good | newlyGood;
  }
  result.images = asImages(best, adversarial);
  result.survived = good;
  return result;
}

}  // namespace whorl
