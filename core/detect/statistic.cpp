// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/statistic.h"

#include <algorithm>

#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <c10/core/GradMode.h>

#include "core/base/error.h"
#include "core/detect/confidence.h"
#include "core/detect/dropout_uncertainty.h"
#include "core/detect/fingerprint_detector.h"
#include "core/detect/kernel_density.h"
#include "core/detect/local_dimension.h"
#include "core/detect/mahalanobis.h"
#include "core/detect/odds.h"
#include "core/detect/squeezing.h"

namespace whorl {
namespace {

constexpr std::int64_t kFeatureBatch = 200;

/// The fingerprint distance as one of several numbers.
class FingerprintStatistic : public Statistic {
 public:
  explicit FingerprintStatistic(const Model& model)
      : m_classifier(model.classifier), m_score(fingerprintScoreOf(model, FingerprintScore::Acceptance::AnyClass)) {}

  std::int64_t copies() const override { return m_score->fingerprints().count() + 1; }
  torch::Tensor values(const torch::Tensor& images, const torch::Tensor&) const override {
    return m_score->score(*m_classifier, images).to(torch::kFloat64).unsqueeze(1);
  }

 private:
  std::shared_ptr<const Classifier> m_classifier;
  std::shared_ptr<const FingerprintScore> m_score;
};

StatisticEntry fingerprintStatistic() {
  return {"fingerprint", {}, [](const Model& model, const Parameters&) {
            return std::unique_ptr<Statistic>(std::make_unique<FingerprintStatistic>(model));
          }};
}

}  // namespace

void Statistic::fit(const DetectorFitData&, const JobContext&) {}

void Statistic::setState(const std::map<std::string, torch::Tensor>& state, const std::string& where) {
  checkStateNames(state, {}, where);
}

const std::vector<StatisticEntry>& statistics() {
  static const std::vector<StatisticEntry> table = {
      kernelDensityStatistic(), dropoutUncertaintyStatistic(), localDimensionStatistic(), maxSoftmaxStatistic(),
      energyStatistic(),        logitMarginStatistic(),        mahalanobisStatistic(),    squeezingStatistic(),
      oddsStatistic(),          fingerprintStatistic(),
  };
  return table;
}

const StatisticEntry& findStatistic(const std::string& name) {
  std::string known;
  for (const StatisticEntry& entry : statistics()) {
    if (entry.name == name) return entry;
    known += (known.empty() ? "" : ", ") + entry.name;
  }
  throw Error(ErrorKind::Usage, "there is no statistic \"" + name + "\"", "statistics", "known: " + known);
}

std::shared_ptr<const NetworkClassifier> networkOf(const Model& model, const std::string& what) {
  auto network = std::dynamic_pointer_cast<const NetworkClassifier>(model.classifier);
  if (network) return network;
  throw Error(ErrorKind::BadInput, what + " looks at a network's layers, and those of an imported module can't be seen",
              model.name,
              "import its weights into one of the architectures, or use a detector that needs logits alone");
}

torch::Tensor rowsFor(const Classifier& classifier, const torch::Tensor& images, std::int64_t first,
                      std::int64_t count) {
  const torch::Tensor rows = images.narrow(0, first, count).to(classifier.device());
  if (rows.scalar_type() == torch::kUInt8) return rows.to(torch::kFloat32).div_(255).to(classifier.dtype());
  return rows.to(classifier.dtype());
}

torch::Tensor featuresOf(const NetworkClassifier& classifier, const torch::Tensor& images, const std::string& what,
                         const JobContext& context) {
  const torch::NoGradGuard noGradients;
  std::vector<torch::Tensor> features;
  for (const ImageBatch& batch : batchesOf(images.size(0), kFeatureBatch, 0)) {
    context.step();
    const torch::Tensor rows = rowsFor(classifier, images, batch.first, batch.count);
    features.push_back(classifier.features(rows).to(torch::kCPU, torch::kFloat64));
    context.report({batch.first + batch.count, images.size(0), what, {}});
  }
  torch::Tensor all = at::cat(features);
  if (!at::isfinite(all).all().item<bool>()) {
    throw Error(ErrorKind::BadInput, "the last hidden layer holds NaN or infinity for a training image", what,
                "the model's weights are too large, or its file is damaged");
  }
  return all;
}

torch::Tensor stateTensor(const std::map<std::string, torch::Tensor>& state, const std::string& name,
                          const std::vector<std::int64_t>& sizes, const std::string& where) {
  const auto found = state.find(name);
  if (found == state.end()) throw Error(ErrorKind::BadInput, "the tensor " + name + " is missing", where);
  const torch::Tensor& tensor = found->second;
  bool fits = tensor.dim() == std::ssize(sizes) && tensor.scalar_type() == torch::kFloat64;
  for (std::size_t d = 0; fits && d < sizes.size(); ++d) {
    const std::int64_t size = tensor.size(static_cast<std::int64_t>(d));
    fits = sizes[d] < 0 ? size > 0 : size == sizes[d];
  }
  if (!fits) {
    std::string wanted;
    for (const std::int64_t size : sizes)
      wanted += (wanted.empty() ? "" : ",") + (size < 0 ? "n" : std::to_string(size));
    throw Error(ErrorKind::BadInput, "the tensor " + name + " is not [" + wanted + "] of float64", where,
                "the file is damaged, or from a model of another shape");
  }
  if (!at::isfinite(tensor).all().item<bool>()) {
    throw Error(ErrorKind::BadInput, "the tensor " + name + " holds NaN or infinity", where, "the file is damaged");
  }
  return tensor;
}

void checkStateNames(const std::map<std::string, torch::Tensor>& state, const std::vector<std::string>& names,
                     const std::string& where) {
  for (const auto& entry : state) {
    if (std::find(names.begin(), names.end(), entry.first) == names.end()) {
      throw Error(ErrorKind::BadInput, "the tensor " + entry.first + " doesn't belong to this detector", where);
    }
  }
}

}  // namespace whorl
