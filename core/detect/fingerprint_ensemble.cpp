// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/fingerprint_ensemble.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/detect/fingerprint_detector.h"

namespace whorl {
namespace {

const OperationSpec& ensembleSpec() {
  static const OperationSpec spec = {"fingerprint-ensemble",
                                     "Neural Fingerprinting, several models",
                                     "The fingerprint distances of several models with secrets of their own, averaged.",
                                     "Dathathri, Zheng, Murray, Yue 2018, authors' code, branch ensemble_NFP",
                                     {acceptanceParameter()}};
  return spec;
}

struct Member {
  std::shared_ptr<const Classifier> classifier;
  std::shared_ptr<const FingerprintScore> score;
};

class EnsembleScore : public DifferentiableScore {
 public:
  explicit EnsembleScore(std::vector<Member> members) : m_members(std::move(members)) {}

  /// `classifier` stands for the watched model: an attack may hand over a counting or a faster one.
  Value scored(const Classifier& classifier, const torch::Tensor& images, const torch::Tensor& classes) const override {
    FingerprintOutput output = m_members.front().score->evaluate(classifier, images);
    for (std::size_t k = 1; k < m_members.size(); ++k) {
      const Member& member = m_members[k];
      const torch::Tensor theirs = images.to(member.classifier->device(), member.classifier->dtype());
      const torch::Tensor distances = member.score->evaluate(*member.classifier, theirs).distances;
      output.distances = output.distances + distances.to(output.distances.device(), output.distances.scalar_type());
    }
    output.distances = output.distances / static_cast<double>(m_members.size());
    if (classes.defined()) return {output.distances.gather(1, classes.unsqueeze(1)).squeeze(1), output.logits};
    return {m_members.front().score->scoreOf(output), output.logits};
  }

  const std::vector<Member>& members() const { return m_members; }

 private:
  std::vector<Member> m_members;
};

class FingerprintEnsembleDetector : public Detector {
 public:
  FingerprintEnsembleDetector(std::vector<Member> members, Parameters parameters)
      : Detector(ensembleSpec(), std::move(parameters)), m_score(std::make_shared<EnsembleScore>(std::move(members))) {}

  std::int64_t copies() const override {
    std::int64_t most = 0;
    for (const Member& member : m_score->members()) most = std::max(most, member.score->fingerprints().count() + 1);
    return most;
  }

  torch::Tensor scores(const torch::Tensor& images, const torch::Tensor&) const override {
    const torch::NoGradGuard noGrad;
    return m_score->score(*m_score->members().front().classifier, images);
  }

  std::shared_ptr<const DifferentiableScore> differentiableScore() const override {
    const auto& members = m_score->members();
    const bool all = std::all_of(members.begin(), members.end(),
                                 [](const Member& member) { return member.classifier->differentiable(); });
    return all ? m_score : nullptr;
  }

 private:
  std::shared_ptr<const EnsembleScore> m_score;
};

std::unique_ptr<Detector> makeEnsemble(std::span<const Model> models, const Parameters& parameters) {
  if (models.size() < 2) {
    throw Error(ErrorKind::Usage, "an ensemble needs a second fingerprinted model", "companions",
                "name one, or use the detector \"fingerprint\"");
  }
  const Model& watched = models.front();
  std::vector<Member> members;
  for (const Model& model : models) {
    if (!(model.input == watched.input) || model.classifier->classCount() != watched.classifier->classCount()) {
      throw Error(ErrorKind::BadInput, "it doesn't take the images and classes of " + watched.name, model.name,
                  "all models of an ensemble are for one data set");
    }
    members.push_back({model.classifier, fingerprintScoreOf(model, acceptanceOf(parameters))});
  }
  return std::make_unique<FingerprintEnsembleDetector>(std::move(members), parameters);
}

}  // namespace

DetectorEntry fingerprintEnsembleEntry() { return {&ensembleSpec(), &makeEnsemble, /*companions=*/true}; }

}  // namespace whorl
