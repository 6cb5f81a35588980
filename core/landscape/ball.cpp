// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/ball.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/landscape/grid.h"
#include "core/nn/batch_workers.h"

namespace whorl {
namespace {

/// A layer of the result: made of the sorted values at one radius.
struct Statistic {
  const char* suffix;
  double quantile;  ///< in [0,1]; below 0 the mean
};
constexpr Statistic kStatistics[] = {{"_mean", -1},    {"_min", 0},    {"_q05", 0.05}, {"_q25", 0.25},
                                     {"_median", 0.5}, {"_q75", 0.75}, {"_q95", 0.95}, {"_max", 1}};

double statistic(const std::vector<double>& sorted, double quantile) {
  if (quantile < 0) {
    double sum = 0;
    for (const double value : sorted) sum += value;
    return sum / static_cast<double>(sorted.size());
  }
  const double rank = quantile * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// Values of the rays so far.
class Distribution {
 public:
  Distribution(std::vector<double> radii, std::vector<std::string> layers)
      : m_radii(std::move(radii)), m_layers(std::move(layers)), m_values(m_layers.size() * m_radii.size()) {}

  /// [layers,R] float64 of one ray.
  void add(const torch::Tensor& found) {
    const torch::Tensor host = found.contiguous();
    const double* value = host.const_data_ptr<double>();
    for (std::vector<double>& values : m_values) values.push_back(*value++);
  }

  Surface surface() const {
    Surface surface{m_radii, {0}, {}, 0};
    for (std::size_t layer = 0; layer < m_layers.size(); ++layer) {
      if (m_layers[layer] == "predicted") {
        surface.layers.push_back({"predicted_same", overRadii(layer, sameAsMiddle)});
        continue;
      }
      for (const Statistic& each : kStatistics) {
        surface.layers.push_back(
            {m_layers[layer] + each.suffix, overRadii(layer, [&each](std::vector<double> values, double) {
               std::sort(values.begin(), values.end());
               return statistic(values, each.quantile);
             })});
      }
    }
    return surface;
  }

 private:
  static double sameAsMiddle(const std::vector<double>& values, double middle) {
    return static_cast<double>(std::count(values.begin(), values.end(), middle)) / static_cast<double>(values.size());
  }

  /// `of` gets the values at a radius, and the middle's.
  template <class Of>
  std::vector<double> overRadii(std::size_t layer, Of of) const {
    std::vector<double> line;
    const std::size_t first = layer * m_radii.size();
    for (std::size_t i = 0; i < m_radii.size(); ++i) line.push_back(of(m_values[first + i], m_values[first].front()));
    return line;
  }

  std::vector<double> m_radii;
  std::vector<std::string> m_layers;
  std::vector<std::vector<double>> m_values;  ///< [layer · radii + radius][ray]
};

}  // namespace

BallNorm parseBallNorm(const std::string& name) {
  if (name == "l2") return BallNorm::L2;
  if (name == "linf") return BallNorm::Linf;
  throw Error(ErrorKind::Usage, "a ball has no norm \"" + name + "\"", "norm", "l2 or linf");
}

Ball::Ball(const torch::Tensor& image, std::int64_t rays, BallNorm norm, std::uint64_t seed, bool clip)
    : m_image(image), m_rays(rays), m_norm(norm), m_seed(mixSeed(seed, "ball")), m_clip(clip) {
  if (rays < 1 || rays > kMostRays) {
    throw Error(ErrorKind::Usage, std::to_string(rays) + " is no number of rays", "rays",
                "1 to " + std::to_string(kMostRays));
  }
}

torch::Tensor Ball::ray(std::int64_t number) const {
  Random random(mixSeed(m_seed, static_cast<std::uint64_t>(number)));
  torch::Tensor numbers = at::empty({m_image.numel()}, torch::kFloat64);
  double* values = numbers.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < numbers.numel(); ++i) {
    values[i] = m_norm == BallNorm::L2 ? random.normal() : random.uniform(-1, 1);
  }
  numbers /= m_norm == BallNorm::L2 ? numbers.norm() : numbers.abs().max();
  return numbers.view(m_image.sizes());
}

torch::Tensor Ball::at(std::int64_t number, const std::vector<double>& radii) const {
  const torch::Tensor steps = at::tensor(radii, torch::kFloat64).view({-1, 1, 1, 1});
  const torch::Tensor images = m_image + (steps * ray(number)).to(m_image.options());
  return m_clip ? images.clamp(0, 1) : images;
}

Surface sampleBall(const Ball& ball, double range, int resolution, const PointValues& values, const SamplingPlan& plan,
                   const JobContext& context, const std::function<void(const Surface&)>& onLevel) {
  const Grid line(1, range, resolution);  // refuses what can't be
  std::vector<double> radii;
  for (int i = 0; i < resolution; ++i) radii.push_back(range * i / (resolution - 1));
  Distribution distribution(radii, values.layers());
  const auto valuesOf = [&](std::int64_t ray) {
    const torch::Tensor images = ball.at(ray, radii);
    std::vector<torch::Tensor> parts;
    for (std::int64_t first = 0; first < resolution; first += plan.batchSize) {
      context.step();
      parts.push_back(values.evaluate(images.narrow(0, first, std::min(plan.batchSize, resolution - first))));
    }
    return at::cat(parts, 1);
  };
  constexpr std::int64_t kFirstRays = 16;
  std::int64_t done = 0;
  while (done < ball.rays()) {
    const std::int64_t first = done;
    const std::int64_t end = std::min(ball.rays(), first == 0 ? kFirstRays : 4 * first);
    BatchWorkers<torch::Tensor> workers(end - first, plan.workers, plan.threadsPerWorker);
    workers.run([&](std::int64_t ray) { return valuesOf(first + ray); },
                [&](std::int64_t, torch::Tensor&& found) {
                  distribution.add(found);
                  ++done;
                  context.report({done * resolution, ball.rays() * resolution, "computing the ball", {}});
                });
    if (onLevel) onLevel(distribution.surface());
  }
  context.throwIfStopped();
  return distribution.surface();
}

}  // namespace whorl
