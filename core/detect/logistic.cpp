// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/logistic.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <ATen/ops/cat.h>
#include <ATen/ops/diag.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/log_sigmoid.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "core/base/error.h"
#include "core/nn/thread_scope.h"

namespace whorl {
namespace {

using torch::Tensor;

constexpr int kMostSteps = 200;
constexpr int kMostHalvings = 60;
constexpr double kConverged = 1e-13;
constexpr int kStrengths = 10;  ///< c = 10^-4 … 10^4

/// Rows with a column of ones, so that the intercept is the last weight.
Tensor withOnes(const Tensor& x) { return at::cat({x, at::ones({x.size(0), 1}, x.options())}, 1); }

/// The objective with everything that a Newton step needs.
class Objective {
 public:
  Objective(const Tensor& x, const Tensor& labels, double c)
      : m_x(withOnes(x)), m_signs(labels.to(torch::kFloat64) * 2 - 1), m_c(c) {
    m_penalty = at::ones({m_x.size(1)}, m_x.options());
    m_penalty[m_x.size(1) - 1] = 0;
  }

  double value(const Tensor& weights) const {
    const Tensor margins = m_signs * m_x.mv(weights);
    const Tensor penalty = (m_penalty * weights.square()).sum() / 2;
    return (penalty - at::log_sigmoid(margins).sum() * m_c).item<double>();
  }

  Tensor gradient(const Tensor& weights) const {
    const Tensor margins = m_signs * m_x.mv(weights);
    return m_penalty * weights - m_x.t().mv(m_signs * at::sigmoid(-margins)) * m_c;
  }

  Tensor hessian(const Tensor& weights) const {
    const Tensor margins = m_x.mv(weights);
    const Tensor curvature = at::sigmoid(margins) * at::sigmoid(-margins) * m_c;
    // The intercept has no penalty: where everything is separated far, only this keeps its row from being 0.
    constexpr double kRidge = 1e-12;
    return m_x.t().mm(m_x * curvature.unsqueeze(1)) + at::diag(m_penalty) +
           kRidge * at::eye(m_x.size(1), m_x.options());
  }

  std::int64_t size() const { return m_x.size(1); }

 private:
  Tensor m_x;
  Tensor m_signs;
  Tensor m_penalty;
  double m_c;
};

void checkRows(const Tensor& x, const Tensor& labels) {
  if (x.dim() != 2 || x.size(0) != labels.size(0)) {
    throw Error(ErrorKind::Internal, "rows and labels differ in number", "logistic regression");
  }
  if (!at::isfinite(x).all().item<bool>()) {
    throw Error(ErrorKind::BadInput, "a statistic is NaN or infinite", "logistic regression",
                "the model's numbers aren't finite for an image");
  }
  if (!(labels == 0).any().item<bool>() || !(labels == 1).any().item<bool>()) {
    throw Error(ErrorKind::Usage, "both clean and adversarial images are needed", "logistic regression");
  }
}

double accuracy(const LogisticModel& model, const Tensor& x, const Tensor& labels) {
  return ((decision(model, x) > 0).to(torch::kInt64) == labels).to(torch::kFloat64).mean().item<double>();
}

}  // namespace

LogisticModel fitLogistic(const Tensor& x, const Tensor& labels, double c) {
  checkRows(x, labels);
  const ThreadScope one(1);  // matrices so small that dealing them out to threads costs more than the work
  const Objective objective(x, labels, c);
  Tensor weights = at::zeros({objective.size()}, x.options());
  double value = objective.value(weights);
  for (int step = 0; step < kMostSteps; ++step) {
    const Tensor gradient = objective.gradient(weights);
    const Tensor direction = at::linalg_solve(objective.hessian(weights), gradient.unsqueeze(1)).squeeze(1);
    const double decrease = direction.dot(gradient).item<double>();
    if (decrease <= kConverged * (1 + std::abs(value))) {
      weights = weights - direction;  // so near, a full step squares the error
      break;
    }
    double length = 1;
    double next = 0;
    int halvings = 0;
    for (; halvings < kMostHalvings; ++halvings, length /= 2) {
      next = objective.value(weights - length * direction);
      if (next <= value - 1e-4 * length * decrease) break;
    }
    if (halvings == kMostHalvings) break;  // rounding: there is nothing left to gain
    weights = weights - length * direction;
    value = next;
  }
  const std::int64_t features = x.size(1);
  return {weights.narrow(0, 0, features).clone(), weights[features].item<double>(), c};
}

std::vector<int> stratifiedFolds(const Tensor& labels, int folds) {
  const Tensor host = labels.to(torch::kCPU, torch::kInt64).contiguous();
  const std::int64_t* values = host.const_data_ptr<std::int64_t>();
  const std::int64_t count = host.size(0);
  // Labels are numbered in the order in which they first occur; dealt out one by one, sorted, they say how many rows of
  // each a fold gets; rows then fill the folds in their own order.
  std::vector<std::int64_t> order;
  std::vector<std::int64_t> sizes;
  std::vector<std::size_t> numbers;
  for (std::int64_t i = 0; i < count; ++i) {
    std::size_t k = 0;
    while (k < order.size() && order[k] != values[i]) ++k;
    if (k == order.size()) {
      order.push_back(values[i]);
      sizes.push_back(0);
    }
    ++sizes[k];
    numbers.push_back(k);
  }
  std::vector<std::vector<int>> queue(order.size());
  std::int64_t start = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    std::vector<std::int64_t> share(static_cast<std::size_t>(folds));
    for (std::int64_t i = start; i < start + sizes[k]; ++i) ++share[static_cast<std::size_t>(i % folds)];
    for (int fold = 0; fold < folds; ++fold) {
      queue[k].insert(queue[k].end(), static_cast<std::size_t>(share[static_cast<std::size_t>(fold)]), fold);
    }
    start += sizes[k];
  }
  std::vector<std::size_t> next(order.size());
  std::vector<int> result;
  result.reserve(numbers.size());
  for (const std::size_t k : numbers) result.push_back(queue[k][next[k]++]);
  return result;
}

LogisticModel fitLogisticCV(const Tensor& x, const Tensor& labels, int folds) {
  checkRows(x, labels);
  for (const int label : {0, 1}) {
    const auto count = (labels == label).sum().item<std::int64_t>();
    if (count < folds) {
      throw Error(ErrorKind::Usage,
                  "only " + std::to_string(count) + (label == 1 ? " adversarial" : " clean") + " images for " +
                      std::to_string(folds) + " folds",
                  "logistic regression", "fit to more images");
    }
  }
  const Tensor fold = at::tensor(stratifiedFolds(labels, folds), torch::kInt64);
  double best = -1;
  double bestC = 0;
  for (int k = 0; k < kStrengths; ++k) {
    const double c = std::pow(10.0, -4 + 8.0 * k / (kStrengths - 1));
    double sum = 0;
    for (int f = 0; f < folds; ++f) {
      const Tensor fitted = (fold != f).nonzero().squeeze(1);
      const Tensor held = (fold == f).nonzero().squeeze(1);
      const LogisticModel model = fitLogistic(x.index_select(0, fitted), labels.index_select(0, fitted), c);
      sum += accuracy(model, x.index_select(0, held), labels.index_select(0, held));
    }
    // Means of the same shares differ in their last bit by the order of the sum.
    if (sum / folds > best + 1e-12) {
      best = sum / folds;
      bestC = c;
    }
  }
  return fitLogistic(x, labels, bestC);
}

Tensor decision(const LogisticModel& model, const Tensor& x) {
  return x.to(torch::kFloat64).mv(model.weights.to(x.device())) + model.intercept;
}

Tensor ColumnScaling::operator()(const Tensor& x) const { return (x - offset.to(x.device())) / scale.to(x.device()); }

ColumnScaling columnScaling(const Tensor& x, const std::string& law) {
  Tensor offset = at::zeros({x.size(1)}, x.options());
  Tensor scale = at::ones_like(offset);
  if (law == "zscore") {
    offset = x.mean(0);
    scale = (x - offset).square().mean(0).sqrt();
  } else if (law == "minmax") {
    offset = x.amin(0);
    scale = x.amax(0) - offset;
  }
  return {offset, at::where(scale > 0, scale, at::ones_like(scale))};
}

}  // namespace whorl
