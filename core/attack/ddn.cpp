// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/ddn.h"

#include "core/attack/minimal_norm.h"
#include "core/attack/shared_parameters.h"
#include "core/attack/step_rule.h"

namespace whorl {
namespace {

AttackDeclaration declaration() {
  const Parameters published = {{"steps", std::int64_t{100}}, {"line_search", std::int64_t{0}}};
  Parameters quick = published;
  quick.set("steps", std::int64_t{50});
  quick.set("line_search", std::int64_t{6});
  return {
      {"ddn",
       "DDN",
       "Steps along the loss's gradient, and a norm of its own that shrinks where the network is fooled and grows "
       "elsewhere: near the nearest adversarial image in few gradients.",
       "Rony, Hafemann, Oliveira, Ben Ayed, Sabourin, Granger 2019, \"Decoupling Direction and Norm for Efficient "
       "Gradient-Based L2 Adversarial Attacks and Defenses\"",
       {parameter::steps(100),
        ParameterSpec::real("initial_norm", 1, 1e-6, 1000, "[0,1]",
                            "L2 distance at the first step; less where the boundary is near"),
        ParameterSpec::real("gamma", 0.05, 1e-6, 0.999, "", "Share by which the norm shrinks or grows at each step"),
        ParameterSpec::real("step_size", 1, 1e-6, 1000, "[0,1]",
                            "L2 length of the first step; along half a cosine wave it falls to 1 % of it"),
        parameter::lineSearch(5), parameter::loss(), parameter::targeted()}},
      {"l2"},
      {{"published", published, "100 steps and nothing else"},
       {"quick", quick, "Half the steps, then the boundary is found on the line to the clean image"}}};
}

class DdnRun : private MinimalNormRun {
 public:
  DdnRun(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
         const JobContext& context)
      : MinimalNormRun(classifier, request, context, parameters.text("loss"), Norm::L2), m_parameters(parameters) {}

  AttackOutcome run() {
    begin();
    if (running()) descend();
    searchLine(m_parameters.integer("line_search"));
    return finish();
  }

 private:
  void descend() {
    const std::int64_t steps = m_parameters.integer("steps");
    const double gamma = m_parameters.real("gamma");
    const torch::Tensor clean = activeImages();
    torch::Tensor x = startingPoints();
    torch::Tensor radius =
        torch::full({clean.size(0)}, m_parameters.real("initial_norm"), clean.options().dtype(torch::kFloat64));
    for (std::int64_t step = 0; step < steps; ++step) {
      const Look current = look(x);
      const torch::Tensor gradient = insideBox(current.at.gradient, x);
      const double length = m_parameters.real("step_size") * stepFactor(StepSchedule::Cosine, step, steps);
      torch::Tensor offset = x - clean;
      offset.add_(gradient * scaleTo(gradient, length));
      if (step == 0) radius = firstRadius(current, gradient, radius);
      radius.mul_(at::where(current.verdict.fools, 1 - gamma, 1 + gamma));
      offset.mul_(scaleTo(offset, radius));
      x = offset.add_(clean).clamp_(0, 1);
    }
    lookLast(x);
  }

  /// A first step far beyond a near boundary would end among classes that are not the nearest: no more than four times
  /// the distance at which the margin would be 0, were it linear.
  torch::Tensor firstRadius(const Look& first, const torch::Tensor& gradient, const torch::Tensor& radius) const {
    if (adaptive()) return radius;
    torch::Tensor lead = first.at.loss.to(torch::kFloat64).abs();
    if (m_parameters.text("loss") == "cross_entropy") {
      const torch::Tensor wanted = m_aims.classes().unsqueeze(1);
      const torch::Tensor h = first.at.logits.to(torch::kFloat64);
      // The gradient of log p is 1 - p times that of the logit's lead over all others together.
      lead = margins(h, m_aims.classes()).abs() * (1 - h.softmax(1).gather(1, wanted).squeeze(1));
    }
    const torch::Tensor near = 4 * lead / distancesOf(gradient, Norm::L2);
    return at::where((near > 0) & near.isfinite(), at::min(radius, near), radius);
  }

  /// What the last step led to.
  void lookLast(const torch::Tensor& x) {
    m_context.step();
    const AttackObjective::Value value = m_objective.evaluate(m_classifier, x, m_aims);
    trace(value.loss, value.logits, x, value.score);
    offer(x, value.logits, value.score);
  }

  /// [A,1,1,1]: what gives each image the length; 0 where it has none.
  template <class Length>
  static torch::Tensor scaleTo(const torch::Tensor& images, const Length& length) {
    const torch::Tensor norms = distancesOf(images, Norm::L2);
    return perImage((norms.clamp_min(1e-300).reciprocal_() * length).masked_fill_(norms == 0, 0))
        .to(images.scalar_type());
  }

  const Parameters& m_parameters;
};

}  // namespace

DecoupledDirectionNorm::DecoupledDirectionNorm() : Attack(declaration()) {}

AttackOutcome DecoupledDirectionNorm::perform(const Classifier& classifier, const AttackRequest& request,
                                              const Parameters& parameters, const JobContext& context) const {
  return DdnRun(classifier, request, parameters, context).run();
}

}  // namespace whorl
