// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace whorl {

/// Two different components (pixel and channel) of an image, and the product that the search maximises.
struct SaliencyPair {
  std::int64_t first = 0;  ///< the one with the larger gain
  std::int64_t second = 0;
  double score = 0;
};

/// The pair search of the saliency map attack (Papernot et al. 2016, "The Limitations of Deep Learning in Adversarial
/// Settings", algorithm 3): over all pairs p ≠ q of open components with gain_p + gain_q > 0 and drop_p + drop_q > 0,
/// the one with the largest (gain_p + gain_q) · (drop_p + drop_q). Exact, whatever the maps, in memory proportional to
/// the components. Equal products go to the pair with the larger gain, then the larger drop, then the first in the
/// image. An object keeps its buffers from one search to the next: one a thread.
class SaliencyPairSearch {
 public:
  /// sign · alpha is the gain and −sign · beta the drop of each of `count` components; `open` says which may be chosen.
  /// Components whose gain or drop isn't finite are passed over. Nothing if no pair qualifies.
  template <class Real>
  std::optional<SaliencyPair> best(const Real* alpha, const Real* beta, const bool* open, std::int64_t count, int sign);

 private:
  struct Point {
    double gain;
    double drop;
    std::int64_t index;
  };
  /// A run of points, sorted by falling gain.
  struct Block {
    std::size_t begin;
    std::size_t end;
    double gain;  ///< the largest
    double drop;  ///< the largest
  };
  struct Best {
    bool found = false;
    double score = 0;
    std::size_t first = 0;
    std::size_t second = 0;
  };

  void dropDominatedByTwo();
  void keepSkyband();
  void makeBlocks();
  void offer(Best& best, std::size_t i, std::size_t j) const;
  std::optional<SaliencyPair> search();

  std::vector<Point> m_points;
  std::vector<Block> m_blocks;
};

}  // namespace whorl
