// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/rays.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.h"

namespace whorl {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double product(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += a[k] * b[k];
  return sum;
}

/// Positive roots of a r² + 2 b r + c, in order; none where it is 0 everywhere.
std::vector<double> positiveRoots(double a, double b, double c) {
  std::vector<double> roots;
  const double scale = std::max({std::abs(a), std::abs(b), std::abs(c)});
  if (std::abs(a) <= 1e-15 * scale) {
    if (b != 0) roots.push_back(-c / (2 * b));
  } else {
    const double discriminant = std::max(b * b - a * c, 0.0);  // a root of a kink is double, and rounding may miss it
    const double q = -(b + std::copysign(std::sqrt(discriminant), b));
    roots.push_back(q / a);
    if (q != 0) roots.push_back(c / q);
  }
  std::erase_if(roots, [](double root) { return !(root > 0) || !std::isfinite(root); });
  std::sort(roots.begin(), roots.end());
  return roots;
}

std::vector<RayInterval> intersection(const std::vector<RayInterval>& a, const std::vector<RayInterval>& b) {
  std::vector<RayInterval> both;
  for (const RayInterval& first : a) {
    for (const RayInterval& second : b) {
      const RayInterval common{std::max(first.low, second.low), std::min(first.high, second.high)};
      if (common.low <= common.high) both.push_back(common);
    }
  }
  return both;
}

std::vector<RayInterval> merged(std::vector<RayInterval> intervals) {
  std::sort(intervals.begin(), intervals.end(), [](const auto& a, const auto& b) { return a.low < b.low; });
  std::vector<RayInterval> result;
  for (const RayInterval& interval : intervals) {
    if (!result.empty() && interval.low <= result.back().high) {
      result.back().high = std::max(result.back().high, interval.high);
    } else {
      result.push_back(interval);
    }
  }
  return result;
}

void needLinear(const PlanarNetwork& network) {
  if (network.isLinear()) return;
  throw Error(ErrorKind::Usage, "the closed form is for linear models", "network", "choose one without hidden layers");
}

}  // namespace

std::vector<RayInterval> acceptedAlongRay(std::span<const double> p, std::span<const double> u,
                                          std::span<const double> response, double tau) {
  // ‖q − c‖² = 1 + ‖c‖² − 2⟨q,c⟩ for the unit vector q, so within τ means ⟨q,c⟩ ≥ κ: linear in r against κ times a
  // norm.
  std::vector<double> c(p.size());
  for (std::size_t k = 0; k < p.size(); ++k) c[k] = p[k] + response[k];
  const double kappa = (1 + product(c, c) - tau * tau) / 2;
  const double slope = product(p, c);
  const double start = product(u, c);
  const double along = product(p, u);
  const double shift = product(u, u);
  const auto accepted = [&](double r) {
    return slope * r + start >= kappa * std::sqrt(std::max(r * r + 2 * r * along + shift, 0.0));
  };
  std::vector<double> ends{0};
  for (const double root : positiveRoots(slope * slope - kappa * kappa, slope * start - kappa * kappa * along,
                                         start * start - kappa * kappa * shift)) {
    ends.push_back(root);
  }
  ends.push_back(kInfinity);
  std::vector<RayInterval> result;
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
    const double inside = std::isinf(ends[i + 1]) ? 2 * ends[i] + 1 + std::sqrt(shift) : (ends[i] + ends[i + 1]) / 2;
    if (accepted(inside)) result.push_back({ends[i], ends[i + 1]});
  }
  return merged(std::move(result));
}

double rejectionRadius(const PlanarNetwork& network, const PlanarFingerprints& fingerprints, double tau) {
  needLinear(network);
  const auto classes = static_cast<std::size_t>(network.classCount());
  const std::vector<double>& weights = network.parameters();
  double shift = 0;
  double least = kInfinity;
  for (std::size_t i = 0; i < fingerprints.count(); ++i) {
    double square = 0;
    for (std::size_t k = 0; k < classes; ++k) {
      const double change = weights[k] * fingerprints.dx[i].x + weights[classes + k] * fingerprints.dx[i].y;
      square += change * change;
    }
    shift += std::sqrt(square) / static_cast<double>(fingerprints.count());
  }
  for (int label = 0; label < network.classCount(); ++label) {
    double mean = 0;
    for (std::size_t i = 0; i < fingerprints.count(); ++i) {
      const std::span response(fingerprints.response(i, label), classes);
      mean += std::sqrt(product(response, response)) / static_cast<double>(fingerprints.count());
    }
    least = std::min(least, mean);
  }
  return fingerprints.count() > 0 && least > tau ? 2 * shift / (least - tau) : kInfinity;
}

LinearRegion::LinearRegion(const PlanarNetwork& network, PlanarFingerprints fingerprints, double tau)
    : m_fingerprints(std::move(fingerprints)), m_tau(tau) {
  needLinear(network);
  if (network.classCount() != 2 || m_fingerprints.classes != 2) {
    throw Error(ErrorKind::Usage, "the accept region is drawn in closed form for two outputs", "network");
  }
  const std::vector<double>& values = network.parameters();  // weights [coordinate][output], then biases
  for (std::size_t k = 0; k < 2; ++k) {
    m_weights[k][0] = values[k];
    m_weights[k][1] = values[2 + k];
  }
  const double determinant = m_weights[0][0] * m_weights[1][1] - m_weights[0][1] * m_weights[1][0];
  const double size = std::hypot(m_weights[0][0], m_weights[0][1]) * std::hypot(m_weights[1][0], m_weights[1][1]);
  if (!(std::abs(determinant) > 1e-12 * size)) {
    throw Error(ErrorKind::Usage, "the model's two outputs depend on each other", "network",
                "bands are its closed form");
  }
  m_inverse[0][0] = m_weights[1][1] / determinant;
  m_inverse[0][1] = -m_weights[0][1] / determinant;
  m_inverse[1][0] = -m_weights[1][0] / determinant;
  m_inverse[1][1] = m_weights[0][0] / determinant;
  m_origin = {-(m_inverse[0][0] * values[4] + m_inverse[0][1] * values[5]),
              -(m_inverse[1][0] * values[4] + m_inverse[1][1] * values[5])};
}

PlanarPoint LinearRegion::at(double angle, double r) const {
  const double h[2] = {r * std::cos(angle), r * std::sin(angle)};
  return {m_origin.x + m_inverse[0][0] * h[0] + m_inverse[0][1] * h[1],
          m_origin.y + m_inverse[1][0] * h[0] + m_inverse[1][1] * h[1]};
}

std::vector<RayInterval> LinearRegion::ofClass(double angle, int label) const {
  const double p[2] = {std::cos(angle), std::sin(angle)};
  std::vector<RayInterval> common{{0, kInfinity}};
  for (std::size_t i = 0; i < m_fingerprints.count(); ++i) {
    const PlanarPoint& dx = m_fingerprints.dx[i];
    const double u[2] = {m_weights[0][0] * dx.x + m_weights[0][1] * dx.y,
                         m_weights[1][0] * dx.x + m_weights[1][1] * dx.y};
    common = intersection(common, acceptedAlongRay(p, u, std::span(m_fingerprints.response(i, label), 2), m_tau));
  }
  return common;
}

std::vector<RayInterval> LinearRegion::along(double angle) const {
  std::vector<RayInterval> all = ofClass(angle, 0);
  const std::vector<RayInterval> more = ofClass(angle, 1);
  all.insert(all.end(), more.begin(), more.end());
  return merged(std::move(all));
}

bool LinearRegion::accepts(const PlanarPoint& point) const {
  const PlanarPoint off = point - m_origin;
  const double h[2] = {m_weights[0][0] * off.x + m_weights[0][1] * off.y,
                       m_weights[1][0] * off.x + m_weights[1][1] * off.y};
  const double r = std::hypot(h[0], h[1]);
  const std::vector<RayInterval> intervals = along(std::atan2(h[1], h[0]));
  return std::any_of(intervals.begin(), intervals.end(),
                     [&](const RayInterval& interval) { return interval.low <= r && r <= interval.high; });
}

}  // namespace whorl
