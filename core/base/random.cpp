// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/random.h"

#include <cmath>
#include <numbers>

namespace whorl {
namespace {

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;

std::uint64_t finalise(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace

std::uint64_t mixSeed(std::uint64_t seed, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
  std::uint64_t state = finalise(seed + kGolden);
  for (const std::uint64_t value : {a, b, c}) state = finalise(state + kGolden + value);
  return state;
}

std::uint64_t mixSeed(std::uint64_t seed, std::string_view purpose) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char c : purpose) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return mixSeed(seed, hash);
}

std::uint64_t Random::next() {
  m_state += kGolden;
  return finalise(m_state);
}

double Random::uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

std::uint64_t Random::below(std::uint64_t count) {
  // Rejects the few values that would make the remainder uneven.
  const std::uint64_t limit = UINT64_MAX - UINT64_MAX % count;
  std::uint64_t value = next();
  while (value >= limit) value = next();
  return value % count;
}

double Random::normal() {
  if (m_hasSpareNormal) {
    m_hasSpareNormal = false;
    return m_spareNormal;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  const double angle = 2 * std::numbers::pi * uniform();
  m_spareNormal = radius * std::sin(angle);
  m_hasSpareNormal = true;
  return radius * std::cos(angle);
}

}  // namespace whorl
