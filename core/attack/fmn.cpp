// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/fmn.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "core/attack/minimal_norm.h"
#include "core/attack/shared_parameters.h"

namespace whorl {
namespace {

AttackDeclaration declaration() {
  const auto of = [](const char* norm) {
    return Parameters{{"norm", std::string(norm)}, {"steps", std::int64_t{100}}, {"line_search", std::int64_t{0}}};
  };
  return {
      {"fmn",
       "FMN",
       "Steps along the margin's gradient inside a ball that shrinks where the network is fooled and grows "
       "elsewhere, by less and less. Pixels at the end of the box are left out of each step.",
       "Pintor, Roli, Brendel, Biggio 2021, \"Fast Minimum-norm Adversarial Attacks through Adaptive Norm "
       "Constraints\"",
       {ParameterSpec::choice("norm", "l2", {"linf", "l2", "l1"}, "How distance is measured"), parameter::steps(100),
        ParameterSpec::real("step_size", 1, 1e-6, 1000, "[0,1]", "L2 length of the first step, in every norm"),
        ParameterSpec::real("step_size_last", 0.01, 1e-9, 1000, "[0,1]",
                            "L2 length of the last step; half a cosine wave in between"),
        ParameterSpec::real("gamma", 0.05, 1e-9, 0.999, "",
                            "Share by which the ball shrinks or grows at the first step"),
        ParameterSpec::real("gamma_last", 0.001, 1e-9, 0.999, "",
                            "Share at the last step; half a cosine wave in between"),
        parameter::lineSearch(5), parameter::targeted()}},
      {"linf", "l2", "l1"},
      {{"published-l2", of("l2"), "100 steps and nothing else"},
       {"published-linf", of("linf"), "100 steps and nothing else"},
       {"published-l1", of("l1"), "100 steps and nothing else"}}};
}

/// The nearest offsets [A,C,H,W] with an L1 norm of at most `radius` [A] that stay in the box: magnitudes shrink by one
/// λ for all pixels of an image and end at the box (Croce and Hein 2021, "Mind the Box", prop. 2.1).
torch::Tensor projectL1(const torch::Tensor& offset, const torch::Tensor& clean, const torch::Tensor& radius) {
  constexpr int kBisections = 40;
  const torch::Tensor room = at::where(offset > 0, 1 - clean, clean).flatten(1);
  const torch::Tensor size = offset.abs().flatten(1);
  const torch::Tensor limit = radius.to(size.scalar_type()).unsqueeze(1);
  torch::Tensor low = at::zeros_like(limit);
  torch::Tensor high = size.amax(1, true);
  const auto shrunk = [&](const torch::Tensor& lambda) { return at::min((size - lambda).clamp_min_(0), room); };
  const torch::Tensor free = shrunk(low).sum(1, true) <= limit;
  for (int k = 0; k < kBisections; ++k) {
    const torch::Tensor middle = (low + high) / 2;
    const torch::Tensor inside = shrunk(middle).sum(1, true) <= limit;
    high = at::where(inside, middle, high);
    low = at::where(inside, low, middle);
  }
  return shrunk(high.masked_fill_(free, 0)).view(offset.sizes()) * offset.sign();
}

torch::Tensor project(const torch::Tensor& offset, const torch::Tensor& clean, const torch::Tensor& radius, Norm norm) {
  const torch::Tensor limit = perImage(radius.to(offset.scalar_type()));
  if (norm == Norm::Linf) return at::clamp(offset, -limit, limit);
  if (norm == Norm::L1) return projectL1(offset, clean, radius);
  const torch::Tensor norms = distancesOf(offset, Norm::L2).clamp_min_(1e-300);
  return offset * perImage((radius / norms).clamp_max_(1).to(offset.scalar_type()));
}

double cosine(double first, double last, std::int64_t step, std::int64_t steps) {
  const double done = static_cast<double>(step) / static_cast<double>(steps);
  return last + (first - last) * (1 + std::cos(std::numbers::pi * done)) / 2;
}

class FmnRun : private MinimalNormRun {
 public:
  FmnRun(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
         const JobContext& context)
      : MinimalNormRun(classifier, request, context, "margin", parseNorm(parameters.text("norm"))),
        m_parameters(parameters) {}

  AttackOutcome run() {
    begin();
    if (running()) descend();
    searchLine(m_parameters.integer("line_search"));
    return finish();
  }

 private:
  void descend() {
    const std::int64_t steps = m_parameters.integer("steps");
    const torch::Tensor clean = activeImages();
    torch::Tensor x = startingPoints();
    torch::Tensor radius = torch::full_like(bestDistances(), std::numeric_limits<double>::infinity());
    torch::Tensor found = torch::zeros({clean.size(0)}, clean.options().dtype(torch::kBool));
    for (std::int64_t step = 0; step < steps; ++step) {
      const Look current = look(x);
      const torch::Tensor gradient = insideBox(current.at.gradient, x);
      const double gamma = cosine(m_parameters.real("gamma"), m_parameters.real("gamma_last"), step, steps);
      found = found | current.verdict.fools;
      radius = nextRadius(current, gradient, radius, found, gamma);
      const double length = cosine(m_parameters.real("step_size"), m_parameters.real("step_size_last"), step, steps);
      const torch::Tensor norms = distancesOf(gradient, Norm::L2);
      const torch::Tensor factor = (length / norms.clamp_min(1e-300)).masked_fill_(norms == 0, 0);
      const torch::Tensor offset = x - clean + gradient * perImage(factor.to(gradient.scalar_type()));
      x = (clean + project(offset, clean, radius, m_norm)).clamp_(0, 1);
    }
    m_context.step();
    const AttackObjective::Value value = m_objective.evaluate(m_classifier, x, m_aims);
    trace(value.loss, value.logits, x, value.score);
    offer(x, value.logits, value.score);
  }

  /// Until an image is fooled for the first time: as far as the boundary is, were the margin linear.
  torch::Tensor nextRadius(const Look& current, const torch::Tensor& gradient, const torch::Tensor& radius,
                           const torch::Tensor& found, double gamma) const {
    const torch::Tensor slope = dualNorms(gradient, m_norm).clamp_min_(1e-300);
    const torch::Tensor ahead = current.verdict.distance + current.at.loss.to(torch::kFloat64).abs() / slope;
    const torch::Tensor shrunk = at::min(radius * (1 - gamma), bestDistances());
    const torch::Tensor next = at::where(current.verdict.fools, shrunk, radius * (1 + gamma));
    return at::where(found, next, ahead).nan_to_num(0, std::numeric_limits<double>::infinity());
  }

  const Parameters& m_parameters;
};

}  // namespace

FastMinimumNorm::FastMinimumNorm() : Attack(declaration()) {}

AttackOutcome FastMinimumNorm::perform(const Classifier& classifier, const AttackRequest& request,
                                       const Parameters& parameters, const JobContext& context) const {
  return FmnRun(classifier, request, parameters, context).run();
}

}  // namespace whorl
