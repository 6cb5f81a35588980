// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/iterative.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/attack/support.h"
#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

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

/// One attack on one batch. Tensors without "active" in their name have a row for each image of the request; the others
/// for each image that is still attacked, in the same order.
class IterativeRun {
 public:
  IterativeRun(const Classifier& classifier, const AttackRequest& request, const IterativePlan& plan, StepRule& rule,
               const JobContext& context)
      : m_classifier(classifier),
        m_request(request),
        m_plan(plan),
        m_rule(rule),
        m_context(context),
        m_objective(requestedObjective(request, plan.loss, plan.targeted)),
        m_classes(plan.targeted ? request.targets : request.labels),
        m_ball(plan.norm, request.images, plan.epsilon),
        m_trace(request, m_outcome) {
    const std::int64_t batch = request.images.size(0);
    const auto flags = m_classes.options().dtype(torch::kBool);
    m_outcome.adversarial = request.images.clone();
    m_outcome.success = torch::zeros({batch}, flags);
    m_outcome.predictions = torch::full({batch}, -1, m_classes.options());
    m_outcome.nonfinite = torch::zeros({batch}, flags);
    m_vanished = torch::zeros({batch}, flags);
    m_kept = torch::zeros({batch}, flags);
    m_loss = torch::full({batch}, kMinusInfinity, m_classes.options().dtype(torch::kFloat64));
  }

  AttackOutcome run() {
    m_rows = torch::arange(m_request.images.size(0), m_classes.options());
    // A clean image that is already misclassified needs no attack; without a random start, step 0 finds that out.
    if (m_plan.randomStart && m_plan.stop != StopPolicy::Last && m_rows.size(0) > 0) offerClean();
    for (std::int64_t restart = 0; restart < m_plan.restarts && m_rows.size(0) > 0; ++restart) {
      const torch::Tensor open = m_rows;
      climb(restart);
      m_rows = m_plan.stop == StopPolicy::Last || stays() ? open : without(open, m_outcome.success);
    }
    m_outcome.forwards = m_classifier.count();
    addNotes();
    return std::move(m_outcome);
  }

 private:
  /// With a detector in the objective, fooling the classifier is half of the aim: the image stays to come under it.
  bool stays() const {
    return m_plan.stop == StopPolicy::Best && m_objective->needs() == ThreatModel::AdaptiveWhiteBox;
  }

  static torch::Tensor without(const torch::Tensor& rows, const torch::Tensor& flags) {
    return rows.index_select(0, flags.index_select(0, rows).logical_not().nonzero().squeeze(1));
  }

  void offerClean() {
    m_context.step();
    const AttackObjective::Value value = m_objective->evaluate(m_classifier, m_request.images, m_classes);
    offer(m_request.images, value.loss, value.logits, /*last=*/false);
    if (!stays()) m_rows = without(m_rows, m_outcome.success);
  }

  torch::Tensor startingPoint(const Ball& ball, std::int64_t restart) const {
    const torch::Tensor clean = m_request.images.index_select(0, m_rows);
    if (!m_plan.randomStart) return clean;
    const torch::Tensor rows = m_rows.to(torch::kCPU);
    std::vector<std::uint64_t> seeds;
    for (std::int64_t k = 0; k < rows.size(0); ++k) {
      const auto place = rows.data_ptr<std::int64_t>()[k];
      const std::int64_t index = m_request.indices.empty() ? place : m_request.indices[static_cast<std::size_t>(place)];
      seeds.push_back(mixSeed(m_request.seed, static_cast<std::uint64_t>(index), static_cast<std::uint64_t>(restart)));
    }
    return ball.project(ball.randomPoint(seeds));
  }

  /// One restart: steps from a starting point until the last step or until nobody is left.
  void climb(std::int64_t restart) {
    m_rule.restart();
    Ball ball = m_ball.select(m_rows);
    torch::Tensor x = startingPoint(ball, restart);
    torch::Tensor classes = m_classes.index_select(0, m_rows);
    bool firstImage = m_trace.active() && m_rows[0].item<std::int64_t>() == 0;
    for (std::int64_t step = 0; step < m_plan.steps; ++step) {
      m_context.step();
      const std::int64_t before = m_classifier.count();
      LossGradient current = lossGradient(*m_objective, m_classifier, x, classes);
      m_outcome.backwards += m_classifier.count() - before;
      if (firstImage) record(current.loss, current.logits, x);
      if (m_plan.stop != StopPolicy::Last) {
        offer(x, current.loss, current.logits, /*last=*/false);
        const torch::Tensor going = stillGoing();
        if (going.size(0) < m_rows.size(0)) {
          m_rows = m_rows.index_select(0, going);
          if (m_rows.size(0) == 0) return;
          x = x.index_select(0, going);
          classes = classes.index_select(0, going);
          current.gradient = current.gradient.index_select(0, going);
          ball = ball.select(going);
          m_rule.keep(going);
          firstImage = firstImage && m_rows[0].item<std::int64_t>() == 0;
        }
      }
      x = ball.project(x + m_plan.stepSize * m_rule.direction(checkedGradient(current.gradient)));
    }
    m_context.step();
    const AttackObjective::Value value = m_objective->evaluate(m_classifier, x, classes);
    if (firstImage) record(value.loss, value.logits, x);
    offer(x, value.loss, value.logits, /*last=*/true);
  }

  void record(const torch::Tensor& loss, const torch::Tensor& logits, const torch::Tensor& x) {
    m_trace.record(loss.narrow(0, 0, 1), logits.narrow(0, 0, 1), x.narrow(0, 0, 1));
  }

  /// Places, among the active images, of those that go on.
  torch::Tensor stillGoing() const {
    if (stays()) return torch::arange(m_rows.size(0), m_rows.options());
    return m_outcome.success.index_select(0, m_rows).logical_not().nonzero().squeeze(1);
  }

  /// A gradient that isn't finite is no direction: that image stands still, and is flagged.
  torch::Tensor checkedGradient(const torch::Tensor& gradient) {
    const torch::Tensor largest = gradient.abs().flatten(1).amax(1);  // NaN and infinity come through
    const torch::Tensor bad = largest.isfinite().logical_not();
    flag(m_outcome.nonfinite, bad);
    flag(m_vanished, largest == 0);
    return at::where(perImage(bad), at::zeros({}, gradient.options()), gradient);
  }

  void flag(torch::Tensor& flags, const torch::Tensor& active) {
    flags.index_copy_(0, m_rows, flags.index_select(0, m_rows) | active);
  }

  /// Offers the iterates x of the active images: each is kept if the policy prefers it to what is kept so far.
  void offer(const torch::Tensor& x, const torch::Tensor& loss, const torch::Tensor& logits, bool last) {
    const torch::Tensor classes = m_classes.index_select(0, m_rows);
    const torch::Tensor good = fooled(logits, classes, m_plan.targeted);
    const torch::Tensor finite = loss.isfinite() & logits.isfinite().all(1);
    flag(m_outcome.nonfinite, finite.logical_not());
    torch::Tensor value = loss.to(torch::kFloat64).masked_fill(finite.logical_not(), kMinusInfinity);
    // Where nothing fools, first_success hands back a last iterate: earlier ones only hold its place.
    if (m_plan.stop == StopPolicy::FirstSuccess && !last) value = value.masked_fill(good.logical_not(), kMinusInfinity);
    const torch::Tensor hadGood = m_outcome.success.index_select(0, m_rows);
    const torch::Tensor higher = value > m_loss.index_select(0, m_rows);
    torch::Tensor take = good & hadGood.logical_not();
    if (m_plan.stop != StopPolicy::FirstSuccess) {
      take = take | ((good == hadGood) & higher);
    } else if (last) {
      take = take | ((good | hadGood).logical_not() & higher);
    }
    // Something must be reported, even where no loss was ever finite.
    take = take | m_kept.index_select(0, m_rows).logical_not();
    keep(take.nonzero().squeeze(1), x, value, logits, good);
  }

  void keep(const torch::Tensor& taken, const torch::Tensor& x, const torch::Tensor& loss, const torch::Tensor& logits,
            const torch::Tensor& good) {
    if (taken.size(0) == 0) return;
    const torch::Tensor rows = m_rows.index_select(0, taken);
    m_outcome.adversarial.index_copy_(0, rows, x.index_select(0, taken));
    m_outcome.predictions.index_copy_(0, rows, logits.argmax(1).index_select(0, taken));
    m_outcome.success.index_copy_(0, rows, good.index_select(0, taken));
    m_loss.index_copy_(0, rows, loss.index_select(0, taken));
    m_kept.index_fill_(0, rows, true);
  }

  void addNotes() {
    const auto count = [](const torch::Tensor& flags) { return flags.sum().item<std::int64_t>(); };
    const std::string of = " of " + std::to_string(m_classes.size(0)) + " images";
    if (const std::int64_t bad = count(m_outcome.nonfinite); bad > 0) {
      m_outcome.notes.push_back("the loss or its gradient was NaN or infinite for " + std::to_string(bad) + of +
                                ": such steps were left out, so failures there say nothing about robustness");
    }
    const std::int64_t stuck = count(m_vanished & m_outcome.success.logical_not());
    if (stuck > 0) {
      m_outcome.notes.push_back("the gradient vanished for " + std::to_string(stuck) + of +
                                " that were not fooled: this is no robustness; try loss = margin or another attack");
    }
  }

  CountingClassifier m_classifier;
  const AttackRequest& m_request;
  const IterativePlan& m_plan;
  StepRule& m_rule;
  const JobContext& m_context;
  std::unique_ptr<AttackObjective> m_objective;
  torch::Tensor m_classes;
  Ball m_ball;
  AttackOutcome m_outcome;
  TraceRecorder m_trace;
  torch::Tensor m_rows;      ///< places of the active images in the batch, ascending
  torch::Tensor m_loss;      ///< of what is kept
  torch::Tensor m_kept;      ///< whether anything is kept yet
  torch::Tensor m_vanished;  ///< whether a gradient was exactly 0
};

}  // namespace

StopPolicy parseStop(const std::string& name) {
  if (name == "first_success") return StopPolicy::FirstSuccess;
  if (name == "last") return StopPolicy::Last;
  if (name == "best") return StopPolicy::Best;
  throw Error(ErrorKind::Usage, "there is no stop policy \"" + name + "\"", "stop", "known: first_success, last, best");
}

std::unique_ptr<StepRule> steepestAscent(Norm norm) {
  if (norm == Norm::Linf) return std::make_unique<SignRule>();
  return std::make_unique<NormalisedRule>();
}

AttackOutcome runIterative(const std::string& name, const Classifier& classifier, const AttackRequest& request,
                           const IterativePlan& plan, StepRule& rule, const JobContext& context) {
  checkRequest(name, classifier, request, plan.targeted);
  checkGradients(name, classifier, request);
  const torch::NoGradGuard noGrad;
  return IterativeRun(classifier, request, plan, rule, context).run();
}

namespace parameter {

ParameterSpec epsilon(double defaultValue, double maximum) {
  return ParameterSpec::real("epsilon", defaultValue, 0, maximum, "[0,1]", "Largest distance from the clean image");
}

ParameterSpec stepSize(double defaultValue, std::string whenZero) {
  return ParameterSpec::real("step_size", defaultValue, 0, 30, "[0,1]",
                             "Length of a step in the attack's norm; 0 means " + std::move(whenZero));
}

ParameterSpec steps(std::int64_t defaultValue) {
  return ParameterSpec::integer("steps", defaultValue, 1, 100000, "", "Number of gradient steps");
}

ParameterSpec loss() {
  return ParameterSpec::choice("loss", "cross_entropy", {"cross_entropy", "margin"},
                               "What is ascended; the margin's gradient doesn't vanish on confident networks");
}

ParameterSpec targeted() {
  return ParameterSpec::boolean("targeted", false, "Towards a target class instead of away from the true one");
}

ParameterSpec stop(const std::string& defaultValue) {
  return ParameterSpec::choice("stop", defaultValue, {"first_success", "last", "best"},
                               "Which step is handed back: the first that fools, the last, or the best one");
}

}  // namespace parameter

}  // namespace whorl
