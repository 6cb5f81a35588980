// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/fingerprint_detector.h"

#include <utility>

#include "core/base/error.h"
#include "core/fingerprint/fingerprint.h"

namespace whorl {
namespace {

const OperationSpec& fingerprintSpec() {
  static const OperationSpec spec = {
      "fingerprint",
      "Neural Fingerprinting",
      "How far the network's answers to secret small changes of the image are from those it was trained for.",
      "Dathathri, Zheng, Murray, Yue 2018, \"Detecting Adversarial Examples via Neural Fingerprinting\"",
      {ParameterSpec::choice("acceptance", "any_class", {"any_class", "predicted_class"},
                             "Whose fingerprint must match: any class (published) or the predicted one (stricter)")}};
  return spec;
}

class FingerprintDetector : public Detector {
 public:
  FingerprintDetector(std::shared_ptr<const Classifier> classifier, std::shared_ptr<const FingerprintScore> score)
      : m_classifier(std::move(classifier)), m_score(std::move(score)) {}

  const OperationSpec& spec() const override { return fingerprintSpec(); }

  torch::Tensor scores(const torch::Tensor& images) const override {
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

std::unique_ptr<Detector> makeFingerprintDetector(const Model& model, const Parameters& parameters) {
  if (!model.fingerprintDx || !model.fingerprintDy) {
    throw Error(ErrorKind::BadInput, "the model has no fingerprints", model.name,
                "train one with the objective \"fingerprint\"");
  }
  if (!model.classifier) throw Error(ErrorKind::Internal, "the model's weights were not read", model.name);
  const Fingerprints fingerprints = Fingerprints{*model.fingerprintDx, *model.fingerprintDy}.to(
      model.classifier->device(), model.classifier->dtype());
  const auto acceptance = parameters.text("acceptance") == "predicted_class"
                              ? FingerprintScore::Acceptance::PredictedClass
                              : FingerprintScore::Acceptance::AnyClass;
  return std::make_unique<FingerprintDetector>(model.classifier,
                                               std::make_shared<FingerprintScore>(fingerprints, acceptance));
}

}  // namespace

DetectorEntry fingerprintDetectorEntry() { return {&fingerprintSpec(), &makeFingerprintDetector}; }

}  // namespace whorl
