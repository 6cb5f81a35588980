// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/projection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

/// A radius so much below ε that rounding x = o + δ, pixel by pixel, can't leave the ball: pixels of [½,1] are rounded
/// by at most η/4, all of them perhaps to the same side.
double safeRadius(double epsilon, const torch::Tensor& images) {
  const double eta = images.scalar_type() == torch::kFloat64 ? std::numeric_limits<double>::epsilon()
                                                             : std::numeric_limits<float>::epsilon();
  const auto pixels = static_cast<double>(images[0].numel());
  return std::max(0.0, epsilon * (1 - 2 * eta) - 0.25 * eta * std::sqrt(pixels));
}

/// How far from the centre a random point lies: a law of r^d fills the ball evenly.
double drawRadius(Random& random, double epsilon, StartLaw law, std::int64_t size) {
  const double uniform = random.uniform();
  return epsilon * (law == StartLaw::Radius ? uniform : std::pow(uniform, 1.0 / static_cast<double>(size)));
}

/// Even within the cube, or on the surface of a smaller one.
void drawLinf(Random& random, double epsilon, StartLaw law, double* values, std::int64_t size) {
  double largest = 0;
  for (std::int64_t k = 0; k < size; ++k) {
    values[k] = random.uniform(-epsilon, epsilon);
    largest = std::max(largest, std::abs(values[k]));
  }
  if (law != StartLaw::Radius || largest == 0) return;
  const double factor = drawRadius(random, epsilon, law, size) / largest;
  for (std::int64_t k = 0; k < size; ++k) values[k] *= factor;
}

/// A normal direction, and a radius.
void drawL2(Random& random, double epsilon, StartLaw law, double* values, std::int64_t size) {
  double square = 0;
  for (std::int64_t k = 0; k < size; ++k) {
    values[k] = random.normal();
    square += values[k] * values[k];
  }
  const double radius = drawRadius(random, epsilon, law, size);
  const double factor = square > 0 ? radius / std::sqrt(square) : 0;
  for (std::int64_t k = 0; k < size; ++k) values[k] *= factor;
}

/// Exponential magnitudes over their sum lie uniformly on the simplex; signs and a radius make the ball.
void drawL1(Random& random, double epsilon, StartLaw law, double* values, std::int64_t size) {
  double sum = 0;
  for (std::int64_t k = 0; k < size; ++k) {
    values[k] = -std::log1p(-random.uniform());
    sum += values[k];
    if (random.bernoulli(0.5)) values[k] = -values[k];
  }
  const double radius = drawRadius(random, epsilon, law, size);
  for (std::int64_t k = 0; k < size; ++k) values[k] *= sum > 0 ? radius / sum : 0;
}

using Draw = void (*)(Random&, double, StartLaw, double*, std::int64_t);

Draw drawOf(Norm norm) {
  if (norm == Norm::Linf) return drawLinf;
  return norm == Norm::L2 ? drawL2 : drawL1;
}

/// The nearest point to origin + delta of the 1-ball in the box: magnitudes shrink by one λ for all pixels of an image,
/// and end at the box. Σ min(max(|δ| − λ, 0), room) falls with λ, which bisection finds to the last bit.
torch::Tensor projectL1(const torch::Tensor& origin, const torch::Tensor& images, double epsilon) {
  const torch::Tensor delta = (images - origin).to(torch::kFloat64).flatten(1);
  const torch::Tensor o = origin.to(torch::kFloat64).flatten(1);
  const torch::Tensor room = at::where(delta > 0, 1 - o, o);
  const torch::Tensor size = delta.abs();
  const auto spent = [&](const torch::Tensor& lambda) {
    return at::minimum((size - lambda).clamp_min_(0), room).sum(1, /*keepdim=*/true);
  };
  torch::Tensor low = torch::zeros({size.size(0), 1}, size.options());
  const torch::Tensor inside = spent(low) <= epsilon;
  torch::Tensor high = size.amax(1, /*keepdim=*/true);
  constexpr int kBisections = 60;
  for (int k = 0; k < kBisections; ++k) {
    const torch::Tensor middle = (low + high) / 2;
    const torch::Tensor tooMuch = spent(middle) > epsilon;
    low = at::where(tooMuch, middle, low);
    high = at::where(tooMuch, high, middle);
  }
  const torch::Tensor lambda = at::where(inside, at::zeros_like(high), high);
  const torch::Tensor shrunk = at::minimum((size - lambda).clamp_min_(0), room) * delta.sign();
  return (o + shrunk).to(origin.scalar_type()).view(origin.sizes()).clamp_(0, 1);
}

}  // namespace

Norm parseNorm(const std::string& name) {
  if (name == "linf") return Norm::Linf;
  if (name == "l2") return Norm::L2;
  if (name == "l1") return Norm::L1;
  throw Error(ErrorKind::Usage, "there is no norm \"" + name + "\" here", "norm", "known: linf, l2, l1");
}

StartLaw parseStartLaw(const std::string& name) {
  if (name == "ball") return StartLaw::Ball;
  if (name == "radius") return StartLaw::Radius;
  if (name == "growing") return StartLaw::Growing;
  throw Error(ErrorKind::Usage, "unknown law of random starts", name, "use ball, radius or growing");
}

torch::Tensor l2Norms(const torch::Tensor& images) {
  return at::linalg_vector_norm(images.flatten(1), 2, at::IntArrayRef{1});
}

torch::Tensor perImage(const torch::Tensor& values) { return values.view({-1, 1, 1, 1}); }

Ball::Ball(Norm norm, torch::Tensor origin, double epsilon)
    : m_norm(norm), m_epsilon(epsilon), m_origin(std::move(origin)) {
  if (m_norm == Norm::Linf) {
    m_lower = (m_origin - m_epsilon).clamp_min_(0);
    m_upper = (m_origin + m_epsilon).clamp_max_(1);
  }
}

torch::Tensor Ball::project(const torch::Tensor& images) const {
  if (m_norm == Norm::Linf) return at::clamp(images, m_lower, m_upper);
  if (images.size(0) == 0) return images;
  if (m_norm == Norm::L1) {
    // Rounding to the images' precision may add half a unit in the last place for every pixel.
    const double eta = images.scalar_type() == torch::kFloat64 ? std::numeric_limits<double>::epsilon()
                                                               : std::numeric_limits<float>::epsilon();
    const double radius = m_epsilon - 0.25 * eta * static_cast<double>(images[0].numel());
    return projectL1(m_origin, images, std::max(0.0, radius));
  }
  const torch::Tensor delta = images - m_origin;
  const double radius = safeRadius(m_epsilon, images);
  // Norms in double: a float sum of 21,168 squares would be as coarse as the tolerance.
  const torch::Tensor norms = l2Norms(delta.to(torch::kFloat64));
  const torch::Tensor factor = (radius / norms.clamp_min(1e-300)).clamp_max(1);
  return (m_origin + delta * perImage(factor.to(delta.scalar_type()))).clamp_(0, 1);
}

torch::Tensor Ball::randomPoint(const std::vector<std::uint64_t>& seeds, StartLaw law, double share) const {
  torch::Tensor offsets = torch::empty(m_origin.sizes(), torch::kFloat64);
  const std::int64_t size = seeds.empty() ? 0 : offsets.numel() / static_cast<std::int64_t>(seeds.size());
  double* values = offsets.data_ptr<double>();
  const Draw draw = drawOf(m_norm);
  for (const std::uint64_t seed : seeds) {
    Random random(seed);
    draw(random, share * m_epsilon, law, values, size);
    values += size;
  }
  return m_origin + offsets.to(m_origin.device(), m_origin.scalar_type());
}

Ball Ball::select(const torch::Tensor& rows) const {
  Ball ball;
  ball.m_norm = m_norm;
  ball.m_epsilon = m_epsilon;
  ball.m_origin = m_origin.index_select(0, rows);
  if (m_norm == Norm::Linf) {
    ball.m_lower = m_lower.index_select(0, rows);
    ball.m_upper = m_upper.index_select(0, rows);
  }
  return ball;
}

}  // namespace whorl
