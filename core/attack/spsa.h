// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/attack/attack.h"
#include "core/attack/iterative.h"

namespace whorl {

/// Random signs, ±1 with equal chances: [images,count,size] int8 on the host, of the pairs from `first` on. An image's
/// are drawn from its seed and the pair's number alone.
torch::Tensor randomSigns(const std::vector<std::uint64_t>& seeds, std::int64_t first, std::int64_t count,
                          std::int64_t size);

/// The gradient that differences of a loss tell of around the point x itself: the mean over antithetic pairs of
/// (L(x + δv) − L(x − δv)) / 2δ · v with random signs v (Spall 1992, "Multivariate Stochastic Approximation Using a
/// Simultaneous Perturbation Gradient Approximation"). Logits are all that is asked for. Probes leave the box by δ at
/// most, as published; points that are judged don't.
class SpsaGradient : public GradientSource {
 public:
  /// Signs [n,m,C·H·W] int8 of `m` pairs from `pair` on, for `n` images from `image` on.
  using Signs = std::function<torch::Tensor(std::int64_t image, std::int64_t n, std::int64_t pair, std::int64_t m)>;

  /// `context` is asked between batches of probes, which may be many a step.
  SpsaGradient(double delta, std::int64_t pairs, JobContext context = {})
      : m_delta(delta), m_pairs(pairs), m_context(std::move(context)) {}

  /// Images that are fooled already get no probes and a gradient of 0: for policies that let them go.
  void spareFooled() { m_spareFooled = true; }

  /// 2 · pairs + 1 images forward for each of x; a detector's term is part of every one.
  LossGradient at(const AttackObjective& objective, const Classifier& classifier, const torch::Tensor& x,
                  const AttackAims& aims, const std::vector<std::uint64_t>& seeds) const override;
  bool usesBackward() const override { return false; }
  bool random() const override { return true; }

  /// [A,C,H,W] with given signs.
  torch::Tensor estimate(const AttackObjective& objective, const Classifier& classifier, const torch::Tensor& x,
                         const AttackAims& aims, const Signs& signs) const;

 private:
  double m_delta;
  std::int64_t m_pairs;
  JobContext m_context;
  bool m_spareFooled = false;
};

/// Simultaneous perturbation stochastic approximation (Uesato et al. 2018): Adam on estimated gradients, projected onto
/// the linf ball and the box. A black-box attack; adaptive, the detector is asked at every probe.
class Spsa : public Attack {
 public:
  Spsa();

 protected:
  AttackOutcome perform(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                        const JobContext& context) const override;
};

}  // namespace whorl
