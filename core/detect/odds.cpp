// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/odds.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

using torch::Tensor;

constexpr std::int64_t kFitBatch = 100;
constexpr std::int64_t kCopiesPerForward = 2000;
/// A pair of classes whose odds the noise never moves tells nothing; it must not divide by 0.
constexpr double kSmallestDeviation = 1e-12;

Tensor noiseOf(const Parameters& parameters, const ImageShape& shape) {
  Tensor noise =
      at::empty({parameters.integer("odds_draws"), shape.channels, shape.height, shape.width}, torch::kFloat64);
  Random random(mixSeed(0, "odds"));
  const double sigma = parameters.real("odds_sigma");
  const bool gaussian = parameters.text("odds_noise") == "gaussian";
  double* values = noise.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < noise.numel(); ++i) {
    // Both have the standard deviation sigma.
    values[i] = sigma * (gaussian ? random.normal() : random.uniform(-1, 1) * std::sqrt(3.0));
  }
  return noise;
}

class OddsStatistic : public Statistic {
 public:
  OddsStatistic(const Model& model, const Parameters& parameters)
      : m_classifier(model.classifier),
        m_name(model.name),
        m_noise(noiseOf(parameters, model.classifier->inputShape())
                    .to(model.classifier->device(), model.classifier->dtype())),
        m_fitImages(parameters.integer("odds_images")),
        m_pairFpr(parameters.real("odds_pair_fpr")) {}

  bool needsTraining() const override { return true; }

  void fit(const DetectorFitData& data, const JobContext& context) override {
    const torch::NoGradGuard noGradients;
    const std::int64_t available = data.trainImages.size(0);
    const std::int64_t count = std::min(available, m_fitImages);
    const Tensor rows = (at::arange(count, torch::kInt64) * available).floor_divide(count);
    const Tensor images = data.trainImages.index_select(0, rows);
    const std::int64_t classes = m_classifier->classCount();
    const auto options = torch::TensorOptions(torch::kFloat64).device(m_classifier->device());
    Tensor counts = at::zeros({classes, 1}, options);
    Tensor sums = at::zeros({classes, classes}, options);
    Tensor squares = at::zeros({classes, classes}, options);
    std::vector<Change> changes;
    for (const ImageBatch& batch : batchesOf(count, kFitBatch, 0)) {
      context.step();
      const Change change = changeOf(rowsFor(*m_classifier, images, batch.first, batch.count));
      counts.index_add_(0, change.predicted, at::ones({batch.count, 1}, options));
      sums.index_add_(0, change.predicted, change.mean);
      squares.index_add_(0, change.predicted, change.meanSquare);
      if (m_pairFpr > 0) changes.push_back(change);
      context.report({batch.first + batch.count, count, "learning how noise moves the odds", {}});
    }
    if ((counts == 0).any().item<bool>()) {
      throw Error(ErrorKind::BadInput,
                  "no training image is predicted as class " +
                      std::to_string((counts == 0).nonzero()[0][0].item<std::int64_t>()),
                  m_name, "give more training images, or raise odds_images");
    }
    const Tensor means = sums / counts;
    const Tensor deviations = (squares / counts - means.square()).clamp_min(0).sqrt().clamp_min(kSmallestDeviation);
    if (!at::isfinite(deviations).all().item<bool>()) {
      throw Error(ErrorKind::BadInput, "the model's logits are NaN or infinite for a training image", m_name);
    }
    m_means = means;
    m_deviations = deviations;
    m_thresholds = m_pairFpr > 0 ? pairThresholds(changes) : Tensor();
  }

  Tensor values(const Tensor& images, const Tensor&) const override {
    const Change change = changeOf(images);
    Tensor z = standardised(change);
    if (m_thresholds.defined()) z -= m_thresholds.index_select(0, change.predicted);
    const Tensor others = z.scatter(1, change.predicted.unsqueeze(1), -std::numeric_limits<double>::infinity());
    return others.amax(1, /*keepdim=*/true);
  }

  std::map<std::string, Tensor> state() const override {
    if (!m_means.defined()) return {};
    std::map<std::string, Tensor> made = {{"means", m_means.to(torch::kCPU)},
                                          {"deviations", m_deviations.to(torch::kCPU)}};
    if (m_thresholds.defined()) made["thresholds"] = m_thresholds.to(torch::kCPU);
    return made;
  }

  void setState(const std::map<std::string, Tensor>& state, const std::string& where) override {
    std::vector<std::string> names = {"means", "deviations"};
    if (m_pairFpr > 0) names.emplace_back("thresholds");
    checkStateNames(state, names, where);
    const std::int64_t classes = m_classifier->classCount();
    const Tensor means = stateTensor(state, "means", {classes, classes}, where);
    const Tensor deviations = stateTensor(state, "deviations", {classes, classes}, where);
    if ((deviations <= 0).any().item<bool>()) throw Error(ErrorKind::BadInput, "a deviation is not positive", where);
    if (m_pairFpr > 0) {
      m_thresholds = stateTensor(state, "thresholds", {classes, classes}, where).to(m_classifier->device());
    }
    m_means = means.to(m_classifier->device());
    m_deviations = deviations.to(m_classifier->device());
  }

 private:
  struct Change {
    Tensor predicted;   ///< [B]
    Tensor mean;        ///< [B,K] of g over the noise
    Tensor meanSquare;  ///< [B,K]
  };

  /// (ḡ_yz − μ_yz) / σ_yz, [B,K].
  Tensor standardised(const Change& change) const {
    return (change.mean - m_means.index_select(0, change.predicted)) / m_deviations.index_select(0, change.predicted);
  }

  /// [K,K]: the smallest τ_yz that at most the wanted share of the training images predicted as y exceed.
  Tensor pairThresholds(const std::vector<Change>& changes) const {
    std::vector<Tensor> predicted, scores;
    for (const Change& change : changes) {
      predicted.push_back(change.predicted);
      scores.push_back(standardised(change));
    }
    const Tensor classOf = at::cat(predicted);
    const Tensor all = at::cat(scores);
    Tensor thresholds = at::zeros_like(m_means);
    for (std::int64_t y = 0; y < thresholds.size(0); ++y) {
      const Tensor sorted = std::get<0>(all.index_select(0, (classOf == y).nonzero().squeeze(1)).sort(0));
      const auto count = static_cast<double>(sorted.size(0));
      thresholds[y] = sorted[sorted.size(0) - 1 - static_cast<std::int64_t>(m_pairFpr * count)];
    }
    return thresholds;
  }

  /// (h_z − h_y) of logits [B,K].
  static Tensor oddsOf(const Tensor& logits, const Tensor& predicted) {
    return logits.to(torch::kFloat64) - logits.to(torch::kFloat64).gather(1, predicted.unsqueeze(1));
  }

  Change changeOf(const Tensor& images) const {
    const Tensor logits = m_classifier->logits(images);
    const Tensor predicted = logits.argmax(1);
    const Tensor before = oddsOf(logits, predicted);
    Tensor sum = at::zeros_like(before);
    Tensor squares = at::zeros_like(before);
    const std::int64_t batch = images.size(0);
    const std::int64_t draws = m_noise.size(0);
    const std::int64_t together =
        std::clamp<std::int64_t>(kCopiesPerForward / std::max<std::int64_t>(1, batch), 1, draws);
    for (std::int64_t first = 0; first < draws; first += together) {
      const std::int64_t count = std::min(together, draws - first);
      const Tensor copies = (images.unsqueeze(0) + m_noise.narrow(0, first, count).unsqueeze(1)).flatten(0, 1);
      const Tensor after = oddsOf(m_classifier->logits(copies), predicted.repeat({count}));
      const Tensor change = after.view({count, batch, before.size(1)}) - before;
      sum += change.sum(0);
      squares += change.square().sum(0);
    }
    return {predicted, sum / static_cast<double>(draws), squares / static_cast<double>(draws)};
  }

  std::shared_ptr<const Classifier> m_classifier;
  std::string m_name;
  Tensor m_noise;  ///< [draws,C,H,W]
  std::int64_t m_fitImages;
  double m_pairFpr;
  Tensor m_means;       ///< [K,K]: (predicted, other)
  Tensor m_deviations;  ///< [K,K]
  Tensor m_thresholds;  ///< [K,K]; undefined without thresholds of the pairs' own
};

}  // namespace

StatisticEntry oddsStatistic() {
  return {"odds",
          {ParameterSpec::choice("odds_noise", "gaussian", {"gaussian", "uniform"}, "Law of the noise on an image"),
           ParameterSpec::real("odds_sigma", 0.1, 1e-4, 10, "[0,1]", "Standard deviation of that noise"),
           ParameterSpec::integer("odds_draws", 32, 1, 4096, "", "Noisy copies of an image (published: up to 256)"),
           ParameterSpec::integer("odds_images", 2000, 10, 10000000, "",
                                  "Training images from which the usual change is learned, at most"),
           ParameterSpec::real("odds_pair_fpr", 0, 0, 0.5, "",
                               "False-positive rate of each pair's own threshold (published: 0.01); 0: none")},
          [](const Model& model, const Parameters& parameters) {
            return std::unique_ptr<Statistic>(std::make_unique<OddsStatistic>(model, parameters));
          }};
}

}  // namespace whorl
