// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/cw_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <torch/csrc/autograd/autograd.h>

#include "core/attack/minimal_norm.h"
#include "core/base/error.h"

namespace whorl {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kLargestConstant = 1e10;
constexpr double kPublishedShrink = 0.999999;

struct Plan {
  std::int64_t steps = 0;
  std::int64_t searchSteps = 0;
  std::int64_t window = 1;  ///< steps between two looks at how an image fares
  double rate = 0;
  bool abortEarly = true;
  bool warm = false;
  double shrink = kPublishedShrink;
};

// The warm search's own numbers, chosen on the reference network.
constexpr double kWarmPull = 0.01;         ///< to the middle of the box: saturated pixels begin within reach
constexpr double kWarmRateDecay = 0.7;     ///< of the learning rate, for each search step that succeeded
constexpr double kWarmSettled = 0.99;      ///< of the squared distance: less gain in two windows ends a search step
constexpr double kWarmBracket = 1.5;       ///< around the multiplier that is estimated at the boundary
constexpr double kWarmTight = 0.5;         ///< a bracket so narrow, relative to its upper end, ends the search
constexpr std::int64_t kWarmWindows = 20;  ///< in a search step's steps
constexpr std::int64_t kPublishedWindows = 10;

Plan planOf(const AttackRequest& request, const Parameters& parameters) {
  Plan plan;
  plan.steps = parameters.integer("steps");
  plan.searchSteps = request.constants.defined() ? 1 : parameters.integer("search_steps");
  plan.rate = parameters.real("learning_rate");
  plan.abortEarly = parameters.boolean("abort_early");
  plan.warm = parameters.text("search") == "warm" && !request.detector && !request.constants.defined();
  // In large images so many pixels are pulled that it must be by less.
  const double pixels = std::max<double>(
      1, static_cast<double>(request.images.size(1) * request.images.size(2) * request.images.size(3)));
  if (plan.warm) plan.shrink = 1 - kWarmPull * std::min(1.0, 28 / std::sqrt(pixels));
  plan.window = std::max<std::int64_t>(1, plan.steps / (plan.warm ? kWarmWindows : kPublishedWindows));
  return plan;
}

torch::Tensor places(const torch::Tensor& flags) { return flags.nonzero().squeeze(1); }

torch::Tensor toW(const torch::Tensor& images, double shrink) { return ((images * 2 - 1) * shrink).atanh_(); }

}  // namespace

ConstantSearch::ConstantSearch(double initial, std::int64_t count, const torch::TensorOptions& options)
    : constant(torch::full({count}, initial, options)),
      low(torch::zeros({count}, options)),
      high(torch::full({count}, kLargestConstant, options)) {}

void ConstantSearch::update(const torch::Tensor& ended, const torch::Tensor& success) {
  high = at::where(ended & success, at::min(high, constant), high);
  low = at::where(ended & success.logical_not(), at::max(low, constant), low);
  const torch::Tensor next = at::where(high < kOpen, (low + high) / 2, (constant * 10).clamp_max(kLargestConstant));
  constant = at::where(ended, next, constant);
}

void ConstantSearch::select(const torch::Tensor& rows) {
  for (torch::Tensor* values : {&constant, &low, &high}) *values = values->index_select(0, rows);
}

TanhAdam::TanhAdam(const torch::Tensor& images, double shrink)
    : m_w(toW(images, shrink)),
      m_first(torch::zeros_like(m_w)),
      m_second(torch::zeros_like(m_w)),
      m_age(torch::zeros({images.size(0)}, images.options().dtype(torch::kFloat64))) {
  refresh();
}

void TanhAdam::refresh() {
  // (tanh w + 1) / 2 = σ(2w), and its derivative 2 σ(2w) σ(−2w), which doesn't cancel where the image rounds to 1.
  const torch::Tensor twice = m_w * 2;
  m_images = twice.sigmoid();
  m_slope = twice.neg_().sigmoid_().mul_(m_images).mul_(2);
}

void TanhAdam::step(const torch::Tensor& gradient, const torch::Tensor& rates) {
  m_age.add_(1);
  m_first.lerp_(gradient, 0.1);
  m_second.mul_(0.999).addcmul_(gradient, gradient, 0.001);
  const auto correction = [&](double decay) { return 1 - at::pow(decay, m_age); };
  const auto scale = [&](const torch::Tensor& values) { return perImage(values.to(m_w.scalar_type())); };
  const torch::Tensor root = (m_second * scale(correction(0.999).reciprocal_())).sqrt_().add_(1e-8);
  m_w.sub_((m_first * scale(rates / correction(0.9))).div_(root));
  refresh();
}

void TanhAdam::restart(const torch::Tensor& places, const torch::Tensor& w) {
  m_w.index_copy_(0, places, w);
  for (torch::Tensor* state : {&m_first, &m_second, &m_age}) state->index_fill_(0, places, 0);
  refresh();
}

void TanhAdam::select(const torch::Tensor& rows) {
  for (torch::Tensor* state : {&m_w, &m_images, &m_slope, &m_first, &m_second, &m_age}) {
    *state = state->index_select(0, rows);
  }
}

namespace {

/// Each image runs its search steps at its own pace and leaves the batch when it has done them all.
class CwRun : private MinimalNormRun {
 public:
  CwRun(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
        const JobContext& context)
      : MinimalNormRun(classifier, request, context, "margin", Norm::L2, parameters.real("confidence")),
        m_plan(planOf(request, parameters)),
        m_initial(parameters.real("initial_const")),
        m_bisections(parameters.integer("line_search")),
        m_adam(request.images.narrow(0, 0, 0), m_plan.shrink),
        m_search(m_initial, 0, doubles()) {}

  AttackOutcome run() {
    const torch::Tensor all = torch::full({m_request.images.size(0)}, m_initial, doubles());
    m_outcome.constants = m_request.constants.defined() ? m_request.constants.to(all) : all;
    begin();
    if (running()) start();
    while (running()) iterate();
    searchLine(m_bisections);
    return finish();
  }

 private:
  torch::TensorOptions doubles() const { return m_request.labels.options().dtype(torch::kFloat64); }

  void start() {
    const std::int64_t count = m_rows.size(0);
    m_clean = activeImages();
    m_adam = TanhAdam(startingPoints(), m_plan.shrink);
    m_start = m_adam.w().clone();
    m_search = ConstantSearch(m_initial, count, doubles());
    m_search.constant = m_outcome.constants.index_select(0, m_rows);
    m_nearest = m_start;
    m_rates = torch::full({count}, m_plan.rate, doubles());
    m_mark = torch::full({count}, kInfinity, doubles());
    m_hit = torch::zeros({count}, doubles().dtype(torch::kBool));
    m_age = torch::zeros({count}, doubles().dtype(torch::kInt64));
    m_spent = torch::zeros_like(m_age);
    m_left = torch::full_like(m_age, m_plan.searchSteps);
    m_untilCheck = 0;
  }

  /// One step of all active images.
  void iterate() {
    const torch::Tensor x = m_adam.images();
    const Pull pull = pullAt(x);
    keep(pull.verdict);
    const torch::Tensor c = m_search.constant.to(x.scalar_type());
    const torch::Tensor offset = x - m_clean;
    const torch::Tensor slope = m_adam.slope();
    torch::Tensor gradient = pull.towards * perImage(-c * pull.counts.to(c.scalar_type()));
    gradient.add_(offset, 2).mul_(slope);
    if (m_untilCheck > 0) {
      --m_untilCheck;
      m_adam.step(gradient, m_rates);
      m_age.add_(1);
      return;
    }
    const torch::Tensor loss = pull.verdict.distance.square() + m_search.constant * pull.value;
    const torch::Tensor guess = m_plan.warm ? multiplier(offset * slope, pull.towards * slope) : torch::Tensor();
    const Ends ends = m_plan.warm ? warmEnds() : publishedEnds(loss);
    m_adam.step(gradient, m_rates);
    m_age.add_(1);
    endSearchSteps(ends, guess);
    scheduleCheck();
  }

  /// What draws an image over the boundary (and away from the detector).
  struct Pull {
    torch::Tensor towards;  ///< ascending direction in the space of images
    torch::Tensor counts;   ///< [A] bool: whether it counts; not where the margin has the confidence that is asked for
    torch::Tensor value;    ///< [A] in double, what it would bring to 0
    Verdict verdict;
  };

  Pull pullAt(const torch::Tensor& x) {
    const bool together = adaptive() && m_objective.detector().rule == DetectorTerm::Rule::Sum;
    const Look current = together ? hingedLook(x) : look(x);
    Pull pull;
    pull.towards = current.at.gradient;
    pull.verdict = current.verdict;
    pull.value = -current.at.loss.to(torch::kFloat64);
    if (!together) pull.value = (pull.value + m_confidence).clamp_min_(0);
    pull.counts = adaptive() ? torch::ones_like(current.verdict.fools) : pull.value > 0;
    return pull;
  }

  /// min(margin, confidence) − γ score and its gradient: only the margin stops to count.
  Look hingedLook(const torch::Tensor& images) {
    m_context.step();
    const std::int64_t before = m_classifier.count();
    const torch::AutoGradMode gradients(true);
    const torch::Tensor x = images.detach().requires_grad_(true);
    const AttackObjective::Value value = m_objective.evaluate(m_classifier, x, m_aims);
    const torch::Tensor loss = value.loss - (value.base - m_confidence).relu();
    if (!loss.requires_grad()) {
      throw Error(ErrorKind::BadInput, "the model gives no gradient with respect to its input", "cw",
                  "use an attack that needs none, or a model with gradients");
    }
    const torch::Tensor gradient = torch::autograd::grad({loss}, {x}, {at::ones_like(loss)}, false, false, true)[0];
    const torch::NoGradGuard quiet;
    countStep(m_classifier.count() - before);
    Look look;
    look.at = {loss.detach(), value.logits.detach(), value.score.detach(),
               checkedGradient(gradient.defined() ? gradient : torch::zeros_like(images))};
    trace(look.at.loss, look.at.logits, images, look.at.score);
    look.verdict = offer(images, look.at.logits, look.at.score);
    return look;
  }

  void keep(const Verdict& verdict) {
    m_hit = m_hit | (m_plan.warm ? verdict.taken : verdict.fools);
    if (m_plan.warm) m_nearest = at::where(perImage(verdict.taken), m_adam.w(), m_nearest);
    const torch::Tensor kept = m_outcome.constants.index_select(0, m_rows);
    const torch::Tensor improved = verdict.taken | m_outcome.success.index_select(0, m_rows).logical_not();
    m_outcome.constants.index_copy_(0, m_rows, at::where(improved, m_search.constant, kept));
  }

  /// Where search steps end, each [A] bool.
  struct Ends {
    torch::Tensor ended;
    torch::Tensor crossed;  ///< warm: the boundary was crossed for the first time; the constant can be guessed
    torch::Tensor counted;  ///< it used one of the search steps
  };

  Ends publishedEnds(const torch::Tensor& loss) {
    torch::Tensor ended = m_age + 1 >= m_plan.steps;
    if (m_plan.abortEarly) {
      const torch::Tensor due = m_age.remainder(m_plan.window) == 0;
      ended = ended | (due & (loss > 0.9999 * m_mark));
      m_mark = at::where(due, loss, m_mark);
    }
    return {ended, torch::zeros_like(ended), ended};
  }

  Ends warmEnds() {
    const torch::Tensor grows = m_search.high >= ConstantSearch::kOpen;
    const torch::Tensor due = (m_age.remainder(m_plan.window) == 0) & (m_age > 0);
    const torch::Tensor last = m_age + 1 >= m_plan.steps;
    const torch::Tensor twice = due & (m_age.remainder(2 * m_plan.window) == 0);
    const torch::Tensor distance = bestDistances().square();
    const torch::Tensor crossed = grows & m_hit & (due | last);
    const torch::Tensor hopeless = grows & due & m_hit.logical_not();
    const torch::Tensor settled = twice & m_hit & (distance > kWarmSettled * m_mark);
    const torch::Tensor failed = due & m_hit.logical_not() & (m_age >= 4 * m_plan.window);
    m_mark = at::where(twice, distance, m_mark);
    m_spent.add_(hopeless.to(m_spent.scalar_type()), m_plan.window);
    const torch::Tensor ended = crossed | hopeless | (grows.logical_not() & (settled | failed)) | last;
    return {ended, crossed, ended & (hopeless.logical_not() | (m_spent >= m_plan.steps))};
  }

  /// The constant for which the squared distance's gradient and the margin's would cancel, were this the optimum: least
  /// squares. Both are in the space of w, so that pixels at the end of the box don't count.
  static torch::Tensor multiplier(const torch::Tensor& offset, const torch::Tensor& towards) {
    const torch::Tensor a = offset.flatten(1).to(torch::kFloat64);
    const torch::Tensor b = towards.flatten(1).to(torch::kFloat64);
    return 2 * (a * b).sum(1) / b.square().sum(1).clamp_min(1e-300);
  }

  void endSearchSteps(const Ends& ends, const torch::Tensor& guess) {
    m_search.update(ends.ended, m_hit);
    if (m_plan.warm) {
      const torch::Tensor usable = ends.crossed & (guess > 0) & guess.isfinite() & (guess < ConstantSearch::kOpen / 10);
      m_search.low = at::where(usable, guess / kWarmBracket, m_search.low);
      m_search.high = at::where(usable, guess * (1.5 * kWarmBracket), m_search.high);
      m_search.constant = at::where(usable, guess * kWarmBracket, m_search.constant);
      m_rates = at::where(ends.ended & m_hit, m_rates * kWarmRateDecay, m_rates);
    }
    m_left.sub_(ends.counted.to(m_left.scalar_type()));
    if (m_plan.warm) {
      const torch::Tensor bracketed = ends.ended & (m_search.high < ConstantSearch::kOpen);
      m_left.masked_fill_(bracketed & (m_search.high - m_search.low < kWarmTight * m_search.high), 0);
    }
    m_spent.masked_fill_(ends.counted, 0);
    m_age.masked_fill_(ends.ended, 0);
    m_mark.masked_fill_(ends.ended, kInfinity);
    m_hit = m_hit & ends.ended.logical_not();
    const torch::Tensor again = places(ends.ended & (m_left > 0));
    if (again.size(0) > 0) m_adam.restart(again, nextStart(again));
    leave();
  }

  /// w of the images at `again`, for their next search step: the clean image, or (warm) the nearest one that fools.
  torch::Tensor nextStart(const torch::Tensor& again) const {
    if (!m_plan.warm) return m_start.index_select(0, again);
    const torch::Tensor found = m_outcome.success.index_select(0, m_rows.index_select(0, again));
    return at::where(perImage(found), m_nearest.index_select(0, again), m_adam.w().index_select(0, again));
  }

  void leave() {
    const torch::Tensor going = places(m_left > 0);
    if (going.size(0) == m_rows.size(0)) return;
    select(going);
    m_adam.select(going);
    m_search.select(going);
    for (torch::Tensor* state :
         {&m_clean, &m_start, &m_nearest, &m_rates, &m_mark, &m_hit, &m_age, &m_spent, &m_left}) {
      *state = state->index_select(0, going);
    }
  }

  /// How many steps no image needs to be judged at: until then nothing waits for the device.
  void scheduleCheck() {
    if (!running()) return;
    const torch::Tensor toWindow = (m_plan.window - m_age.remainder(m_plan.window)).remainder(m_plan.window);
    const torch::Tensor toEnd = m_plan.steps - 1 - m_age;
    m_untilCheck = std::max<std::int64_t>(0, at::min(toWindow, toEnd).min().item<std::int64_t>());
  }

  const Plan m_plan;
  double m_initial;
  std::int64_t m_bisections;
  TanhAdam m_adam;
  ConstantSearch m_search;
  // One row for each active image.
  torch::Tensor m_clean;
  torch::Tensor m_start;    ///< w of where it started
  torch::Tensor m_nearest;  ///< warm: w of the nearest one that fools
  torch::Tensor m_rates;
  torch::Tensor m_mark;   ///< loss (warm: best squared distance) when last judged in this search step
  torch::Tensor m_hit;    ///< whether this search step fooled the network (warm: came nearer than all before)
  torch::Tensor m_age;    ///< steps in this search step
  torch::Tensor m_spent;  ///< warm: steps with constants that were too small, since the last search step that counted
  torch::Tensor m_left;   ///< search steps
  std::int64_t m_untilCheck = 0;
};

}  // namespace

AttackOutcome runCarliniWagner(const Classifier& classifier, const AttackRequest& request, const Parameters& parameters,
                               const JobContext& context) {
  return CwRun(classifier, request, parameters, context).run();
}

}  // namespace whorl
