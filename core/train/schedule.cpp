// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/schedule.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>

#include "core/base/error.h"

namespace whorl {
namespace {

constexpr double kRisingShare = 0.3;
constexpr double kInitialDivisor = 25;
constexpr double kFinalDivisor = 1e4;
constexpr double kLowMomentum = 0.85;
constexpr double kHighMomentum = 0.95;

/// From `start` (part 0) to `end` (part 1) along half a cosine.
double annealed(double start, double end, double part) {
  return end + (start - end) / 2 * (1 + std::cos(std::numbers::pi * part));
}

/// "40,60" → {40, 60}.
std::vector<double> parseMilestones(const std::string& text) {
  std::vector<double> milestones;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    while (at < end && (*at == ' ' || *at == ',')) ++at;
    if (at == end) break;
    double value = 0;
    const auto [rest, problem] = std::from_chars(at, end, value);
    const bool delimited = rest == end || *rest == ',' || *rest == ' ';
    if (problem != std::errc() || !delimited || !std::isfinite(value) || value <= 0 ||
        (!milestones.empty() && value <= milestones.back())) {
      throw Error(ErrorKind::Usage, "milestones must be a rising list of epochs, not \"" + text + "\"", "train",
                  "write them as in milestones=40,60");
    }
    milestones.push_back(value);
    at = rest;
  }
  return milestones;
}

}  // namespace

Schedule::Schedule(const Parameters& parameters, std::int64_t steps, std::int64_t stepsPerEpoch)
    : m_learningRate(parameters.real("learning_rate")),
      m_momentum(parameters.real("momentum")),
      m_cycleMomentum(parameters.boolean("cycle_momentum")),
      m_decayFactor(parameters.real("decay_factor")),
      m_steps(steps),
      m_stepsPerEpoch(stepsPerEpoch),
      m_milestones(parseMilestones(parameters.text("milestones"))) {
  const std::string& kind = parameters.text("schedule");
  if (kind == "cosine") m_kind = Kind::Cosine;
  if (kind == "one_cycle") m_kind = Kind::OneCycle;
  if (kind == "steps") m_kind = Kind::Steps;
}

StepRates Schedule::at(std::int64_t step) const {
  StepRates rates{m_learningRate, m_momentum};
  switch (m_kind) {
    case Kind::Constant:
      break;
    case Kind::Cosine:
      rates.learningRate = annealed(m_learningRate, 0, static_cast<double>(step) / static_cast<double>(m_steps));
      break;
    case Kind::Steps: {
      const double epoch = static_cast<double>(step) / static_cast<double>(m_stepsPerEpoch);
      const auto passed = std::count_if(m_milestones.begin(), m_milestones.end(), [&](double m) { return epoch >= m; });
      rates.learningRate = m_learningRate * std::pow(m_decayFactor, static_cast<double>(passed));
      break;
    }
    case Kind::OneCycle: {
      const double last = static_cast<double>(m_steps - 1);
      const double peak = std::max(0.0, kRisingShare * static_cast<double>(m_steps) - 1);
      const double now = static_cast<double>(step);
      const bool rising = now <= peak && peak > 0;
      const double part = rising ? now / peak : (last > peak ? (now - peak) / (last - peak) : 0);
      const double initial = m_learningRate / kInitialDivisor;
      const double start = rising ? initial : m_learningRate;
      const double end = rising ? m_learningRate : initial / kFinalDivisor;
      rates.learningRate = annealed(start, end, part);
      if (m_cycleMomentum) {
        rates.momentum = annealed(rising ? kHighMomentum : kLowMomentum, rising ? kLowMomentum : kHighMomentum, part);
      }
      break;
    }
  }
  return rates;
}

}  // namespace whorl
