// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/step_rule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "core/base/error.h"

namespace whorl {
namespace {

class SignRule : public StepRule {
 public:
  torch::Tensor direction(const torch::Tensor& gradient) override { return gradient.sign(); }
};

class NormalisedRule : public StepRule {
 public:
  torch::Tensor direction(const torch::Tensor& gradient) override {
    // In double, since squares of small float gradients vanish.
    const torch::Tensor norms = l2Norms(gradient.to(torch::kFloat64)).clamp_min(1e-300);
    return (gradient / perImage(norms)).to(gradient.scalar_type());
  }
};

class SparseRule : public StepRule {
 public:
  torch::Tensor direction(const torch::Tensor& gradient) override {
    const torch::Tensor flat = gradient.flatten(1);
    const std::int64_t chosen = std::max<std::int64_t>(1, flat.size(1) / 100);
    const torch::Tensor places = std::get<1>(flat.abs().topk(chosen, 1, /*largest=*/true, /*sorted=*/false));
    const torch::Tensor signs = flat.gather(1, places).sign();
    const torch::Tensor counts = signs.abs().sum(1, true).clamp_min(1);
    return torch::zeros_like(flat).scatter_(1, places, signs / counts).view(gradient.sizes());
  }
};

class MomentumRule : public StepRule {
 public:
  MomentumRule(double decay, std::unique_ptr<StepRule> inner) : m_decay(decay), m_inner(std::move(inner)) {}

  torch::Tensor direction(const torch::Tensor& gradient) override {
    const torch::Tensor norms = gradient.flatten(1).abs().sum(1, false, torch::kFloat64).clamp_min(1e-300);
    const torch::Tensor scaled = (gradient / perImage(norms)).to(gradient.scalar_type());
    m_mean = m_mean.defined() ? m_decay * m_mean + scaled : scaled;
    return m_inner->direction(m_mean);
  }
  void keep(const torch::Tensor& rows) override {
    if (m_mean.defined()) m_mean = m_mean.index_select(0, rows);
    m_inner->keep(rows);
  }
  void restart() override {
    m_mean = torch::Tensor();
    m_inner->restart();
  }

 private:
  double m_decay;
  std::unique_ptr<StepRule> m_inner;
  torch::Tensor m_mean;
};

class AdamRule : public StepRule {
 public:
  torch::Tensor direction(const torch::Tensor& gradient) override {
    if (!m_first.defined()) {
      m_first = torch::zeros_like(gradient);
      m_second = torch::zeros_like(gradient);
    }
    ++m_step;
    m_first.mul_(kFirst).add_(gradient, 1 - kFirst);
    m_second.mul_(kSecond).addcmul_(gradient, gradient, 1 - kSecond);
    const double first = 1 - std::pow(kFirst, m_step);
    const double second = 1 - std::pow(kSecond, m_step);
    return (m_first / first).div_((m_second / second).sqrt_().add_(1e-8));
  }
  void keep(const torch::Tensor& rows) override {
    if (!m_first.defined()) return;
    m_first = m_first.index_select(0, rows);
    m_second = m_second.index_select(0, rows);
  }
  void restart() override {
    m_first = torch::Tensor();
    m_second = torch::Tensor();
    m_step = 0;
  }

 private:
  static constexpr double kFirst = 0.9;
  static constexpr double kSecond = 0.999;
  torch::Tensor m_first;
  torch::Tensor m_second;
  int m_step = 0;
};

}  // namespace

std::unique_ptr<StepRule> steepestAscent(Norm norm) {
  switch (norm) {
    case Norm::Linf:
      return std::make_unique<SignRule>();
    case Norm::L2:
      return std::make_unique<NormalisedRule>();
    case Norm::L1:
      return std::make_unique<SparseRule>();
  }
  throw Error(ErrorKind::Internal, "a norm without a step");
}

std::unique_ptr<StepRule> withMomentum(double decay, std::unique_ptr<StepRule> inner) {
  return std::make_unique<MomentumRule>(decay, std::move(inner));
}

std::unique_ptr<StepRule> adam() { return std::make_unique<AdamRule>(); }

StepSchedule parseStepSchedule(const std::string& name) {
  if (name == "constant") return StepSchedule::Constant;
  if (name == "cosine") return StepSchedule::Cosine;
  if (name == "halving") return StepSchedule::Halving;
  throw Error(ErrorKind::Usage, "there is no step schedule \"" + name + "\"", "step_schedule",
              "known: constant, cosine, halving");
}

double stepFactor(StepSchedule schedule, std::int64_t step, std::int64_t steps) {
  const double done = static_cast<double>(step) / static_cast<double>(steps);
  switch (schedule) {
    case StepSchedule::Constant:
      return 1;
    case StepSchedule::Cosine:
      return 0.01 + 0.99 * (1 + std::cos(std::numbers::pi * done)) / 2;
    case StepSchedule::Halving:
      return std::exp2(-std::floor(-std::log2(1 - done)));
  }
  return 1;
}

}  // namespace whorl
