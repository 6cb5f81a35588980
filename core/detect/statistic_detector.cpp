// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/statistic_detector.h"

#include <algorithm>
#include <set>
#include <utility>

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include "core/base/error.h"
#include "core/detect/logistic.h"
#include "core/detect/statistic.h"
#include "core/detect/statistic_lines.h"
#include "core/detect/text_list.h"

namespace whorl {
namespace {

using torch::Tensor;

constexpr std::int64_t kFitBatch = 100;

struct NamedStatistic {
  std::string name;
  std::unique_ptr<Statistic> statistic;
};

std::vector<NamedStatistic> madeFor(const std::vector<std::string>& names, const Model& model,
                                    const Parameters& parameters) {
  std::vector<NamedStatistic> made;
  std::set<std::string> seen;
  for (const std::string& name : names) {
    const StatisticEntry& entry = findStatistic(name);
    if (!seen.insert(name).second) throw Error(ErrorKind::Usage, name + " is named twice", "statistics");
    made.push_back({name, entry.make(model, parameters)});
  }
  if (made.empty()) throw Error(ErrorKind::Usage, "no statistic is named", "statistics", "such as kd,bu");
  return made;
}

void checkImages(const Tensor& images, const ImageShape& shape, const char* what) {
  const bool fits = images.defined() && images.dim() == 4 && images.size(0) > 0 && images.size(1) == shape.channels &&
                    images.size(2) == shape.height && images.size(3) == shape.width;
  if (fits) return;
  throw Error(ErrorKind::Usage, std::string(what) + " are missing, or aren't " + toText(shape), "fit");
}

class StatisticDetector : public Detector {
 public:
  StatisticDetector(const StatisticLine& line, const Model& model, Parameters parameters)
      : Detector(line.spec, std::move(parameters)),
        m_classifier(model.classifier),
        m_statistics(madeFor(line.statisticsOf(this->parameters()), model, this->parameters())),
        m_logistic(line.isLogistic(this->parameters())),
        m_scaling(line.scalingOf(this->parameters())) {}

  DetectorNeeds needs() const override {
    DetectorNeeds needs;
    needs.attackedImages = m_logistic;
    for (const auto& [name, statistic] : m_statistics) {
      needs.trainingImages |= statistic->needsTraining();
      needs.twins |= statistic->needsTwins();
    }
    return needs;
  }

  std::int64_t minibatch() const override {
    std::int64_t images = 0;
    for (const auto& [name, statistic] : m_statistics) images = std::max(images, statistic->minibatch());
    return images;
  }

  std::int64_t copies() const override {
    std::int64_t most = 1;
    for (const auto& [name, statistic] : m_statistics) most = std::max(most, statistic->copies());
    return most;
  }

  std::int64_t fewestImages() const override {
    std::int64_t most = 1;
    for (const auto& [name, statistic] : m_statistics) most = std::max(most, statistic->fewestImages());
    return most;
  }

  void fit(const DetectorFitData& data, const JobContext& context) override {
    const torch::NoGradGuard noGradients;
    check(data);
    m_fitted = false;
    for (const auto& [name, statistic] : m_statistics) statistic->fit(data, context);
    if (m_logistic) fitLogisticTo(data, context);
    m_fitted = true;
  }

  bool fitted() const override { return m_fitted || (!needs().trainingImages && !needs().attackedImages); }

  Tensor scores(const Tensor& images, const Tensor& twins) const override {
    const torch::NoGradGuard noGradients;
    if (!fitted()) {
      throw Error(ErrorKind::Usage, "the detector isn't fitted", spec().name, "fit it, or load a fitted one");
    }
    if (needs().twins && !twins.defined()) {
      throw Error(ErrorKind::Usage, "the clean images of the same minibatch are needed", spec().name,
                  "give them as twins, or use reference=fit");
    }
    const Tensor values = valuesOf(images, twins);
    return m_logistic ? decision(m_regression, m_columns(values)) : values.select(1, 0);
  }

  std::shared_ptr<const DifferentiableScore> differentiableScore() const override {
    return m_logistic ? nullptr : m_statistics.front().statistic->differentiableScore();
  }

  std::map<std::string, Tensor> state() const override {
    std::map<std::string, Tensor> all;
    for (const auto& [name, statistic] : m_statistics) {
      const std::string prefix = name + ".";
      for (const auto& [part, tensor] : statistic->state()) all[prefix + part] = tensor;
    }
    if (!m_logistic || !m_fitted) return all;
    all["logistic.weights"] = m_regression.weights;
    all["logistic.intercept"] = at::full({1}, m_regression.intercept, torch::kFloat64);
    all["logistic.c"] = at::full({1}, m_regression.c, torch::kFloat64);
    all["scaling.offset"] = m_columns.offset;
    all["scaling.scale"] = m_columns.scale;
    return all;
  }

  void setState(const std::map<std::string, Tensor>& state, const std::string& where) override {
    std::map<std::string, Tensor> rest = state;
    for (const auto& [name, statistic] : m_statistics) statistic->setState(taken(rest, name + "."), where);
    if (m_logistic) {
      const auto regression = taken(rest, "logistic.");
      const auto scaling = taken(rest, "scaling.");
      checkStateNames(regression, {"weights", "intercept", "c"}, where);
      checkStateNames(scaling, {"offset", "scale"}, where);
      const std::int64_t columns = columnCount();
      m_regression = {stateTensor(regression, "weights", {columns}, where),
                      stateTensor(regression, "intercept", {1}, where).item<double>(),
                      stateTensor(regression, "c", {1}, where).item<double>()};
      m_columns = {stateTensor(scaling, "offset", {columns}, where), stateTensor(scaling, "scale", {columns}, where)};
      if ((m_columns.scale <= 0).any().item<bool>()) {
        throw Error(ErrorKind::BadInput, "a column's scale is not positive", where);
      }
    }
    checkStateNames(rest, {}, where);
    m_fitted = true;
  }

 private:
  /// The entries that begin with `prefix`, without it; they leave `state`.
  static std::map<std::string, Tensor> taken(std::map<std::string, Tensor>& state, const std::string& prefix) {
    std::map<std::string, Tensor> part;
    for (auto entry = state.begin(); entry != state.end();) {
      if (!entry->first.starts_with(prefix)) {
        ++entry;
        continue;
      }
      part[entry->first.substr(prefix.size())] = entry->second;
      entry = state.erase(entry);
    }
    return part;
  }

  std::int64_t columnCount() const {
    std::int64_t columns = 0;
    for (const auto& [name, statistic] : m_statistics) columns += statistic->columns();
    return columns;
  }

  void check(const DetectorFitData& data) const {
    const ImageShape shape = m_classifier->inputShape();
    const DetectorNeeds needed = needs();
    if (needed.trainingImages) {
      checkImages(data.trainImages, shape, "the training images");
      const Tensor& labels = data.trainLabels;
      if (!labels.defined() || labels.dim() != 1 || labels.size(0) != data.trainImages.size(0) ||
          labels.scalar_type() != torch::kInt64 || (labels < 0).any().item<bool>() ||
          (labels >= m_classifier->classCount()).any().item<bool>()) {
        throw Error(ErrorKind::Usage, "the training images need one class of the model each", "fit");
      }
    }
    if (!needed.attackedImages) return;
    checkImages(data.clean, shape, "the clean images");
    checkImages(data.noisy, shape, "the noisy images");
    checkImages(data.adversarial, shape, "the adversarial images");
    if (data.noisy.size(0) != data.clean.size(0) || data.adversarial.size(0) != data.clean.size(0)) {
      throw Error(ErrorKind::Usage, "clean, noisy and adversarial images differ in number", "fit");
    }
  }

  Tensor valuesOf(const Tensor& images, const Tensor& twins) const {
    if (m_statistics.size() == 1) return m_statistics.front().statistic->values(images, twins);
    std::vector<Tensor> columns;
    for (const auto& [name, statistic] : m_statistics) columns.push_back(statistic->values(images, twins));
    return at::cat(columns, 1);
  }

  void fitLogisticTo(const DetectorFitData& data, const JobContext& context) {
    std::vector<Tensor> normal;
    std::vector<Tensor> adversarial;
    const std::int64_t count = data.clean.size(0);
    for (const ImageBatch& batch : batchesOf(count, kFitBatch, minibatch())) {
      context.step();
      const Tensor twins = rowsFor(*m_classifier, data.clean, batch.firstTwin, batch.twinCount);
      const auto host = [&](const Tensor& images) {
        const Tensor rows = rowsFor(*m_classifier, images, batch.first, batch.count);
        return valuesOf(rows, twins).to(torch::kCPU, torch::kFloat64);
      };
      // Clean and noisy rows take turns, so that every fold has both.
      normal.push_back(at::stack({host(data.clean), host(data.noisy)}, 1).flatten(0, 1));
      adversarial.push_back(host(data.adversarial));
      context.report({batch.first + batch.count, count, "drawing statistics", {}});
    }
    const Tensor negatives = at::cat(normal);
    const Tensor positives = at::cat(adversarial);
    const Tensor rows = at::cat({negatives, positives});
    const Tensor labels =
        at::cat({at::zeros({negatives.size(0)}, torch::kInt64), at::ones({positives.size(0)}, torch::kInt64)});
    m_columns = columnScaling(rows, m_scaling);
    m_regression = fitLogisticCV(m_columns(rows), labels);
  }

  std::shared_ptr<const Classifier> m_classifier;
  std::vector<NamedStatistic> m_statistics;
  bool m_logistic;
  std::string m_scaling;
  bool m_fitted = false;
  LogisticModel m_regression;
  ColumnScaling m_columns;
};

}  // namespace

std::vector<DetectorEntry> statisticDetectorEntries() {
  std::vector<DetectorEntry> entries;
  for (const StatisticLine& line : statisticLines()) {
    const auto make = [&line](std::span<const Model> models, const Parameters& parameters) {
      return std::unique_ptr<Detector>(std::make_unique<StatisticDetector>(line, models.front(), parameters));
    };
    entries.push_back({&line.spec, make, /*companions=*/false, line.needs});
  }
  return entries;
}

}  // namespace whorl
