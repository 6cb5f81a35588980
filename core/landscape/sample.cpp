// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/sample.h"

#include <algorithm>
#include <numeric>

#include <ATen/ops/empty.h>

#include "core/base/error.h"
#include "core/nn/batch_workers.h"

namespace whorl {
namespace {

/// The whole grid, which the levels fill.
class Sampling {
 public:
  Sampling(const Grid& grid, const std::vector<std::string>& layers, const JobContext& context)
      : m_grid(grid), m_context(context), m_known(static_cast<std::size_t>(grid.pointCount())) {
    for (const std::string& name : layers) m_layers.push_back({name, std::vector<double>(m_known.size())});
  }

  /// Computes those points of a level that no coarser one had.
  void fill(const std::vector<int>& places, const PointFunction& values, const SamplingPlan& plan) {
    const std::vector<std::int64_t> wanted = unknown(places);
    const auto count = std::ssize(wanted);
    if (count == 0) return;
    // All nearly of one size, and as many for each worker: nobody waits long at the end of a level.
    const std::int64_t rounds = (count + plan.batchSize * plan.workers - 1) / (plan.batchSize * plan.workers);
    const std::int64_t batches = std::min(count, rounds * plan.workers);
    const auto first = [&](std::int64_t batch) { return count * batch / batches; };
    BatchWorkers<torch::Tensor> workers(batches, plan.workers, plan.threadsPerWorker);
    workers.run(
        [&](std::int64_t batch) {
          m_context.step();
          return values(coordinates(wanted, first(batch), first(batch + 1)));
        },
        [&](std::int64_t batch, torch::Tensor&& found) { keep(wanted, first(batch), found); });
  }

  /// What lies at these places of both axes.
  Surface surface(const std::vector<int>& places) const {
    const std::vector<int> rows = m_grid.dimensions() == 2 ? places : std::vector<int>{0};
    Surface surface;
    for (const int place : places) surface.x.push_back(m_grid.coordinate(place));
    for (const int row : rows) surface.y.push_back(yOf(row));
    for (const SurfaceLayer& layer : m_layers) {
      SurfaceLayer part{layer.name, {}};
      part.values.reserve(surface.pointCount());
      for (const int row : rows) {
        for (const int column : places) part.values.push_back(layer.values[index(column, row)]);
      }
      surface.layers.push_back(std::move(part));
    }
    return surface;
  }

 private:
  double yOf(int row) const { return m_grid.dimensions() == 2 ? m_grid.coordinate(row) : 0; }
  std::size_t index(int column, int row) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(m_grid.resolution()) +
           static_cast<std::size_t>(column);
  }

  std::vector<std::int64_t> unknown(const std::vector<int>& places) const {
    const std::vector<int> rows = m_grid.dimensions() == 2 ? places : std::vector<int>{0};
    std::vector<std::int64_t> indices;
    for (const int row : rows) {
      for (const int column : places) {
        if (!m_known[index(column, row)]) indices.push_back(static_cast<std::int64_t>(index(column, row)));
      }
    }
    return indices;
  }

  torch::Tensor coordinates(const std::vector<std::int64_t>& wanted, std::int64_t first, std::int64_t end) const {
    torch::Tensor points = at::empty({end - first, 2}, torch::kFloat64);
    double* value = points.mutable_data_ptr<double>();
    for (std::int64_t i = first; i < end; ++i) {
      const std::int64_t place = wanted[static_cast<std::size_t>(i)];
      *value++ = m_grid.coordinate(static_cast<int>(place % m_grid.resolution()));
      *value++ = yOf(static_cast<int>(place / m_grid.resolution()));
    }
    return points;
  }

  /// Called for one batch at a time.
  void keep(const std::vector<std::int64_t>& wanted, std::int64_t first, const torch::Tensor& found) {
    const torch::Tensor host = found.contiguous();
    const std::int64_t count = host.size(1);
    const double* value = host.const_data_ptr<double>();
    for (SurfaceLayer& layer : m_layers) {
      for (std::int64_t i = 0; i < count; ++i) {
        layer.values[static_cast<std::size_t>(wanted[static_cast<std::size_t>(first + i)])] = *value++;
      }
    }
    for (std::int64_t i = 0; i < count; ++i) {
      m_known[static_cast<std::size_t>(wanted[static_cast<std::size_t>(first + i)])] = true;
    }
    m_done += count;
    m_context.report({m_done, m_grid.pointCount(), "computing the landscape", {}});
  }

  const Grid& m_grid;
  const JobContext& m_context;
  std::vector<bool> m_known;
  std::vector<SurfaceLayer> m_layers;
  std::int64_t m_done = 0;
};

}  // namespace

Surface sampleSurface(const Grid& grid, const std::vector<std::string>& layers, const PointFunction& values,
                      const SamplingPlan& plan, const JobContext& context,
                      const std::function<void(const Surface&)>& onLevel) {
  if (plan.batchSize < 1 || plan.workers < 1 || plan.threadsPerWorker < 1) {
    throw Error(ErrorKind::Usage, "a plan has at least one point a batch, one worker and one thread", "plan");
  }
  Sampling sampling(grid, layers, context);
  for (const std::vector<int>& places : grid.levels()) {
    sampling.fill(places, values, plan);
    if (onLevel) onLevel(sampling.surface(places));
  }
  context.throwIfStopped();
  return sampling.surface(grid.levels().back());
}

Surface sampleSurface(const Plane& plane, const Grid& grid, const PointValues& values, const SamplingPlan& plan,
                      const JobContext& context, const std::function<void(const Surface&)>& onLevel) {
  if (plane.dimensions() != grid.dimensions()) {
    throw Error(ErrorKind::Usage, "the grid and what it lies in have different numbers of directions", "directions");
  }
  return sampleSurface(
      grid, values.layers(), [&](const torch::Tensor& coordinates) { return values.evaluate(plane.at(coordinates)); },
      plan, context, onLevel);
}

}  // namespace whorl
