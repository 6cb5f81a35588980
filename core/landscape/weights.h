// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/base/job.h"
#include "core/landscape/grid.h"
#include "core/landscape/sample.h"
#include "core/landscape/surface.h"
#include "core/nn/model.h"

namespace whorl {

/// A line or a plane of networks of one architecture. It has its own copy of all weights and makes a new network for
/// every point: the networks that it was made from are never written to, whatever is cancelled or fails.
///
/// BatchNorm: running means and variances are weights that no random direction changes, and that a line between two
/// networks mixes as all others; they are not measured again. Immutable; any thread.
class WeightPlane {
 public:
  /// `dimensions` 1 or 2 random directions around a network, from `seed`: normal numbers, each filter (row of a linear
  /// layer) scaled to the L2 norm of the network's own (Li et al. 2018, "Visualizing the Loss Landscape of Neural
  /// Nets", section 4), so that networks whose weights differ by a scale look alike. Biases and BatchNorm stay.
  /// Error(Usage) for another number of dimensions.
  static WeightPlane around(const Network& network, int dimensions, std::uint64_t seed);

  /// The line on which `from` lies at -1 and `to` at 1, both exactly. Error(BadInput) where names or shapes differ.
  static WeightPlane between(const Network& from, const Network& to);

  int dimensions() const { return m_dimensions; }
  /// A network of its own.
  Network at(double x, double y) const;

 private:
  explicit WeightPlane(const Network& origin) : m_origin(origin.clone()) {}

  Network m_origin;
  int m_dimensions = 1;
  bool m_line = false;  ///< between two networks: m_axes[0] holds the other one's tensors
  /// By direction: what a coordinate of 1 adds, in the order of Network::parameters(), then buffers().
  std::vector<std::vector<torch::Tensor>> m_axes;
};

/// What networks are judged by; all of it on the networks' device.
struct WeightSample {
  torch::Tensor images;      ///< [n,C,H,W] in [0,1], n >= 1
  torch::Tensor labels;      ///< [n] int64
  std::vector<double> mean;  ///< the model's normalisation
  std::vector<double> scale;
  std::int64_t batchSize = 256;
};

/// Layers "cross_entropy" (mean, in nats) and "accuracy" of the networks at a grid's points over a sample, as
/// sampleSurface(): a point is a batch, and cancelling takes effect within it, too. Error(Usage) for an empty sample or
/// another number of dimensions; Error(BadInput) where a network gives NaN or infinity.
Surface sampleWeights(const WeightPlane& plane, const Grid& grid, const WeightSample& sample, int workers,
                      int threadsPerWorker, const JobContext& context,
                      const std::function<void(const Surface&)>& onLevel = {});

}  // namespace whorl
