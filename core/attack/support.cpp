// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/support.h"

#include <limits>
#include <sstream>
#include <utility>

#include "core/attack/projection.h"
#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

std::string shapeText(at::IntArrayRef sizes) {
  std::ostringstream text;
  text << '[';
  for (std::size_t d = 0; d < sizes.size(); ++d) text << (d ? "," : "") << sizes[d];
  text << ']';
  return text.str();
}

void checkImages(const std::string& name, const Classifier& classifier, const torch::Tensor& images) {
  const ImageShape shape = classifier.inputShape();
  if (!images.defined() || images.dim() != 4 || !images.is_floating_point() || images.size(1) != shape.channels ||
      images.size(2) != shape.height || images.size(3) != shape.width) {
    throw Error(ErrorKind::BadInput,
                "images " + (images.defined() ? shapeText(images.sizes()) : std::string("(none)")) +
                    " don't fit the model's input [B," + std::to_string(shape.channels) + "," +
                    std::to_string(shape.height) + "," + std::to_string(shape.width) + "]",
                name);
  }
  if (images.numel() == 0) return;
  // NaN fails both comparisons.
  if (!((images >= 0) & (images <= 1)).all().item<bool>()) {
    throw Error(ErrorKind::BadInput, "a pixel is NaN or outside 0 to 1", name, "scale images to [0,1] first");
  }
}

void checkClasses(const std::string& name, const char* what, const torch::Tensor& classes, std::int64_t batch,
                  int classCount) {
  if (!classes.defined() || classes.dim() != 1 || classes.size(0) != batch || classes.scalar_type() != torch::kInt64) {
    throw Error(ErrorKind::BadInput,
                std::string(what) + " must be " + std::to_string(batch) + " integers, one for each image", name);
  }
  if (batch > 0 && !((classes >= 0) & (classes < classCount)).all().item<bool>()) {
    throw Error(ErrorKind::BadInput, std::string(what) + " must be classes 0 to " + std::to_string(classCount - 1),
                name);
  }
}

void checkTargets(const std::string& name, const AttackRequest& request, int classCount, bool targeted) {
  if (!targeted) {
    if (request.targets.defined()) {
      throw Error(ErrorKind::Usage, "targets are given, but the attack is not targeted", name, "set targeted");
    }
    return;
  }
  if (!request.targets.defined()) throw Error(ErrorKind::Usage, "a targeted attack needs a target class", name);
  checkClasses(name, "targets", request.targets, request.images.size(0), classCount);
  if ((request.targets == request.labels).any().item<bool>()) {
    throw Error(ErrorKind::Usage, "the target is the image's own class", name, "choose another class");
  }
}

void checkOptional(const std::string& name, const AttackRequest& request) {
  if (request.start.defined() && request.start.sizes() != request.images.sizes()) {
    throw Error(ErrorKind::BadInput, "there must be as many starting points as images, of the same shape", name);
  }
  const std::int64_t batch = request.images.size(0);
  for (const torch::Tensor& values : {request.constants, request.detector.weights}) {
    if (!values.defined()) continue;
    if (values.dim() != 1 || values.size(0) != batch || !((values >= 0) & values.isfinite()).all().item<bool>()) {
      throw Error(ErrorKind::BadInput, "a weight for each image must be a finite number of 0 or more", name);
    }
  }
}

}  // namespace

void checkRequest(const std::string& name, const Classifier& classifier, const AttackRequest& request, bool targeted) {
  checkImages(name, classifier, request.images);
  const std::int64_t batch = request.images.size(0);
  checkClasses(name, "labels", request.labels, batch, classifier.classCount());
  checkTargets(name, request, classifier.classCount(), targeted);
  if (!request.indices.empty() && static_cast<std::int64_t>(request.indices.size()) != batch) {
    throw Error(ErrorKind::BadInput,
                std::to_string(request.indices.size()) + " indices for " + std::to_string(batch) + " images", name);
  }
  checkOptional(name, request);
  const bool adaptive = request.threatModel == ThreatModel::AdaptiveWhiteBox;
  if (request.detector && !adaptive) {
    throw Error(ErrorKind::Usage,
                "a " + threatModelName(request.threatModel) + " attacker sees nothing of the detector", name,
                "ask for the threat model " + threatModelName(ThreatModel::AdaptiveWhiteBox));
  }
  if (adaptive && !request.detector) {
    throw Error(ErrorKind::Usage, "an adaptive attack needs a detector with gradients to adapt to", name,
                "choose a model with fingerprints, or the threat model " + threatModelName(ThreatModel::GreyBox));
  }
}

void checkGradients(const std::string& name, const Classifier& classifier, const AttackRequest& request) {
  if (request.threatModel == ThreatModel::BlackBox) {
    throw Error(ErrorKind::Usage, "a black-box attacker has no gradients, which this attack needs", name,
                "ask for the threat model " + threatModelName(ThreatModel::GreyBox));
  }
  if (!classifier.differentiable()) {
    throw Error(ErrorKind::BadInput, "the model gives no gradients, which this attack needs", name,
                "choose a black-box attack or a model with gradients");
  }
}

AttackAims aimsOf(const AttackRequest& request) {
  AttackAims aims{request.labels, request.targets, {}};
  if (!request.detector) return aims;
  const auto options = request.labels.options().dtype(torch::kFloat64);
  aims.weights = request.detector.weights.defined()
                     ? request.detector.weights.to(options)
                     : torch::full({request.labels.size(0)}, request.detector.weight, options);
  return aims;
}

AttackObjective requestedObjective(const AttackRequest& request, const std::string& loss) {
  return makeObjective(loss, request.detector);
}

std::int64_t backwardsOf(const AttackObjective& objective, std::int64_t forwards) {
  return objective.detector() && objective.detector().rule != DetectorTerm::Rule::Sum ? 2 * forwards : forwards;
}

torch::Tensor fooled(const torch::Tensor& logits, const AttackAims& aims) {
  const torch::Tensor predictions = logits.argmax(1);
  return (aims.targeted() ? predictions == aims.targets : predictions != aims.labels) & logits.isfinite().all(1);
}

std::vector<std::uint64_t> seedsAt(const AttackRequest& request, const torch::Tensor& rows, std::int64_t restart,
                                   std::int64_t step) {
  const torch::Tensor places = rows.to(torch::kCPU).contiguous();
  std::vector<std::uint64_t> seeds;
  seeds.reserve(static_cast<std::size_t>(places.size(0)));
  for (std::int64_t k = 0; k < places.size(0); ++k) {
    const auto place = places.const_data_ptr<std::int64_t>()[k];
    const std::int64_t index = request.indices.empty() ? place : request.indices[static_cast<std::size_t>(place)];
    seeds.push_back(mixSeed(request.seed, static_cast<std::uint64_t>(index), static_cast<std::uint64_t>(restart),
                            static_cast<std::uint64_t>(step)));
  }
  return seeds;
}

void addGradientNotes(AttackOutcome& outcome, const torch::Tensor& vanished) {
  const auto count = [](const torch::Tensor& flags) { return flags.sum().item<std::int64_t>(); };
  const std::string of = " of " + std::to_string(outcome.success.size(0)) + " images";
  if (const std::int64_t bad = count(outcome.nonfinite); bad > 0) {
    outcome.notes.push_back("the loss or its gradient was NaN or infinite for " + std::to_string(bad) + of +
                            ": such steps were left out, so failures there say nothing about robustness");
  }
  if (!vanished.defined()) return;
  outcome.vanished = vanished;
  if (const std::int64_t stuck = count(vanished & outcome.success.logical_not()); stuck > 0) {
    outcome.notes.push_back("the gradient vanished for " + std::to_string(stuck) + of +
                            " that were not fooled: this is no robustness; try loss = margin or another attack");
  }
}

TraceRecorder::TraceRecorder(const AttackRequest& request, AttackOutcome& outcome)
    : m_request(request),
      m_outcome(outcome),
      m_active((request.trace || request.onStep) && request.images.size(0) > 0) {}

void TraceRecorder::record(const torch::Tensor& loss, const torch::Tensor& logits, const torch::Tensor& image,
                           const torch::Tensor& score) {
  if (!m_active) return;
  const torch::Tensor delta = (image - m_request.images.narrow(0, 0, 1)).to(torch::kFloat64);
  AttackTraceStep step;
  step.step = m_step++;
  step.loss = loss.item<double>();
  step.margin = margins(logits, m_request.labels.narrow(0, 0, 1)).item<double>();
  step.l2 = delta.norm().item<double>();
  step.linf = delta.abs().max().item<double>();
  step.score = score.defined() ? score.item<double>() : std::numeric_limits<double>::quiet_NaN();
  step.image = image[0].to(torch::kCPU).clone(at::MemoryFormat::Contiguous);
  if (m_request.onStep) m_request.onStep(step);
  if (m_request.trace) m_outcome.trace.push_back(std::move(step));
}

}  // namespace whorl
