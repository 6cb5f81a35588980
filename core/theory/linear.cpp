// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/linear.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "core/base/error.h"

namespace whorl {
namespace {

constexpr std::int64_t kMostPairSteps = 20'000'000;
constexpr std::int64_t kStepsBetweenLooks = 2048;
constexpr int kMostNewtonSteps = 200;

void check(const PlanarData& data, double c) {
  if (!(c > 0) || !std::isfinite(c)) {
    throw Error(ErrorKind::Usage, "C must be a number above 0", "c", "1 is usual; larger ones forgive fewer points");
  }
  if (const int classes = checkedClassCount(data); classes != 2) {
    throw Error(ErrorKind::BadInput, "a line tells two classes apart, not " + std::to_string(classes), "points",
                "choose a network, or data of two classes");
  }
}

double sign(const PlanarSample& sample) { return sample.label == 1 ? 1 : -1; }

/// The dual problem: least ½‖w‖² − Σα over 0 ≤ α ≤ C, Σ αy = 0, where w = Σ αyx is kept up to date.
class PairSolver {
 public:
  PairSolver(const PlanarData& data, double c) : m_data(data), m_c(c), m_alpha(data.size(), 0.0) {}

  SvmSolution solve(double tolerance, const JobContext& context) {
    SvmSolution solution;
    for (;; ++solution.pairSteps) {
      if (solution.pairSteps % kStepsBetweenLooks == 0) {
        context.step();
        refreshWeights();
      }
      Pair pair = choose();
      if (pair.gap <= tolerance) {  // perhaps by weights that rounding has carried away
        refreshWeights();
        pair = choose();
      }
      solution.gap = pair.gap;
      if (pair.gap <= tolerance) break;
      if (solution.pairSteps >= kMostPairSteps) {
        throw Error(ErrorKind::Failed, "the support vector machine found no optimum", "svm",
                    "try a smaller C, or points that lie closer to the origin");
      }
      move(pair);
    }
    solution.model = {m_w, bias()};
    solution.alpha = m_alpha;
    return solution;
  }

 private:
  struct Pair {
    std::size_t up = 0;    ///< whose yα grows
    std::size_t down = 0;  ///< whose yα shrinks
    double gap = 0;
  };

  bool canGrow(std::size_t i) const { return sign(m_data[i]) > 0 ? m_alpha[i] < m_c : m_alpha[i] > 0; }
  bool canShrink(std::size_t i) const { return sign(m_data[i]) > 0 ? m_alpha[i] > 0 : m_alpha[i] < m_c; }
  /// yᵢ − w·xᵢ: the bias that would put the point on its margin.
  double wanted(std::size_t i) const { return sign(m_data[i]) - dot(m_w, m_data[i].at); }

  /// The point whose yα may grow that wants the largest bias, and of those that may shrink the one with which the dual
  /// gains most.
  Pair choose() const {
    Pair pair;
    double highest = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < m_data.size(); ++i) {
      if (canGrow(i) && wanted(i) > highest) highest = wanted(pair.up = i);
    }
    double lowest = std::numeric_limits<double>::infinity();
    double best = -1;
    for (std::size_t j = 0; j < m_data.size(); ++j) {
      if (!canShrink(j)) continue;
      const double value = wanted(j);
      lowest = std::min(lowest, value);
      const double violation = highest - value;
      if (violation <= 0) continue;
      const double gain = violation * violation / curvature(pair.up, j);
      if (gain > best) best = gain, pair.down = j;
    }
    pair.gap = highest - lowest;
    return pair;
  }

  double curvature(std::size_t i, std::size_t j) const {
    const PlanarPoint apart = m_data[i].at - m_data[j].at;
    return std::max(dot(apart, apart), 1e-12);
  }

  void move(const Pair& pair) {
    const double yi = sign(m_data[pair.up]);
    const double yj = sign(m_data[pair.down]);
    double step = (wanted(pair.up) - wanted(pair.down)) / curvature(pair.up, pair.down);
    const double roomUp = yi > 0 ? m_c - m_alpha[pair.up] : m_alpha[pair.up];
    const double roomDown = yj > 0 ? m_alpha[pair.down] : m_c - m_alpha[pair.down];
    step = std::min({step, roomUp, roomDown});
    // What fills its room ends exactly on the bound, so that rounding leaves no point a hair away from it.
    m_alpha[pair.up] = step == roomUp ? (yi > 0 ? m_c : 0) : m_alpha[pair.up] + yi * step;
    m_alpha[pair.down] = step == roomDown ? (yj > 0 ? 0 : m_c) : m_alpha[pair.down] - yj * step;
    m_w = m_w + (m_data[pair.up].at - m_data[pair.down].at) * step;
  }

  void refreshWeights() {
    m_w = {};
    for (std::size_t i = 0; i < m_data.size(); ++i) m_w = m_w + m_data[i].at * (m_alpha[i] * sign(m_data[i]));
  }

  /// What points on their margin say; without any, the middle of what the others allow.
  double bias() const {
    double sum = 0;
    int count = 0;
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < m_data.size(); ++i) {
      if (m_alpha[i] > 0 && m_alpha[i] < m_c) sum += wanted(i), ++count;
      if (canGrow(i)) low = std::max(low, wanted(i));
      if (canShrink(i)) high = std::min(high, wanted(i));
    }
    return count > 0 ? sum / count : (low + high) / 2;
  }

  const PlanarData& m_data;
  double m_c;
  std::vector<double> m_alpha;
  PlanarPoint m_w;
};

/// log(1 + exp(-t)) without overflow.
double softLoss(double t) { return t > 0 ? std::log1p(std::exp(-t)) : std::log1p(std::exp(t)) - t; }

using Vector3 = std::array<double, 3>;  ///< of w.x, w.y, b

struct Curvature {
  Vector3 gradient{};
  std::array<Vector3, 3> hessian{};
};

double objective(const PlanarData& data, double c, const LinearModel& model) {
  double loss = 0;
  for (const PlanarSample& sample : data) loss += softLoss(sign(sample) * model.value(sample.at));
  return dot(model.w, model.w) / 2 + c * loss;
}

Curvature curvatureAt(const PlanarData& data, double c, const LinearModel& model) {
  Curvature result;
  result.gradient = {model.w.x, model.w.y, 0};
  result.hessian[0][0] = result.hessian[1][1] = 1;
  for (const PlanarSample& sample : data) {
    const double wrong = 1 / (1 + std::exp(sign(sample) * model.value(sample.at)));
    const Vector3 row{sample.at.x, sample.at.y, 1};
    for (std::size_t i = 0; i < 3; ++i) {
      result.gradient[i] -= c * wrong * sign(sample) * row[i];
      for (std::size_t k = 0; k < 3; ++k) result.hessian[i][k] += c * wrong * (1 - wrong) * row[i] * row[k];
    }
  }
  // Where the loss is flat in b (all points far on their side) nothing but this keeps the system solvable.
  result.hessian[2][2] += 1e-12;
  return result;
}

/// Solves A x = b for a positive definite A by Cholesky's decomposition.
Vector3 solved(std::array<Vector3, 3> a, Vector3 b) {
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      for (std::size_t k = 0; k < j; ++k) a[i][j] -= a[i][k] * a[j][k];
      a[i][j] = i == j ? std::sqrt(std::max(a[i][i], 1e-300)) : a[i][j] / a[j][j];
    }
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (std::size_t i = 3; i-- > 0;) {
    for (std::size_t k = i + 1; k < 3; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

}  // namespace

SvmSolution trainSvm(const PlanarData& data, double c, double tolerance, const JobContext& context) {
  check(data, c);
  if (!(tolerance > 0)) throw Error(ErrorKind::Usage, "the tolerance must be above 0", "tolerance");
  return PairSolver(data, c).solve(tolerance, context);
}

LinearModel trainLogistic(const PlanarData& data, double c, const JobContext& context) {
  check(data, c);
  LinearModel model;
  double value = objective(data, c, model);
  const double enough = 1e-9 * (1 + c * static_cast<double>(data.size()));
  for (int step = 0; step < kMostNewtonSteps; ++step) {
    context.step();
    const Curvature at = curvatureAt(data, c, model);
    const auto largest = [](const Vector3& v) { return std::max({std::abs(v[0]), std::abs(v[1]), std::abs(v[2])}); };
    if (largest(at.gradient) <= enough) return model;
    const Vector3 by = solved(at.hessian, at.gradient);
    bool moved = false;
    for (double share = 1; share > 1e-12 && !moved; share /= 2) {
      const LinearModel next{{model.w.x - share * by[0], model.w.y - share * by[1]}, model.b - share * by[2]};
      const double reached = objective(data, c, next);
      moved = reached < value;
      if (moved) model = next, value = reached;
    }
    if (!moved) return model;  // as close as the numbers' digits allow
  }
  throw Error(ErrorKind::Failed, "logistic regression found no optimum", "logistic", "try a smaller C");
}

}  // namespace whorl
