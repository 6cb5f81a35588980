// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/job.h"
#include "core/theory/planar.h"

namespace whorl {

/// f(x) = w·x + b. It says class 1 where f(x) ≥ 0, else class 0.
struct LinearModel {
  PlanarPoint w;
  double b = 0;

  double value(const PlanarPoint& x) const { return dot(w, x) + b; }
  /// Signed distance from the boundary. w must not be 0.
  double distance(const PlanarPoint& x) const { return value(x) / length(w); }
  int predicted(const PlanarPoint& x) const { return value(x) >= 0 ? 1 : 0; }
};

/// What the solver of the support vector machine came to.
struct SvmSolution {
  LinearModel model;
  std::vector<double> alpha;   ///< [n] dual variables, 0 to C
  double gap = 0;              ///< by how much the worst pair violates optimality
  std::int64_t pairSteps = 0;  ///< pairs of dual variables that were moved
};

/// Linear support vector machine with hinge loss: least ½‖w‖² + C Σ max(0, 1 − yᵢ f(xᵢ)), the bias b not penalised, y
/// −1 for class 0 and 1 for class 1. Sequential minimal optimisation of the dual, the pair chosen by second-order
/// information (Fan, Chen and Lin 2005), until no pair violates optimality by more than `tolerance`.
/// Error(BadInput) for data that are not of two classes, Error(Usage) for C or a tolerance that is no number above 0,
/// Error(Failed) if it doesn't come to an end. Deterministic.
SvmSolution trainSvm(const PlanarData& data, double c, double tolerance = 1e-9, const JobContext& context = {});

/// Logistic regression: least ½‖w‖² + C Σ log(1 + exp(−yᵢ f(xᵢ))), the bias not penalised, by Newton's method until the
/// gradient's largest entry is below 1e-9 (1 + C n). Errors as trainSvm().
LinearModel trainLogistic(const PlanarData& data, double c, const JobContext& context = {});

}  // namespace whorl
