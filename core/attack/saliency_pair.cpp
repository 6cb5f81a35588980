// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/saliency_pair.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

// Why it is fast and yet exact. The product grows with both sums, so a component that two others exceed in gain and in
// drop never has to be chosen: one of the two is free to take its place. What is left (the 2-skyband) is a few dozen of
// thousands of components, unless the maps are built against it; then blocks of it are compared by upper bounds.
// "Exceeds" is a total order on ties (the earlier in the image), so equal components leave too, and ties are resolved
// by the same order: replacing a component by one that exceeds it never loses a tie.

namespace whorl {
namespace {

constexpr std::size_t kBlock = 32;

}  // namespace

template <class Real>
std::optional<SaliencyPair> SaliencyPairSearch::best(const Real* alpha, const Real* beta, const bool* open,
                                                     std::int64_t count, int sign) {
  m_points.clear();
  for (std::int64_t k = 0; k < count; ++k) {
    if (!open[k]) continue;
    const Point point{sign * static_cast<double>(alpha[k]), -sign * static_cast<double>(beta[k]), k};
    if (std::isfinite(point.gain) && std::isfinite(point.drop)) m_points.push_back(point);
  }
  if (m_points.size() < 2) return std::nullopt;
  dropDominatedByTwo();
  keepSkyband();
  return search();
}

/// One pass without sorting: two good components already exceed almost all of a natural image's.
void SaliencyPairSearch::dropDominatedByTwo() {
  double gainScale = 0;
  double dropScale = 0;
  for (const Point& point : m_points) {
    gainScale = std::max(gainScale, std::abs(point.gain));
    dropScale = std::max(dropScale, std::abs(point.drop));
  }
  gainScale = gainScale > 0 ? 1 / gainScale : 0;
  dropScale = dropScale > 0 ? 1 / dropScale : 0;
  const auto merit = [&](const Point& point) { return point.gain * gainScale + point.drop * dropScale; };
  std::size_t first = 0;
  std::size_t second = 1;
  if (merit(m_points[1]) > merit(m_points[0])) std::swap(first, second);
  for (std::size_t k = 2; k < m_points.size(); ++k) {
    const double value = merit(m_points[k]);
    if (value > merit(m_points[first])) {
      second = std::exchange(first, k);
    } else if (value > merit(m_points[second])) {
      second = k;
    }
  }
  const double gain = std::min(m_points[first].gain, m_points[second].gain);
  const double drop = std::min(m_points[first].drop, m_points[second].drop);
  // Strictly, so that ties need no thought here.
  std::erase_if(m_points, [&](const Point& point) { return point.gain < gain && point.drop < drop; });
}

/// Sorts, and keeps what fewer than two others exceed.
void SaliencyPairSearch::keepSkyband() {
  std::sort(m_points.begin(), m_points.end(), [](const Point& a, const Point& b) {
    if (a.gain != b.gain) return a.gain > b.gain;
    if (a.drop != b.drop) return a.drop > b.drop;
    return a.index < b.index;
  });
  // Of the points so far, which all have at least this one's gain: the two largest drops.
  double largest = -std::numeric_limits<double>::infinity();
  double next = largest;
  std::erase_if(m_points, [&](const Point& point) {
    if (point.drop <= next) return true;
    if (point.drop > largest) {
      next = std::exchange(largest, point.drop);
    } else {
      next = point.drop;
    }
    return false;
  });
}

void SaliencyPairSearch::makeBlocks() {
  m_blocks.clear();
  for (std::size_t begin = 0; begin < m_points.size(); begin += kBlock) {
    Block block{begin, std::min(begin + kBlock, m_points.size()), m_points[begin].gain, m_points[begin].drop};
    for (std::size_t k = block.begin; k < block.end; ++k) block.drop = std::max(block.drop, m_points[k].drop);
    m_blocks.push_back(block);
  }
}

/// i < j.
void SaliencyPairSearch::offer(Best& best, std::size_t i, std::size_t j) const {
  const double gain = m_points[i].gain + m_points[j].gain;
  const double drop = m_points[i].drop + m_points[j].drop;
  if (!(gain > 0 && drop > 0)) return;
  const double score = gain * drop;
  if (best.found && score < best.score) return;
  if (best.found && score == best.score && std::pair(i, j) >= std::pair(best.first, best.second)) return;
  best = {true, score, i, j};
}

std::optional<SaliencyPair> SaliencyPairSearch::search() {
  makeBlocks();
  Best best;
  // A high score early lets most blocks be skipped: neighbours are best where the front is bent outwards, opposite ends
  // where it is straight or bent inwards.
  const std::size_t count = m_points.size();
  for (std::size_t k = 0; k + 1 < count; ++k) offer(best, k, k + 1);
  for (std::size_t k = 0; k < count / 2; ++k) offer(best, k, count - 1 - k);
  for (std::size_t a = 0; a < m_blocks.size(); ++a) {
    for (std::size_t b = a; b < m_blocks.size(); ++b) {
      const double gain = m_blocks[a].gain + m_blocks[b].gain;
      const double drop = m_blocks[a].drop + m_blocks[b].drop;
      if (!(gain > 0)) break;  // gains fall from block to block
      if (!(drop > 0) || (best.found && gain * drop < best.score)) continue;
      for (std::size_t i = m_blocks[a].begin; i < m_blocks[a].end; ++i) {
        for (std::size_t j = std::max(i + 1, m_blocks[b].begin); j < m_blocks[b].end; ++j) offer(best, i, j);
      }
    }
  }
  if (!best.found) return std::nullopt;
  return SaliencyPair{m_points[best.first].index, m_points[best.second].index, best.score};
}

template std::optional<SaliencyPair> SaliencyPairSearch::best(const float*, const float*, const bool*, std::int64_t,
                                                              int);
template std::optional<SaliencyPair> SaliencyPairSearch::best(const double*, const double*, const bool*, std::int64_t,
                                                              int);

}  // namespace whorl
