// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/job.h"
#include "core/base/parameters.h"
#include "core/fingerprint/fingerprint.h"
#include "core/landscape/grid.h"
#include "core/landscape/surface.h"
#include "core/landscape/weights.h"

namespace whorl {

/// A line of the table: something to ask of a network.
struct WeightValueEntry {
  OperationSpec spec;         ///< without parameters
  bool fingerprints = false;  ///< needs them
};

/// The table: means over a sample of images that a landscape in weight space can show.
const std::vector<WeightValueEntry>& weightValues();
/// Error(Usage) that lists the known names.
const WeightValueEntry& findWeightValue(const std::string& name);

/// What networks are judged by; all of it on the networks' device and of their type.
struct WeightSample {
  torch::Tensor images;      ///< [n,C,H,W] in [0,1], n >= 1
  torch::Tensor labels;      ///< [n] int64
  std::vector<double> mean;  ///< the model's normalisation
  std::vector<double> scale;
  std::optional<Fingerprints> fingerprints;  ///< of values that need them
  std::int64_t batchSize = 256;              ///< images through a network at once, fingerprint copies included
  /// BatchNorm's running statistics are measured anew at each point, on the images that judge it: batch by batch in
  /// training mode, with the mean of the batches' means and (unbiased) variances taken.
  bool measureStatistics = false;
};

/// Values of the networks at a grid's points over a sample.
///
/// First all points by few images, coarse to fine; then by four times as many at a time, until all have judged. No
/// image goes through a network twice, unless statistics are measured on them: those of more images are others. The
/// numbers don't depend on the number of workers. A point is a worker's batch; cancelling takes effect within it, too.
/// Error(Usage) for an empty sample, unknown values, those that lack fingerprints, and another number of dimensions;
/// Error(BadInput) where a network gives NaN or infinity.
Surface sampleWeights(const WeightPlane& plane, const Grid& grid, const std::vector<std::string>& values,
                      const WeightSample& sample, int workers, int threadsPerWorker, const JobContext& context,
                      const std::function<void(const Surface&)>& onLevel = {});

/// By how many images, one stage after the other: 16, 64, 256, …, all.
std::vector<std::int64_t> weightStages(std::int64_t count);

}  // namespace whorl
