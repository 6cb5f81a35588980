// SPDX-License-Identifier: GPL-3.0-or-later
// One image through a stack of steps, as the Explore page shows it.
#include <algorithm>
#include <optional>

#include "core/base/random.h"
#include "core/service/attack_setup.h"
#include "core/service/engine_impl.h"
#include "core/service/even_trace.h"
#include "core/service/image_metrics.h"
#include "core/service/impl/inference.h"
#include "core/service/stopwatch.h"
#ifndef WHORL_MINIMAL
#include "core/image/image_file.h"
#include "core/image/perturbation.h"
#endif

namespace whorl {
namespace {

/// Images that judge() runs between two looks at the stop token.
constexpr std::int64_t kJudgedAtOnce = 8;

void checkImage(const Image& image) {
  const auto& shape = image.shape;
  if ((shape.channels != 1 && shape.channels != 3) || shape.height < 1 || shape.width < 1 ||
      image.pixels.size() != static_cast<std::size_t>(shape.size())) {
    throw Error(ErrorKind::BadInput, "an image of " + toText(shape) + " can't be used", "image",
                "grey or RGB images of at least one pixel are needed");
  }
  for (const float value : image.pixels) {
    if (!(value >= 0 && value <= 1)) throw Error(ErrorKind::BadInput, "pixels outside [0,1]", "image");
  }
}

Image fitted(const Image& image, const ImageShape& shape, InputFit fit) {
#ifdef WHORL_MINIMAL
  (void)fit;
  if (image.shape == shape) return image;
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) can't resize images",
              toText(image.shape) + " to " + toText(shape), "use the full build");
#else
  const FitMode mode = fit == InputFit::Fit ? FitMode::Fit : fit == InputFit::Crop ? FitMode::Crop : FitMode::Stretch;
  return fitImage(image, shape, mode);
#endif
}

bool isAttack(const std::string& name) {
  for (const auto* attack : attacks()) {
    if (attack->spec().name == name) return true;
  }
  return false;
}

/// `note` gets what a severity stood for.
Image perturbed(const Image& image, const StepRequest& step, std::uint64_t seed, std::string& note) {
#ifdef WHORL_MINIMAL
  (void)image;
  (void)seed;
  (void)note;
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no natural perturbations", step.operation);
#else
  const Perturbation& perturbation = findPerturbation(step.operation);
  const Parameters parameters = resolve(step.operation, perturbation.spec().parameters, step.parameters);
  const Parameters used = perturbation.effective(parameters, image.shape);
  if (used != parameters) {
    note = "severity " + toText(parameters.values().at("severity")) + ":";
    for (const ParameterSpec& each : perturbation.spec().parameters) {
      if (each.name != "severity") note += " " + each.name + " " + toText(used.values().at(each.name)) + ",";
    }
    note.pop_back();
  }
  return perturbation.apply(image, used, seed);
#endif
}

Verdict verdictOf(const Model& model, const torch::Tensor& image) { return verdictAt(model, judge(model, image), 0); }

AttackTracePoint tracePoint(const AttackTraceStep& step) {
  return {step.step, step.loss, step.margin, step.l2, step.linf, toImage(step.image)};
}

/// Shows the iterates of a running attack to a front end, as often as ExploreHooks::onStep promises.
class LiveFeed {
 public:
  LiveFeed(const Model& model, const ExploreHooks& hooks, std::size_t position)
      : m_model(model), m_hooks(hooks), m_position(position) {}

  void offer(const AttackTraceStep& step) {
    if (!m_hooks.onStep) return;
    m_last = step;
    if (m_watch.seconds() >= m_next) show();
  }
  /// The attack is over.
  void finish() {
    if (m_last && m_shown) show();
  }

 private:
  static constexpr double kQuiet = 0.1;
  static constexpr double kInterval = 1.0 / 30;

  void show() {
    const double start = m_watch.seconds();
    const auto image = m_last->image.unsqueeze(0).to(m_model.classifier->device(), m_model.classifier->dtype());
    m_hooks.onStep({m_position, tracePoint(*m_last), verdictOf(m_model, image)});
    m_last.reset();
    m_shown = true;
    m_next = m_watch.seconds() + std::max(kInterval, 4 * (m_watch.seconds() - start));
  }

  const Model& m_model;
  const ExploreHooks& m_hooks;
  std::size_t m_position;
  Stopwatch m_watch;
  double m_next = kQuiet;
  bool m_shown = false;
  std::optional<AttackTraceStep> m_last;  ///< the newest that was not shown
};

/// The stack's attacks on one fitted image, one after the other.
class AttackChain {
 public:
  AttackChain(const Model& model, const ExploreRequest& request, const ExploreHooks& hooks, std::int64_t label)
      : m_model(model), m_request(request), m_hooks(hooks), m_label(label) {}

  /// Runs the request's step at `position`, the `order`-th attack that is switched on. `image` [1,C,H,W] on the model's
  /// device, replaced by the result.
  StepOutcome run(std::size_t position, std::size_t order, torch::Tensor& image, const JobContext& context) {
    const StepRequest& step = m_request.steps[position];
    const Stopwatch watch;
    const AttackSetup setup = prepareAttack(
        step.operation, step.parameters, step.threatModel.empty() ? m_request.threatModel : step.threatModel, m_model);
    if (setup.targeted && setup.target == m_label) {
      throw Error(ErrorKind::Usage, "the target is the image's own class", step.operation + ": target",
                  "choose another class");
    }
    StepOutcome result;
    result.operation = step.operation;
    result.alreadyWrong = !setup.targeted && predictionOf(image) != m_label;
    auto labels = torch::full({1}, m_label, torch::kInt64).to(image.device());
    // Steps of one stack draw different numbers, and the same step the same ones each time.
    AttackRequest request = attackRequest(setup, m_model, image, labels, {m_request.imageIndex},
                                          order == 0 ? m_request.seed : mixSeed(m_request.seed, order));
    LiveFeed live(m_model, m_hooks, position);
    EvenTrace<AttackTraceStep> trace(ExploreResult::kMostTracePoints);
    if (m_request.trace || m_hooks.onStep) {
      request.onStep = [&](const AttackTraceStep& each) {
        live.offer(each);
        if (m_request.trace) trace.add(each);
      };
    }
    const AttackOutcome outcome = runAttack(setup, *m_model.classifier, request, context);
    live.finish();
    image = outcome.adversarial;
    m_trace = trace.take();
    m_traced = position;

    result.success = outcome.success.item<bool>();
    if (result.alreadyWrong) {
      result.note = "already misclassified";
    } else if (!*result.success) {
      result.note = setup.targeted ? "the target class was not reached" : "the class did not change";
    }
    for (const auto& note : outcome.notes) result.note += (result.note.empty() ? "" : "; ") + note;
    result.seconds = watch.seconds();
    return result;
  }

  void giveTrace(ExploreResult& result) const {
    for (const auto& step : m_trace) result.trace.push_back(tracePoint(step));
    result.traced = m_traced;
  }

 private:
  std::int64_t predictionOf(const torch::Tensor& image) const {
    const torch::NoGradGuard noGradients;
    return m_model.classifier->logits(image).argmax(1).item<std::int64_t>();
  }

  const Model& m_model;
  const ExploreRequest& m_request;
  const ExploreHooks& m_hooks;
  std::int64_t m_label;
  std::vector<AttackTraceStep> m_trace;
  std::size_t m_traced = 0;
};

/// Runs a step. What is wrong with it goes into its outcome where the request is tolerant of that; cancelling, and what
/// is no matter of this step, ends the whole in any case.
template <class Run>
StepOutcome outcomeOf(const ExploreRequest& request, const StepRequest& step, Run run) {
  if (!request.tolerant) return run();
  try {
    return run();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Usage && error.kind() != ErrorKind::BadInput) throw;
    StepOutcome outcome;
    outcome.operation = step.operation;
    outcome.problem = error.message() + (error.hint().empty() ? "" : ": " + error.hint());
    return outcome;
  }
}

}  // namespace

ExploreResult EngineImpl::explore(const ExploreRequest& request, const JobContext& context, const ExploreHooks& hooks) {
  return translated("explore", [&] {
    const Stopwatch watch;
    checkImage(request.image);
    const auto model = m_models.load(request.model, parseDevice(request.device).str());
    if (request.label && (*request.label < 0 || *request.label >= model->classifier->classCount())) {
      throw Error(ErrorKind::Usage, "the model has no class " + std::to_string(*request.label), model->name);
    }
    const auto device = model->classifier->device();
    ExploreResult result;
    result.input = fitted(request.image, model->input, request.fit);
    const auto original = toTensor(result.input).to(device, model->classifier->dtype());
    result.before = verdictOf(*model, original);
    context.step();
    if (hooks.onStart) hooks.onStart(result);

    // Natural steps act on the image at its own size; attacks on what the network sees.
    Image natural = request.image;
    std::vector<std::optional<StepOutcome>> outcomes(request.steps.size());
    bool attackSeen = false;
    for (std::size_t i = 0; i < request.steps.size(); ++i) {
      const StepRequest& step = request.steps[i];
      if (!step.enabled) continue;
      if (isAttack(step.operation)) {
        attackSeen = true;
        continue;
      }
      outcomes[i] = outcomeOf(request, step, [&] {
        const Stopwatch stepWatch;
        StepOutcome outcome;
        outcome.operation = step.operation;
        natural = perturbed(natural, step, mixSeed(request.seed, static_cast<std::uint64_t>(request.imageIndex), i),
                            outcome.note);
        outcome.seconds = stepWatch.seconds();
        if (attackSeen) {
          outcome.note +=
              (outcome.note.empty() ? "" : "; ") + std::string("applied before the attacks, at the image's own size");
        }
        return outcome;
      });
      context.step();
    }
    auto image = natural == request.image
                     ? original
                     : toTensor(fitted(natural, model->input, request.fit)).to(device, model->classifier->dtype());
    AttackChain chain(*model, request, hooks, request.label.value_or(result.before.predicted));
    std::size_t order = 0;
    for (std::size_t i = 0; i < request.steps.size(); ++i) {
      const StepRequest& step = request.steps[i];
      if (!step.enabled || outcomes[i]) continue;
      outcomes[i] = outcomeOf(request, step, [&] { return chain.run(i, order++, image, context); });
      context.step();
    }
    result.after = verdictOf(*model, image);
    result.result = toImage(image[0]);
    result.norms = imageNorms(result.input, result.result);
    for (auto& outcome : outcomes) {
      if (outcome) result.steps.push_back(std::move(*outcome));
    }
    chain.giveTrace(result);
    result.seconds = watch.seconds();
    return result;
  });
}

std::vector<JudgedImage> EngineImpl::judge(const JudgeRequest& request, const JobContext& context) {
  return translated("judge", [&] {
    const auto model = m_models.load(request.model, parseDevice(request.device).str());
    checkImage(request.original);
    std::vector<torch::Tensor> tensors;
    for (const Image& image : request.images) {
      checkImage(image);
      if (image.shape != model->input || request.original.shape != model->input) {
        throw Error(ErrorKind::BadInput, "an image of " + toText(image.shape) + " is no input of the model",
                    model->name, "its input is " + toText(model->input));
      }
      tensors.push_back(toTensor(image));
    }
    std::vector<JudgedImage> judged;
    const auto count = static_cast<std::int64_t>(tensors.size());
    const std::int64_t batch = fittingBatch(*model, kJudgedAtOnce, copiesOf(*model), /*gradients=*/false);
    for (std::int64_t first = 0; first < count; first += batch) {
      context.step();
      const std::int64_t size = std::min(batch, count - first);
      const std::vector<torch::Tensor> part(tensors.begin() + first, tensors.begin() + first + size);
      const auto images = torch::cat(part).to(model->classifier->device(), model->classifier->dtype());
      const Judgement judgement = whorl::judge(*model, images);
      for (std::int64_t i = 0; i < size; ++i) {
        judged.push_back({verdictAt(*model, judgement, i),
                          imageNorms(request.original, request.images[static_cast<std::size_t>(first + i)])});
      }
    }
    return judged;
  });
}

}  // namespace whorl
