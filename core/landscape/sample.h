// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/job.h"
#include "core/landscape/grid.h"
#include "core/landscape/plane.h"
#include "core/landscape/surface.h"
#include "core/landscape/values.h"

namespace whorl {

/// How a landscape's points are computed.
struct SamplingPlan {
  std::int64_t batchSize = 64;  ///< points at once, at most
  int workers = 1;              ///< batches at once
  int threadsPerWorker = 1;
};

/// Values at points: coordinates [B,2] float64 on the host, (x, y) a row → [layers,B] float64 on the host. Called by
/// several threads at once.
using PointFunction = std::function<torch::Tensor(const torch::Tensor& coordinates)>;

/// Takes values over a grid, coarse to fine: no point twice. `onLevel` (may be empty) gets a surface after each level
/// of the grid, the complete one last, on the caller's thread. `layers` names what `values` gives.
/// Reports points done. Cancelling takes effect between two batches: Error(Cancelled), and the levels that were handed
/// over stay what they are. Whatever `values` throws ends it.
Surface sampleSurface(const Grid& grid, const std::vector<std::string>& layers, const PointFunction& values,
                      const SamplingPlan& plan, const JobContext& context,
                      const std::function<void(const Surface&)>& onLevel = {});

/// Over images of a plane. Error(Usage) if the grid has another number of dimensions.
Surface sampleSurface(const Plane& plane, const Grid& grid, const PointValues& values, const SamplingPlan& plan,
                      const JobContext& context, const std::function<void(const Surface&)>& onLevel = {});

}  // namespace whorl
