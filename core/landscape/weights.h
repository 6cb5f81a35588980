// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "core/nn/network.h"

namespace whorl {

/// A line, a curve or a plane of networks of one architecture. It has its own copy of all weights and makes a new
/// network for every point: the networks that it was made from are never written to, whatever is cancelled or fails.
///
/// BatchNorm: running means and variances are weights that no random direction and no trajectory changes, and that what
/// lies between two networks mixes as all others; they are not measured again here (WeightSample can ask for it).
/// Dropout layers are switched off for good. Immutable; any thread.
class WeightPlane {
 public:
  /// Where a network lies, seen from a trajectory's plane.
  struct Place {
    double x = 0;  ///< coordinates of the nearest point
    double y = 0;
    double distance = 0;  ///< L2 over all weights, from that point, in units of the plane
  };

  /// `dimensions` 1 or 2 random directions around a network, from `seed`: normal numbers, each filter (row of a linear
  /// layer) scaled to the L2 norm of the network's own (Li et al. 2018, "Visualizing the Loss Landscape of Neural
  /// Nets", section 4), so that networks whose weights differ by a scale look alike. Biases and BatchNorm stay.
  /// Error(Usage) for another number of dimensions.
  static WeightPlane around(const Network& network, int dimensions, std::uint64_t seed);

  /// The line on which `from` lies at -1 and `to` at 1, both exactly. Error(BadInput) where names or shapes differ.
  static WeightPlane between(const Network& from, const Network& to);

  /// The quadratic Bézier curve from `from` at -1 to `to` at 1, both exactly, bent towards `control` (Garipov et al.
  /// 2018, "Loss Surfaces, Mode Connectivity, and Fast Ensembling of DNNs"). Error(BadInput) as between().
  static WeightPlane bend(const Network& from, const Network& control, const Network& to);

  /// Through the last network of a training, along the first one or two principal components of θ_t − θ_last (Li et
  /// al. 2018, section 7), not centred: of all planes through it the one that the training strays least from. A
  /// coordinate of 1 is how far the training was from its end at most, along either component; its start lies on the
  /// positive side. `earlier` in the order of the training. Error(Usage) for another number of dimensions,
  /// Error(BadInput) where names or shapes differ, and where the training doesn't move in so many directions.
  static WeightPlane along(const std::vector<Network>& earlier, const Network& last, int dimensions);

  int dimensions() const { return m_dimensions; }
  /// A network of its own.
  Network at(double x, double y) const;
  /// Of a trajectory's plane only.
  Place locate(const Network& network) const;
  /// What a coordinate of 1 is as an L2 distance over all weights, of a trajectory's plane; else 0.
  double unit() const { return m_unit; }

 private:
  using Tensors = std::vector<torch::Tensor>;  ///< in the order of Network::parameters(), then buffers()

  explicit WeightPlane(const Network& origin);
  Tensors tensorsOf(const Network& other) const;

  Network m_origin;
  int m_dimensions = 1;
  /// Directions by axis: what a coordinate of 1 adds (undefined: nothing). Of a curve, the networks that it mixes with
  /// the origin, the far end last.
  std::vector<Tensors> m_axes;
  bool m_curve = false;
  double m_unit = 0;
};

/// (images − mean) / scale per channel; empty: 0 and 1. What a network wants of images [B,C,H,W] in [0,1].
torch::Tensor normalisedImages(const torch::Tensor& images, const std::vector<double>& mean,
                               const std::vector<double>& scale);

}  // namespace whorl
