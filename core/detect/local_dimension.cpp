// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/detect/local_dimension.h"

#include <algorithm>

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/detect/distances.h"

namespace whorl {
namespace {

using torch::Tensor;

constexpr double kFloor = 1e-9;
constexpr double kMostDimensions = 1e6;

class LocalDimensionStatistic : public Statistic {
 public:
  LocalDimensionStatistic(const Model& model, const Parameters& parameters)
      : m_network(networkOf(model, "local intrinsic dimensionality")),
        m_neighbours(parameters.integer("neighbours")),
        m_minibatch(parameters.integer("minibatch")),
        m_keepsReference(parameters.text("reference") == "fit") {
    if (m_neighbours >= m_minibatch) {
      throw Error(ErrorKind::Usage,
                  std::to_string(m_neighbours) + " neighbours among " + std::to_string(m_minibatch) + " images",
                  "neighbours", "the minibatch must be larger");
    }
  }

  std::int64_t columns() const override { return static_cast<std::int64_t>(m_network->network().activationCount()); }
  bool needsTraining() const override { return m_keepsReference; }
  bool needsTwins() const override { return !m_keepsReference; }
  std::int64_t minibatch() const override { return m_keepsReference ? 0 : m_minibatch; }
  std::int64_t copies() const override { return 2; }
  /// The nearest of the others' twins is left out.
  std::int64_t fewestImages() const override { return m_keepsReference ? 1 : m_neighbours + 1; }

  void fit(const DetectorFitData& data, const JobContext&) override {
    if (!m_keepsReference) return;
    if (data.trainImages.size(0) < m_minibatch) {
      throw Error(ErrorKind::Usage,
                  "the reference needs " + std::to_string(m_minibatch) + " training images, there are " +
                      std::to_string(data.trainImages.size(0)),
                  "minibatch", "give more, or a smaller minibatch");
    }
    std::vector<std::int64_t> rows(static_cast<std::size_t>(data.trainImages.size(0)));
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::int64_t>(i);
    Random(mixSeed(data.seed, "lid reference")).shuffle(rows);
    rows.resize(static_cast<std::size_t>(m_minibatch));
    const Tensor chosen = data.trainImages.index_select(0, at::tensor(rows, torch::kInt64));
    m_reference = rowsFor(*m_network, chosen, 0, m_minibatch);
  }

  Tensor values(const Tensor& images, const Tensor& twins) const override {
    const Tensor& reference = m_keepsReference ? m_reference : twins;
    const std::int64_t left = m_keepsReference ? 0 : 1;
    if (reference.size(0) < m_neighbours + left) {
      throw Error(ErrorKind::Usage,
                  std::to_string(m_neighbours) + " neighbours among " + std::to_string(reference.size(0)) +
                      " images of a minibatch",
                  "neighbours", "score more images together, or ask for fewer neighbours");
    }
    const std::int64_t count = images.size(0);
    std::vector<Tensor> columns;
    const void* before = nullptr;
    m_network->visitActivations(at::cat({images, reference}), [&](std::size_t, const Tensor& activation) {
      // Dropout and flatten hand on what they got: so are its distances.
      if (before == activation.const_data_ptr()) {
        columns.push_back(columns.back());
        return;
      }
      before = activation.const_data_ptr();
      columns.push_back(
          dimensionsAt(activation.narrow(0, 0, count), activation.narrow(0, count, reference.size(0)), left));
    });
    return at::stack(columns, 1);
  }

  std::map<std::string, Tensor> state() const override {
    if (!m_reference.defined()) return {};
    return {{"reference", m_reference.to(torch::kCPU, torch::kFloat64)}};
  }

  void setState(const std::map<std::string, Tensor>& state, const std::string& where) override {
    if (!m_keepsReference) return checkStateNames(state, {}, where);
    checkStateNames(state, {"reference"}, where);
    const ImageShape shape = m_network->inputShape();
    const Tensor reference =
        stateTensor(state, "reference", {m_minibatch, shape.channels, shape.height, shape.width}, where);
    m_reference = reference.to(m_network->device(), m_network->dtype());
  }

 private:
  Tensor dimensionsAt(const Tensor& queries, const Tensor& reference, std::int64_t left) const {
    const Tensor squared = squaredDistances(queries, reference);
    const auto nearest = at::topk(squared, m_neighbours + left, 1, /*largest=*/false, /*sorted=*/true);
    return localDimensions(std::get<0>(nearest).narrow(1, left, m_neighbours).sqrt());
  }

  std::shared_ptr<const NetworkClassifier> m_network;
  std::int64_t m_neighbours;
  std::int64_t m_minibatch;
  bool m_keepsReference;
  Tensor m_reference;
};

}  // namespace

Tensor localDimensions(const Tensor& distances) {
  const Tensor r = distances.to(torch::kFloat64).clamp_min(kFloor);
  const std::int64_t k = r.size(1);
  const Tensor furthest = r.narrow(1, k - 1, 1);
  const Tensor sum = (furthest / r).log().sum(1);
  const Tensor dimensions = (static_cast<double>(k) / sum).clamp_max(kMostDimensions);
  return at::where(furthest.squeeze(1) <= kFloor, at::zeros_like(dimensions), dimensions);
}

StatisticEntry localDimensionStatistic() {
  return {"lid",
          {ParameterSpec::integer("neighbours", 20, 2, 10000, "", "Nearest images that count (published: 20)"),
           ParameterSpec::integer("minibatch", 100, 3, 100000, "",
                                  "Images among which the neighbours are sought (published: 100)"),
           ParameterSpec::choice("reference", "twins", {"twins", "fit"},
                                 "Neighbours are the clean images of the same minibatch (published; needs them), or "
                                 "training images kept by the fit")},
          [](const Model& model, const Parameters& parameters) {
            return std::unique_ptr<Statistic>(std::make_unique<LocalDimensionStatistic>(model, parameters));
          }};
}

}  // namespace whorl
