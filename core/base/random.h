// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

namespace whorl {

/// Mixes numbers into one seed (SplitMix64's finaliser, Steele et al. 2014), so that an image's randomness depends on
/// (seed, image index, restart) alone and not on the batch it is in.
std::uint64_t mixSeed(std::uint64_t seed, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0);

/// A seed for a named purpose: mixSeed(seed, "split"), mixSeed(seed, "fingerprint"), …
std::uint64_t mixSeed(std::uint64_t seed, std::string_view purpose);

/// A small generator with the same numbers on every platform (the standard library's distributions are not portable).
class Random {
 public:
  explicit Random(std::uint64_t seed) : m_state(seed) {}

  std::uint64_t next();
  /// Uniform in [0, 1).
  double uniform();
  double uniform(double low, double high);
  /// Uniform integer in [0, count); count > 0.
  std::uint64_t below(std::uint64_t count);
  /// Standard normal (Box–Muller).
  double normal();
  bool bernoulli(double probability) { return uniform() < probability; }

  /// A uniformly random order (Fisher–Yates).
  template <class Container>
  void shuffle(Container& values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      using std::swap;
      swap(values[i - 1], values[below(i)]);
    }
  }

 private:
  std::uint64_t m_state;
  double m_spareNormal = 0;
  bool m_hasSpareNormal = false;
};

}  // namespace whorl
