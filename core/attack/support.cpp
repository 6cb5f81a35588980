// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/attack/support.h"

#include <sstream>

#include "core/base/error.h"

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
  const bool adaptive = request.threatModel == ThreatModel::AdaptiveWhiteBox;
  if (request.detectorScore && !adaptive) {
    throw Error(ErrorKind::Usage,
                "a " + threatModelName(request.threatModel) + " attacker sees nothing of the detector", name,
                "ask for the threat model " + threatModelName(ThreatModel::AdaptiveWhiteBox));
  }
  if (adaptive && !request.detectorScore) {
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

std::unique_ptr<AttackObjective> requestedObjective(const AttackRequest& request, const std::string& loss,
                                                    bool targeted) {
  auto objective = makeObjective(loss, targeted);
  if (!request.detectorScore) return objective;
  return withDetector(std::move(objective), request.detectorScore, request.detectorWeight);
}

torch::Tensor fooled(const torch::Tensor& logits, const torch::Tensor& classes, bool targeted) {
  const torch::Tensor predictions = logits.argmax(1);
  return (targeted ? predictions == classes : predictions != classes) & logits.isfinite().all(1);
}

TraceRecorder::TraceRecorder(const AttackRequest& request, AttackOutcome& outcome)
    : m_request(request),
      m_outcome(outcome),
      m_active((request.trace || request.onStep) && request.images.size(0) > 0) {}

void TraceRecorder::record(const torch::Tensor& loss, const torch::Tensor& logits, const torch::Tensor& image) {
  if (!m_active) return;
  const torch::Tensor delta = (image - m_request.images.narrow(0, 0, 1)).to(torch::kFloat64);
  AttackTraceStep step;
  step.step = m_step++;
  step.loss = loss.item<double>();
  step.margin = margins(logits, m_request.labels.narrow(0, 0, 1)).item<double>();
  step.l2 = delta.norm().item<double>();
  step.linf = delta.abs().max().item<double>();
  step.image = image[0].to(torch::kCPU).clone(at::MemoryFormat::Contiguous);
  if (m_request.onStep) m_request.onStep(step);
  if (m_request.trace) m_outcome.trace.push_back(std::move(step));
}

}  // namespace whorl
