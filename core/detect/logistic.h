// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include <torch/types.h>

namespace whorl {

/// A fitted logistic regression: P(label 1 | x) = σ(⟨weights, x⟩ + intercept).
struct LogisticModel {
  torch::Tensor weights;  ///< [F] float64
  double intercept = 0;
  double c = 0;  ///< inverse strength of the regularisation
};

/// Minimises c Σ_i log(1 + exp(−s_i (⟨w,x_i⟩ + b))) + ½ ‖w‖² over w and b (s = ±1 from labels 1 and 0; b is not
/// penalised), by Newton's method with a line search, in double. x [n,F] float64, labels [n] int64, host.
/// Deterministic. Error(Usage) unless both labels occur; Error(BadInput) for NaN or infinity.
LogisticModel fitLogistic(const torch::Tensor& x, const torch::Tensor& labels, double c);

/// As scikit-learn's LogisticRegressionCV by default: ten values of c between 1e-4 and 1e4, stratified folds without
/// shuffling, the c with the largest mean accuracy (of equal ones the smallest), then a fit to everything. Error(Usage)
/// for fewer rows of a label than folds.
LogisticModel fitLogisticCV(const torch::Tensor& x, const torch::Tensor& labels, int folds = 5);

/// ⟨w,x⟩ + b of rows x [n,F]: [n], on x's device. Increases with the probability, and doesn't saturate.
torch::Tensor decision(const LogisticModel& model, const torch::Tensor& x);

/// Fold of each row: scikit-learn's StratifiedKFold without shuffling.
std::vector<int> stratifiedFolds(const torch::Tensor& labels, int folds);

/// A shift and a factor for each column: (x − offset) / scale.
struct ColumnScaling {
  torch::Tensor offset;  ///< [F]
  torch::Tensor scale;   ///< [F]; 1 where a column is constant
  torch::Tensor operator()(const torch::Tensor& x) const;
};
/// `law`: "zscore" (mean, population standard deviation), "minmax" or "none". x [n,F].
ColumnScaling columnScaling(const torch::Tensor& x, const std::string& law);

}  // namespace whorl
