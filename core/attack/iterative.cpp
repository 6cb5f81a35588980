// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/iterative.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/attack/support.h"
#include "core/base/error.h"

namespace whorl {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();
constexpr std::int64_t kLeaveEveryOnDevice = 8;

class Autograd : public GradientSource {
 public:
  LossGradient at(const AttackObjective& objective, const Classifier& classifier, const torch::Tensor& x,
                  const AttackAims& aims, const std::vector<std::uint64_t>& seeds) const override {
    (void)seeds;
    return lossGradient(objective, classifier, x, aims);
  }
  bool usesBackward() const override { return true; }
  bool random() const override { return false; }
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
        m_objective(requestedObjective(request, plan.loss)),
        m_aims(aimsOf(request)),
        m_ball(plan.norm, request.images, plan.epsilon),
        m_trace(request, m_outcome) {
    const bool host = request.images.device().is_cpu();
    m_leaveEvery = plan.leaveEvery > 0 ? plan.leaveEvery : host || m_trace.active() ? 1 : kLeaveEveryOnDevice;
    const std::int64_t batch = request.images.size(0);
    const auto integers = request.labels.options();
    const auto flags = integers.dtype(torch::kBool);
    m_outcome.adversarial = request.images.clone();
    m_outcome.success = torch::zeros({batch}, flags);
    m_outcome.predictions = torch::full({batch}, -1, integers);
    m_outcome.nonfinite = torch::zeros({batch}, flags);
    m_vanished = torch::zeros({batch}, flags);
    m_kept = torch::zeros({batch}, flags);
    m_outcome.steps = torch::zeros({batch}, integers);
    m_value = torch::full({batch}, kMinusInfinity, integers.dtype(torch::kFloat64));
    if (request.detector) m_outcome.scores = m_value.clone();
  }

  AttackOutcome run() {
    m_rows = torch::arange(m_request.images.size(0), m_request.labels.options());
    // A clean image that is already misclassified needs no attack; without a random start, step 0 finds that out.
    if (m_plan.randomStart && m_plan.stop != StopPolicy::Last && m_rows.size(0) > 0) offerClean();
    for (std::int64_t restart = 0; restart < m_plan.restarts && m_rows.size(0) > 0; ++restart) {
      const torch::Tensor open = m_rows;
      climb(restart);
      m_rows = mayLeave() ? without(open, m_outcome.success) : open;
    }
    m_outcome.forwards = m_classifier.count();
    addGradientNotes(m_outcome, m_vanished);
    return std::move(m_outcome);
  }

 private:
  /// With a detector in the objective, fooling the classifier is half of the aim: the image stays to come under it.
  bool stays() const { return m_plan.stop == StopPolicy::Best && m_request.detector; }
  /// Whether images that fool the network are done.
  bool mayLeave() const { return m_plan.stop != StopPolicy::Last && !stays(); }

  static torch::Tensor without(const torch::Tensor& rows, const torch::Tensor& flags) {
    return rows.index_select(0, flags.index_select(0, rows).logical_not().nonzero().squeeze(1));
  }

  void offerClean() {
    m_context.step();
    const AttackObjective::Value value = m_objective.evaluate(m_classifier, m_request.images, m_aims);
    offer(m_request.images, value.loss, value.logits, value.score, /*last=*/false);
    if (!stays()) m_rows = without(m_rows, m_outcome.success);
  }

  torch::Tensor startingPoint(const Ball& ball, std::int64_t restart) const {
    if (m_request.start.defined() && restart == 0) return ball.project(m_request.start.index_select(0, m_rows));
    if (!m_plan.randomStart) return m_request.images.index_select(0, m_rows);
    const double share =
        m_plan.startLaw == StartLaw::Growing ? static_cast<double>(restart) / static_cast<double>(m_plan.restarts) : 1;
    return ball.project(ball.randomPoint(seedsAt(m_request, m_rows, restart), m_plan.startLaw, share));
  }

  /// γ falls geometrically over a restart.
  void weigh(AttackAims& aims, const torch::Tensor& initial, std::int64_t step) const {
    if (!m_request.detector || m_request.detector.weightDecay == 1) return;
    const double done = static_cast<double>(step) / static_cast<double>(std::max<std::int64_t>(1, m_plan.steps - 1));
    aims.weights = initial * std::pow(m_request.detector.weightDecay, done);
  }

  std::vector<std::uint64_t> stepSeeds(std::int64_t restart, std::int64_t step) const {
    if (!m_plan.source->random()) return {};
    return seedsAt(m_request, m_rows, restart, step + 1);
  }

  /// One restart: steps from a starting point until the last step or until nobody is left.
  void climb(std::int64_t restart) {
    m_rule.restart();
    Ball ball = m_ball.select(m_rows);
    torch::Tensor x = startingPoint(ball, restart);
    AttackAims aims = m_aims.select(m_rows);
    torch::Tensor weights = aims.weights;
    bool firstImage = m_trace.active() && m_rows[0].item<std::int64_t>() == 0;
    for (std::int64_t step = 0; step < m_plan.steps; ++step) {
      m_context.step();
      weigh(aims, weights, step);
      const std::int64_t before = m_classifier.count();
      LossGradient current = m_plan.source->at(m_objective, m_classifier, x, aims, stepSeeds(restart, step));
      if (m_plan.source->usesBackward()) {
        m_outcome.backwards += backwardsOf(m_objective, m_classifier.count() - before);
      }
      if (firstImage) record(current.loss, current.logits, x, current.score);
      if (m_plan.stop != StopPolicy::Last) offer(x, current.loss, current.logits, current.score, /*last=*/false);
      if (mayLeave() && step % m_leaveEvery == 0) {
        const torch::Tensor places = going().nonzero().squeeze(1);
        if (places.size(0) < m_rows.size(0)) {
          m_rows = m_rows.index_select(0, places);
          if (m_rows.size(0) == 0) return;
          x = x.index_select(0, places);
          aims = aims.select(places);
          if (weights.defined()) weights = weights.index_select(0, places);
          current.gradient = current.gradient.index_select(0, places);
          ball = ball.select(places);
          m_rule.keep(places);
          firstImage = firstImage && m_rows[0].item<std::int64_t>() == 0;
        }
      }
      m_outcome.steps.index_add_(0, m_rows, going().to(m_rows.scalar_type()));
      const double length = m_plan.stepSize * stepFactor(m_plan.schedule, step, m_plan.steps);
      x = ball.project(x + length * m_rule.direction(movable(x, checkedGradient(current.gradient))));
    }
    m_context.step();
    const AttackObjective::Value value = m_objective.evaluate(m_classifier, x, aims);
    if (firstImage) record(value.loss, value.logits, x, value.score);
    offer(x, value.loss, value.logits, value.score, /*last=*/true);
  }

  void record(const torch::Tensor& loss, const torch::Tensor& logits, const torch::Tensor& x,
              const torch::Tensor& score) {
    m_trace.record(loss.narrow(0, 0, 1), logits.narrow(0, 0, 1), x.narrow(0, 0, 1),
                   score.defined() ? score.narrow(0, 0, 1) : score);
  }

  /// [A] bool: the active images that are not done. Those that are may stay some steps, and nothing of them counts.
  torch::Tensor going() const {
    if (!mayLeave()) return torch::ones_like(m_rows, torch::kBool);
    return m_outcome.success.index_select(0, m_rows).logical_not();
  }

  /// A gradient that isn't finite is no direction: that image stands still, and is flagged.
  torch::Tensor checkedGradient(const torch::Tensor& gradient) {
    const torch::Tensor largest = gradient.abs().flatten(1).amax(1);  // NaN and infinity come through
    const torch::Tensor bad = largest.isfinite().logical_not();
    const torch::Tensor counts = going();
    flag(m_outcome.nonfinite, bad & counts);
    flag(m_vanished, (largest == 0) & counts);
    return at::where(perImage(bad), at::zeros({}, gradient.options()), gradient);
  }

  /// An l1 step goes to few pixels: not to those that the box holds where they are.
  torch::Tensor movable(const torch::Tensor& x, const torch::Tensor& gradient) const {
    if (m_plan.norm != Norm::L1) return gradient;
    const torch::Tensor held = ((x <= 0) & (gradient < 0)) | ((x >= 1) & (gradient > 0));
    return gradient.masked_fill(held, 0);
  }

  void flag(torch::Tensor& flags, const torch::Tensor& active) {
    flags.index_copy_(0, m_rows, flags.index_select(0, m_rows) | active);
  }

  /// What the policy prefers among iterates that fool: the loss, or (best, adaptive) the lowest score.
  torch::Tensor preference(const torch::Tensor& loss, const torch::Tensor& score, const torch::Tensor& good) const {
    const torch::Tensor value = loss.to(torch::kFloat64);
    if (!stays()) return value;
    return at::where(good, -score.to(torch::kFloat64), value);
  }

  /// Offers the iterates x of the active images: each is kept if the policy prefers it to what is kept so far.
  void offer(const torch::Tensor& x, const torch::Tensor& loss, const torch::Tensor& logits, const torch::Tensor& score,
             bool last) {
    const torch::Tensor good = fooled(logits, m_aims.select(m_rows));
    const torch::Tensor finite = loss.isfinite() & logits.isfinite().all(1);
    const torch::Tensor counts = going();
    flag(m_outcome.nonfinite, finite.logical_not() & counts);
    torch::Tensor value = preference(loss, score, good).masked_fill(finite.logical_not(), kMinusInfinity);
    // Where nothing fools, first_success hands back a last iterate: earlier ones only hold its place.
    if (m_plan.stop == StopPolicy::FirstSuccess && !last) value = value.masked_fill(good.logical_not(), kMinusInfinity);
    const torch::Tensor hadGood = m_outcome.success.index_select(0, m_rows);
    const torch::Tensor higher = value > m_value.index_select(0, m_rows);
    torch::Tensor take = good & hadGood.logical_not();
    if (m_plan.stop != StopPolicy::FirstSuccess) {
      take = take | ((good == hadGood) & higher);
    } else if (last) {
      take = take | ((good | hadGood).logical_not() & higher);
    }
    // Something must be reported, even where no loss was ever finite.
    take = (take | m_kept.index_select(0, m_rows).logical_not()) & counts;
    keep(m_outcome.adversarial, perImage(take), x);
    keep(m_outcome.predictions, take, logits.argmax(1));
    keep(m_outcome.success, take, good);
    keep(m_value, take, value);
    keep(m_kept, take, take);
    if (score.defined()) keep(m_outcome.scores, take, score.to(torch::kFloat64));
  }

  /// Rows of the active images become `values` where `take`: without asking the device which these are.
  void keep(torch::Tensor& kept, const torch::Tensor& take, const torch::Tensor& values) {
    kept.index_copy_(0, m_rows, at::where(take, values, kept.index_select(0, m_rows)));
  }

  CountingClassifier m_classifier;
  const AttackRequest& m_request;
  const IterativePlan& m_plan;
  StepRule& m_rule;
  const JobContext& m_context;
  AttackObjective m_objective;
  AttackAims m_aims;
  Ball m_ball;
  AttackOutcome m_outcome;
  TraceRecorder m_trace;
  std::int64_t m_leaveEvery = 1;
  torch::Tensor m_rows;      ///< places of the active images in the batch, ascending
  torch::Tensor m_value;     ///< preference() of what is kept
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

const GradientSource& autogradSource() {
  static const Autograd source;
  return source;
}

AttackOutcome runIterative(const Classifier& classifier, const AttackRequest& request, const IterativePlan& plan,
                           StepRule& rule, const JobContext& context) {
  return IterativeRun(classifier, request, plan, rule, context).run();
}

}  // namespace whorl
