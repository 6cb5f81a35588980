// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/deepfool.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <torch/csrc/autograd/autograd.h>

#include "core/attack/minimal_norm.h"
#include "core/attack/shared_parameters.h"
#include "core/base/error.h"

namespace whorl {
namespace {

// The anchored steps: from half the way to nine tenths. Chosen on the reference network.
constexpr std::int64_t kAnchoredSteps = 5;
constexpr double kFirstPart = 0.5;
constexpr double kPartGain = 0.1;
// Boundaries that still count after the first of them: a backward pass each, and the nearest is rarely another one.
constexpr std::int64_t kNearest = 4;

AttackDeclaration declaration() {
  const auto published = [](const char* norm) {
    return Parameters{{"norm", std::string(norm)},
                      {"steps", std::int64_t{50}},
                      {"overshoot", 0.02},
                      {"anchor", std::string("iterate")},
                      {"line_search", std::int64_t{0}}};
  };
  return {
      {"deepfool",
       "DeepFool",
       "Steps to the nearest of all boundaries, as if the network were linear, until the class changes. Each step "
       "counts only what pixels can do inside the box, so that pixels at its end don't stall it.",
       "Moosavi-Dezfooli, Fawzi, Frossard 2016, \"DeepFool: a Simple and Accurate Method to Fool Deep Neural "
       "Networks\"",
       {ParameterSpec::choice("norm", "l2", {"linf", "l2"}, "How distance is measured"), parameter::steps(50),
        ParameterSpec::real("overshoot", 0.02, 0, 10, "", "Share by which the offset goes past the boundary"),
        ParameterSpec::integer("candidates", 0, 0, 100000, "classes",
                               "Only boundaries to so many of the likeliest other classes; 0 for all"),
        ParameterSpec::choice("anchor", "clean", {"clean", "iterate"},
                              "iterate: each step goes the shortest way from where it is, as published. clean: the "
                              "first 5 go part of the way to the boundary's nearest point to the clean image, which "
                              "ends nearer to it, and from the second on only the 4 nearest boundaries count"),
        parameter::lineSearch(5), parameter::targeted()}},
      {"linf", "l2"},
      {{"published-l2", published("l2"), "50 iterations, overshoot 0.02"},
       {"published-linf", published("linf"), "50 iterations, overshoot 0.02"}}};
}

/// The network around each active image x, as planes: value + slope · offset, for each candidate class.
struct Planes {
  torch::Tensor value;  ///< [A,C]: below 0 until the class leads
  torch::Tensor slope;  ///< [A,C,P]
};

/// The shortest offsets [A,P] inside the box to the nearest of the planes' zeros.
///
/// For one plane the solution moves pixel p by min(λ · speed_p, room_p) in its slope's direction, with one λ for all
/// pixels (speed |slope| for L2, 1 for linf): what is gained, Σ |slope_p| min(λ speed_p, room_p), is concave and
/// piecewise linear in λ, so Newton's iteration from below never overshoots it. `distances` [A,C], if asked for: to
/// each.
torch::Tensor nearestZero(const Planes& planes, const torch::Tensor& x, Norm norm, torch::Tensor* distances = nullptr) {
  constexpr int kIterations = 12;
  const torch::Tensor pixels = x.flatten(1).unsqueeze(1);
  const torch::Tensor size = planes.slope.abs();
  const torch::Tensor room = at::where(planes.slope > 0, 1 - pixels, pixels);
  const torch::Tensor gain = norm == Norm::L2 ? size.square() : size;  // for each unit of λ
  const torch::Tensor end = norm == Norm::L2 ? room / size.clamp_min(1e-30) : room;
  const torch::Tensor needed = -planes.value.clamp_max(0);
  const torch::Tensor plain = needed / gain.sum(2).clamp_min(1e-30);
  torch::Tensor lambda = at::zeros_like(plain);
  torch::Tensor missing = needed;
  for (int k = 0; k < kIterations; ++k) {
    const torch::Tensor open = lambda.unsqueeze(2) < end;
    const torch::Tensor rate = (gain * open).sum(2);
    lambda = lambda + (missing / rate.clamp_min(1e-30)).masked_fill_(rate == 0, 0);
    missing = (needed - (gain * at::min(lambda.unsqueeze(2), end)).sum(2)).clamp_min_(0);
  }
  // Out of reach inside the box, were the network linear: such a class comes last, and the step ignores the box.
  const torch::Tensor unreachable = missing > 1e-3 * needed;
  lambda = at::where(unreachable, plain, lambda);
  const torch::Tensor offsets = at::min(lambda.unsqueeze(2), end) * (norm == Norm::L2 ? size : at::ones_like(size));
  torch::Tensor distance = at::linalg_vector_norm(
      offsets, norm == Norm::L2 ? 2 : std::numeric_limits<double>::infinity(), at::IntArrayRef{2});
  distance = at::where(unreachable, distance + 1e6, distance);
  distance.masked_fill_((size.amax(2) == 0) & (needed > 0), std::numeric_limits<double>::infinity());
  if (distances != nullptr) *distances = distance;
  const torch::Tensor nearest = distance.argmin(1).view({-1, 1, 1}).expand({-1, 1, size.size(2)});
  return (offsets * planes.slope.sign()).gather(1, nearest).squeeze(1);
}

class DeepFoolRun : private MinimalNormRun {
 public:
  DeepFoolRun(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
              const JobContext& context)
      : MinimalNormRun(classifier, request, context, "margin", parseNorm(parameters.text("norm"))),
        m_parameters(parameters) {}

  AttackOutcome run() {
    begin();
    if (running()) {
      m_x = startingPoints();
      m_classes = candidates();
      descend();
    }
    searchLine(m_parameters.integer("line_search"));
    return finish();
  }

 private:
  /// [A,C] the classes whose boundaries count.
  torch::Tensor candidates() {
    if (m_aims.targeted()) return m_aims.targets.unsqueeze(1);
    const std::int64_t others = m_classifier.classCount() - 1;
    const torch::Tensor labels = m_aims.labels.unsqueeze(1);
    const std::int64_t wanted = m_parameters.integer("candidates");
    if (wanted == 0 || wanted >= others) {
      const torch::Tensor all = torch::arange(others, labels.options()).unsqueeze(0);
      return all + (all >= labels).to(all.scalar_type());
    }
    m_context.step();
    const torch::Tensor logits = m_classifier.logits(m_x);
    return std::get<1>(logits.scatter(1, labels, -std::numeric_limits<double>::infinity()).topk(wanted, 1));
  }

  void descend() {
    const std::int64_t steps = m_parameters.integer("steps");
    const std::int64_t anchored = m_parameters.text("anchor") == "clean" ? kAnchoredSteps : 0;
    const double reach = 1 + m_parameters.real("overshoot");
    for (std::int64_t step = 0; step < steps; ++step) {
      // The clean image has been looked at.
      if (step > 0 || m_request.start.defined()) leaveIfFooled();
      if (!running()) return;
      m_context.step();
      const Planes planes = linearise(/*first=*/step == 0);
      const bool narrows = step == 0 && anchored > 0 && m_classes.size(1) > kNearest;
      const torch::Tensor nearest = narrows ? nearestPlanes(planes) : torch::Tensor();
      m_x = (m_x + (step < anchored ? towardsNearest(planes, reach, step) : stepTo(planes, m_x) * reach)).clamp_(0, 1);
      if (narrows) m_classes = m_classes.gather(1, nearest);
    }
    leaveIfFooled();
  }

  /// [A,kNearest] places of the nearest planes.
  torch::Tensor nearestPlanes(const Planes& planes) const {
    torch::Tensor distances;
    nearestZero(planes, m_x, m_norm, &distances);
    return std::get<1>(distances.topk(kNearest, 1, /*largest=*/false));
  }

  torch::Tensor stepTo(const Planes& planes, const torch::Tensor& from) const {
    return nearestZero(planes, from, m_norm).to(m_x.scalar_type()).view(m_x.sizes());
  }

  /// Part of the way to the point of the linearised boundary that is nearest to the clean image.
  torch::Tensor towardsNearest(Planes planes, double reach, std::int64_t step) const {
    const torch::Tensor clean = activeImages();
    planes.value = planes.value - (planes.slope * (m_x - clean).flatten(1).unsqueeze(1)).sum(2);
    const double part = kFirstPart + kPartGain * static_cast<double>(step);
    return (clean + stepTo(planes, clean) * reach - m_x) * part;
  }

  void leaveIfFooled() {
    m_context.step();
    const AttackObjective::Value value = m_objective.evaluate(m_classifier, m_x, m_aims);
    trace(value.loss, value.logits, m_x, value.score);
    const Verdict verdict = offer(m_x, value.logits, value.score);
    if (adaptive()) return;
    const torch::Tensor going = verdict.fools.logical_not().nonzero().squeeze(1);
    select(going);
    m_x = m_x.index_select(0, going);
    m_classes = m_classes.index_select(0, going);
  }

  /// One forward, and one backward for each candidate (adaptive: and one for the detector's part, which every plane
  /// gets).
  Planes linearise(bool first) {
    const torch::AutoGradMode gradients(true);
    const torch::Tensor x = m_x.detach().requires_grad_(true);
    const std::int64_t before = m_classifier.count();
    const AttackObjective::Value value = m_objective.evaluate(m_classifier, x, m_aims);
    if (!value.logits.requires_grad()) {
      throw Error(ErrorKind::BadInput, "the model gives no gradient with respect to its input", "deepfool",
                  "use an attack that needs none, or a model with gradients");
    }
    const std::int64_t forwards = m_classifier.count() - before;
    const torch::Tensor logits = value.logits.detach();
    const torch::Tensor rivals = rivalsOf(logits);
    const torch::Tensor own = torch::zeros_like(logits).scatter_(1, rivals, 1);
    const std::int64_t count = m_classes.size(1);
    torch::Tensor penalty;
    torch::Tensor penaltySlope;
    if (adaptive()) {
      penalty = (value.loss - value.base).detach();
      penaltySlope = slopeOf(value.loss - value.base, x, at::ones_like(penalty));
    }
    std::vector<torch::Tensor> slopes;
    slopes.reserve(static_cast<std::size_t>(count));
    for (std::int64_t k = 0; k < count; ++k) {
      const torch::Tensor lead = torch::zeros_like(logits).scatter_(1, m_classes.narrow(1, k, 1), 1) - own;
      slopes.push_back(slopeOf(value.logits, x, lead));
    }
    const torch::NoGradGuard quiet;
    if (first && !m_request.start.defined()) {
      trace(value.loss.detach(), logits, m_x, value.score.defined() ? value.score.detach() : torch::Tensor());
    }
    countStep(forwards * (adaptive() ? count + 1 : count));
    return assemble(logits.gather(1, m_classes) - logits.gather(1, rivals), penalty, torch::stack(slopes, 1),
                    penaltySlope);
  }

  /// [A,1] whom the candidates must overtake: the true class, or whoever leads beside the target.
  torch::Tensor rivalsOf(const torch::Tensor& logits) const {
    if (!m_aims.targeted()) return m_aims.labels.unsqueeze(1);
    return logits.scatter(1, m_classes, -std::numeric_limits<double>::infinity()).argmax(1, true);
  }

  torch::Tensor slopeOf(const torch::Tensor& output, const torch::Tensor& x, const torch::Tensor& along) const {
    const torch::Tensor slope = torch::autograd::grad({output}, {x}, {along}, /*retain_graph=*/true,
                                                      /*create_graph=*/false, /*allow_unused=*/true)[0];
    return slope.defined() ? slope.flatten(1) : torch::zeros_like(x).flatten(1).detach();
  }

  Planes assemble(const torch::Tensor& leads, const torch::Tensor& penalty, torch::Tensor slope,
                  const torch::Tensor& penaltySlope) {
    Planes planes;
    planes.value = leads;
    if (adaptive()) {
      planes.value = planes.value + penalty.unsqueeze(1);
      slope = slope + penaltySlope.unsqueeze(1);
    }
    checkedGradient(slope.abs().sum(1).view(m_x.sizes()));
    const torch::Tensor finite = slope.isfinite().all(2) & planes.value.isfinite();
    planes.slope = at::where(finite.unsqueeze(2), slope, at::zeros({}, slope.options()));
    // A plane that isn't finite is never the nearest.
    planes.value = at::where(finite, planes.value, at::full({}, -1, planes.value.options()));
    return planes;
  }

  const Parameters& m_parameters;
  torch::Tensor m_x;        ///< [A,C,H,W]
  torch::Tensor m_classes;  ///< [A,C]
};

}  // namespace

DeepFool::DeepFool() : Attack(declaration()) {}

AttackOutcome DeepFool::perform(const Classifier& classifier, const AttackRequest& request,
                                const Parameters& parameters, const JobContext& context) const {
  if (request.detector && request.detector.rule != DetectorTerm::Rule::Sum) {
    throw Error(ErrorKind::Usage, "DeepFool's planes know one way of adding a detector: its score lowers them",
                spec().name, "set detector_gradient = sum");
  }
  return DeepFoolRun(classifier, request, parameters, context).run();
}

}  // namespace whorl
