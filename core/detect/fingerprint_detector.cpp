// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/fingerprint_detector.h"

#include <utility>

#include "core/base/error.h"

namespace whorl {
namespace {

const OperationSpec& fingerprintSpec() {
  static const OperationSpec spec = {
      "fingerprint",
      "Neural Fingerprinting",
      "How far the network's answers to secret small changes of the image are from those it was trained for.",
      "Dathathri, Zheng, Murray, Yue 2018, \"Detecting Adversarial Examples via Neural Fingerprinting\"",
      {acceptanceParameter()}};
  return spec;
}

class FingerprintDetector : public Detector {
 public:
  FingerprintDetector(const Model& model, Parameters parameters)
      : Detector(fingerprintSpec(), std::move(parameters)),
        m_classifier(model.classifier),
        m_score(fingerprintScoreOf(model, acceptanceOf(this->parameters()))) {}

  std::int64_t copies() const override { return m_score->fingerprints().count() + 1; }

  torch::Tensor scores(const torch::Tensor& images, const torch::Tensor&) const override {
    const torch::NoGradGuard noGrad;
    return m_score->score(*m_classifier, images);
  }

  std::shared_ptr<const DifferentiableScore> differentiableScore() const override {
    return m_classifier->differentiable() ? m_score : nullptr;
  }

 private:
  std::shared_ptr<const Classifier> m_classifier;
  std::shared_ptr<const FingerprintScore> m_score;
};

}  // namespace

ParameterSpec acceptanceParameter() {
  return ParameterSpec::choice("acceptance", "any_class", {"any_class", "predicted_class"},
                               "Whose fingerprint must match: any class (published) or the predicted one (stricter)");
}

FingerprintScore::Acceptance acceptanceOf(const Parameters& parameters) {
  return parameters.text("acceptance") == "predicted_class" ? FingerprintScore::Acceptance::PredictedClass
                                                            : FingerprintScore::Acceptance::AnyClass;
}

std::shared_ptr<const FingerprintScore> fingerprintScoreOf(const Model& model,
                                                           FingerprintScore::Acceptance acceptance) {
  if (!model.fingerprintDx || !model.fingerprintDy) {
    throw Error(ErrorKind::BadInput, "the model has no fingerprints", model.name,
                "train one with the objective \"fingerprint\"");
  }
  const Fingerprints fingerprints = Fingerprints{*model.fingerprintDx, *model.fingerprintDy}.to(
      model.classifier->device(), model.classifier->dtype());
  return std::make_shared<FingerprintScore>(fingerprints, acceptance);
}

DetectorEntry fingerprintDetectorEntry() {
  return {&fingerprintSpec(), [](std::span<const Model> models, const Parameters& parameters) {
            return std::unique_ptr<Detector>(std::make_unique<FingerprintDetector>(models.front(), parameters));
          }};
}

}  // namespace whorl
