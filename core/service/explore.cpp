// SPDX-License-Identifier: GPL-3.0-or-later
// One image through a stack of steps, as the Explore page shows it.
#include <optional>

#include "core/base/random.h"
#include "core/service/attack_setup.h"
#include "core/service/engine_impl.h"
#include "core/service/image_metrics.h"
#include "core/service/inference.h"
#include "core/service/stopwatch.h"
#ifndef WHORL_MINIMAL
#include "core/image/image_file.h"
#include "core/image/perturbation.h"
#endif

namespace whorl {
namespace {

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

Image perturbed(const Image& image, const StepRequest& step, std::uint64_t seed) {
#ifdef WHORL_MINIMAL
  (void)image;
  (void)seed;
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no natural perturbations", step.operation);
#else
  const Perturbation& perturbation = findPerturbation(step.operation);
  return perturbation.apply(image, resolve(step.operation, perturbation.spec().parameters, step.parameters), seed);
#endif
}

/// The stack's attacks on one fitted image, one after the other.
class AttackChain {
 public:
  AttackChain(const Model& model, const ExploreRequest& request, std::int64_t label)
      : m_model(model), m_request(request), m_label(label) {}

  /// `image` [1,C,H,W] on the model's device, replaced by the result.
  StepOutcome run(const StepRequest& step, std::size_t position, torch::Tensor& image, const JobContext& context) {
    const Stopwatch watch;
    const AttackSetup setup = prepareAttack(step.operation, step.parameters, m_request.threatModel, m_model);
    if (setup.targeted && setup.target == m_label) {
      throw Error(ErrorKind::Usage, "the target is the image's own class", step.operation + ": target",
                  "choose another class");
    }
    const bool alreadyWrong = predictionOf(image) != m_label;
    auto labels = torch::full({1}, m_label, torch::kInt64).to(image.device());
    // Steps of one stack draw different numbers, and the same step the same ones each time.
    AttackRequest request = attackRequest(setup, m_model, image, labels, {m_request.imageIndex},
                                          position == 0 ? m_request.seed : mixSeed(m_request.seed, position));
    request.trace = m_request.trace;
    AttackOutcome outcome = runAttack(setup, m_model, request, context);
    image = outcome.adversarial;
    m_trace = std::move(outcome.trace);

    StepOutcome result;
    result.operation = step.operation;
    result.success = outcome.success.item<bool>();
    if (alreadyWrong && !setup.targeted) {
      result.note = "already misclassified";
    } else if (!*result.success) {
      result.note = setup.targeted ? "the target class was not reached" : "the class did not change";
    }
    for (const auto& note : outcome.notes) result.note += (result.note.empty() ? "" : "; ") + note;
    result.seconds = watch.seconds();
    return result;
  }

  std::vector<AttackTracePoint> trace() const {
    std::vector<AttackTracePoint> points;
    for (const auto& step : m_trace) {
      points.push_back({step.step, step.loss, step.margin, step.l2, step.linf, toImage(step.image)});
    }
    return points;
  }

 private:
  std::int64_t predictionOf(const torch::Tensor& image) const {
    const torch::NoGradGuard noGradients;
    return m_model.classifier->logits(image).argmax(1).item<std::int64_t>();
  }

  const Model& m_model;
  const ExploreRequest& m_request;
  std::int64_t m_label;
  std::vector<AttackTraceStep> m_trace;
};

Verdict verdictOf(const Model& model, const torch::Tensor& image) { return verdictAt(model, judge(model, image), 0); }

}  // namespace

ExploreResult EngineImpl::explore(const ExploreRequest& request, const JobContext& context) {
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
      const Stopwatch stepWatch;
      natural = perturbed(natural, step, mixSeed(request.seed, static_cast<std::uint64_t>(request.imageIndex), i));
      outcomes[i] = StepOutcome{step.operation, stepWatch.seconds(), std::nullopt,
                                attackSeen ? "applied before the attacks, at the image's own size" : ""};
      context.step();
    }
    auto image = natural == request.image
                     ? original
                     : toTensor(fitted(natural, model->input, request.fit)).to(device, model->classifier->dtype());
    AttackChain chain(*model, request, request.label.value_or(result.before.predicted));
    std::size_t position = 0;
    for (std::size_t i = 0; i < request.steps.size(); ++i) {
      if (!request.steps[i].enabled || outcomes[i]) continue;
      outcomes[i] = chain.run(request.steps[i], position++, image, context);
      context.step();
    }
    result.after = verdictOf(*model, image);
    result.result = toImage(image[0]);
    result.norms = imageNorms(result.input, result.result);
    for (auto& outcome : outcomes) {
      if (outcome) result.steps.push_back(std::move(*outcome));
    }
    if (request.trace) result.trace = chain.trace();
    result.seconds = watch.seconds();
    return result;
  });
}

}  // namespace whorl
