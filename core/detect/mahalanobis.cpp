// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/mahalanobis.h"

#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/stack.h>

#include "core/base/error.h"
#include "core/detect/distances.h"

namespace whorl {
namespace {

using torch::Tensor;

/// Variances below this share of the largest are rounding.
constexpr double kSmallestVariance = 1e-10;

class MahalanobisStatistic : public Statistic {
 public:
  explicit MahalanobisStatistic(const Model& model)
      : m_network(networkOf(model, "the Mahalanobis distance")), m_name(model.name) {}

  bool needsTraining() const override { return true; }

  void fit(const DetectorFitData& data, const JobContext& context) override {
    const Tensor features = featuresOf(*m_network, data.trainImages, "learning class means", context);
    std::vector<Tensor> means;
    for (std::int64_t c = 0; c < m_network->classCount(); ++c) {
      const Tensor rows = (data.trainLabels == c).nonzero().squeeze(1);
      if (rows.size(0) == 0) {
        throw Error(ErrorKind::BadInput, "class " + std::to_string(c) + " has no training image: it has no mean",
                    m_name, "give training images of all classes");
      }
      means.push_back(features.index_select(0, rows).mean(0));
    }
    const Tensor centres = at::stack(means);
    const Tensor centred = features - centres.index_select(0, data.trainLabels);
    const Tensor covariance = centred.t().mm(centred) / static_cast<double>(features.size(0));
    const auto [variances, directions] = at::linalg_eigh(covariance);
    const double largest = variances.max().item<double>();
    if (!(largest > 0)) {
      throw Error(ErrorKind::BadInput, "the last hidden layer is the same for all images of a class", m_name,
                  "give more training images");
    }
    const Tensor kept = (variances > kSmallestVariance * largest).nonzero().squeeze(1);
    take(centres, directions.index_select(1, kept) / variances.index_select(0, kept).sqrt());
  }

  Tensor values(const Tensor& images, const Tensor&) const override {
    const Tensor features = m_network->features(images).to(torch::kFloat64);
    return squaredDistances(features.mm(m_whitening), m_whitenedMeans).amin(1, /*keepdim=*/true);
  }

  std::map<std::string, Tensor> state() const override {
    if (!m_means.defined()) return {};
    return {{"means", m_means.to(torch::kCPU)}, {"whitening", m_whitening.to(torch::kCPU).contiguous()}};
  }

  void setState(const std::map<std::string, Tensor>& state, const std::string& where) override {
    checkStateNames(state, {"means", "whitening"}, where);
    const Network& network = m_network->network();
    const std::int64_t features = network.parameters()[network.parameters().size() - 2].second.size(1);
    const Tensor means = stateTensor(state, "means", {m_network->classCount(), features}, where);
    take(means, stateTensor(state, "whitening", {features, -1}, where));
  }

 private:
  void take(const Tensor& means, const Tensor& whitening) {
    m_means = means.to(m_network->device());
    m_whitening = whitening.to(m_network->device());
    m_whitenedMeans = m_means.mm(m_whitening);
  }

  std::shared_ptr<const NetworkClassifier> m_network;
  std::string m_name;
  Tensor m_means;      ///< [K,F]
  Tensor m_whitening;  ///< [F,R]: whitened features are uncorrelated, with variance 1
  Tensor m_whitenedMeans;
};

}  // namespace

StatisticEntry mahalanobisStatistic() {
  return {"mahalanobis", {}, [](const Model& model, const Parameters&) {
            return std::unique_ptr<Statistic>(std::make_unique<MahalanobisStatistic>(model));
          }};
}

}  // namespace whorl
