// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/kernel_density.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>

#include "core/base/error.h"
#include "core/detect/distances.h"

namespace whorl {
namespace {

using torch::Tensor;

constexpr std::int64_t kTuningPoints = 200;  ///< of a class

Tensor logDensityAt(const Tensor& squared, double count, std::int64_t dimensions, double bandwidth) {
  const double variance = bandwidth * bandwidth;
  return at::logsumexp(squared / (-2 * variance), {1}) - std::log(count) -
         static_cast<double>(dimensions) / 2 * std::log(2 * std::numbers::pi * variance);
}

/// Squared distances of up to kTuningPoints samples to all of their class, infinite to themselves: [Q,n].
Tensor distancesToOthers(const Tensor& samples) {
  const std::int64_t count = samples.size(0);
  const std::int64_t chosen = std::min(count, kTuningPoints);
  const Tensor rows = (at::arange(chosen, torch::kInt64) * count).floor_divide(chosen);
  Tensor squared = squaredDistances(samples.index_select(0, rows), samples);
  squared.scatter_(1, rows.unsqueeze(1), std::numeric_limits<double>::infinity());
  return squared;
}

class KernelDensityStatistic : public Statistic {
 public:
  KernelDensityStatistic(const Model& model, const Parameters& parameters)
      : m_network(networkOf(model, "kernel density")), m_name(model.name), m_wanted(parameters.real("bandwidth")) {}

  bool needsTraining() const override { return true; }

  void fit(const DetectorFitData& data, const JobContext& context) override {
    const Tensor features = featuresOf(*m_network, data.trainImages, "learning densities", context);
    const double bandwidth =
        m_wanted > 0 ? m_wanted : likeliestBandwidth(features, data.trainLabels, m_network->classCount());
    take(features, data.trainLabels, bandwidth, m_name);
  }

  Tensor values(const Tensor& images, const Tensor&) const override {
    const Tensor features = m_network->features(images);
    const Tensor predictions = m_network->network().logitsOf(features).argmax(1);
    Tensor values = at::full({images.size(0), 1}, std::nan(""), features.options().dtype(torch::kFloat64));
    for (std::size_t c = 0; c < m_samples.size(); ++c) {
      const Tensor rows = (predictions == static_cast<std::int64_t>(c)).nonzero().squeeze(1);
      if (rows.size(0) == 0) continue;
      const Tensor density = logDensity(features.index_select(0, rows), m_samples[c], m_bandwidth);
      values.index_put_({rows}, density.neg().unsqueeze(1));
    }
    return values;
  }

  std::map<std::string, Tensor> state() const override {
    if (m_samples.empty()) return {};
    std::vector<Tensor> labels;
    for (std::size_t c = 0; c < m_samples.size(); ++c) {
      labels.push_back(at::full({m_samples[c].size(0)}, static_cast<double>(c), torch::kFloat64));
    }
    return {{"features", at::cat(m_samples).to(torch::kCPU)},
            {"labels", at::cat(labels)},
            {"bandwidth", at::full({1}, m_bandwidth, torch::kFloat64)}};
  }

  void setState(const std::map<std::string, Tensor>& state, const std::string& where) override {
    checkStateNames(state, {"features", "labels", "bandwidth"}, where);
    const Tensor features = stateTensor(state, "features", {-1, featureCount()}, where);
    const Tensor labels = stateTensor(state, "labels", {features.size(0)}, where);
    const double bandwidth = stateTensor(state, "bandwidth", {1}, where).item<double>();
    if (!(bandwidth > 0)) throw Error(ErrorKind::BadInput, "the bandwidth is not positive", where);
    take(features, labels.to(torch::kInt64), bandwidth, where);
  }

 private:
  std::int64_t featureCount() const {
    return m_network->network().parameters()[m_network->network().parameters().size() - 2].second.size(1);
  }

  void take(const Tensor& features, const Tensor& labels, double bandwidth, const std::string& where) {
    std::vector<Tensor> samples;
    for (std::int64_t c = 0; c < m_network->classCount(); ++c) {
      samples.push_back(features.index_select(0, (labels == c).nonzero().squeeze(1)).to(m_network->device()));
      if (samples.back().size(0) == 0) {
        throw Error(ErrorKind::BadInput, "class " + std::to_string(c) + " has no training image: it has no density",
                    where, "give training images of all classes");
      }
    }
    m_samples = std::move(samples);
    m_bandwidth = bandwidth;
  }

  std::shared_ptr<const NetworkClassifier> m_network;
  std::string m_name;
  double m_wanted;
  std::vector<Tensor> m_samples;  ///< of each class [n,d] float64
  double m_bandwidth = 0;
};

}  // namespace

Tensor logDensity(const Tensor& points, const Tensor& samples, double bandwidth) {
  return logDensityAt(squaredDistances(points, samples), static_cast<double>(samples.size(0)), samples.size(1),
                      bandwidth);
}

double likeliestBandwidth(const Tensor& samples, const Tensor& labels, std::int64_t classes) {
  std::vector<Tensor> distances;
  std::vector<Tensor> nearest;
  for (std::int64_t c = 0; c < classes; ++c) {
    const Tensor own = samples.index_select(0, (labels == c).nonzero().squeeze(1));
    if (own.size(0) < 2) continue;
    distances.push_back(distancesToOthers(own));
    const Tensor closest = distances.back().amin(1);
    nearest.push_back(closest.masked_select(closest > 0));
  }
  const Tensor positive = nearest.empty() ? samples.new_empty({0}) : at::cat(nearest);
  if (positive.size(0) == 0) {
    throw Error(ErrorKind::BadInput, "no class has two training images that differ", "bandwidth",
                "give more training images, or a bandwidth");
  }
  // Between a part of the distance to the nearest and the spread of a whole class.
  const auto dimensions = static_cast<double>(samples.size(1));
  const double smallest = std::sqrt(positive.median().item<double>() / dimensions) / 4;
  double spread = 0;
  for (const Tensor& squared : distances) spread = std::max(spread, squared.nan_to_num(0, 0).mean().item<double>());
  const double largest = std::max(8 * smallest, std::sqrt(spread / dimensions));
  double best = smallest;
  double bestLikelihood = -std::numeric_limits<double>::infinity();
  for (double bandwidth = smallest; bandwidth <= largest * 1.0001; bandwidth *= std::pow(2.0, 0.25)) {
    double sum = 0;
    std::int64_t count = 0;
    for (const Tensor& squared : distances) {
      const auto others = static_cast<double>(squared.size(1) - 1);
      sum += logDensityAt(squared, others, samples.size(1), bandwidth).sum().item<double>();
      count += squared.size(0);
    }
    const double likelihood = sum / static_cast<double>(count);
    if (likelihood > bestLikelihood) {
      bestLikelihood = likelihood;
      best = bandwidth;
    }
  }
  return best;
}

StatisticEntry kernelDensityStatistic() {
  return {"kd",
          {ParameterSpec::real("bandwidth", 0, 0, 1e6, "",
                               "Standard deviation of the kernel; 0: the one that makes training images likeliest "
                               "(published: 1.20 for MNIST, 0.26 for CIFAR-10)")},
          [](const Model& model, const Parameters& parameters) {
            return std::unique_ptr<Statistic>(std::make_unique<KernelDensityStatistic>(model, parameters));
          }};
}

}  // namespace whorl
