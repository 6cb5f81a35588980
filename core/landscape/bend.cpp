// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/landscape/bend.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include <ATen/ops/cross_entropy_loss.h>
#include <torch/csrc/autograd/autograd.h>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/landscape/weights.h"
#include "core/train/optimizer.h"

namespace whorl {
namespace {

void check(const BendTraining& training) {
  if (training.count < 2) throw Error(ErrorKind::Usage, "a bend needs at least two images to learn from", "bend");
  if (training.steps < 1 || training.batchSize < 2 || !(training.learningRate > 0)) {
    throw Error(ErrorKind::Usage, "a bend takes a step, a batch of 2 and a learning rate above 0 at least", "bend");
  }
}

/// Places of batches, each image once before any comes again.
class Batches {
 public:
  Batches(std::int64_t count, std::int64_t size, std::uint64_t seed)
      : m_order(static_cast<std::size_t>(count)),
        m_size(static_cast<std::size_t>(std::min(count, size))),
        m_random(seed) {
    std::iota(m_order.begin(), m_order.end(), 0);
    m_next = m_order.size();
  }

  std::span<const std::int64_t> next() {
    if (m_next + m_size > m_order.size()) {
      m_random.shuffle(m_order);
      m_next = 0;
    }
    const std::span<const std::int64_t> batch = std::span(m_order).subspan(m_next, m_size);
    m_next += m_size;
    return batch;
  }

 private:
  std::vector<std::int64_t> m_order;
  std::size_t m_size;
  std::size_t m_next = 0;
  Random m_random;
};

class Bend {
 public:
  Bend(const Network& from, const Network& to, const BendTraining& training)
      : m_training(training),
        m_control(WeightPlane::between(from, to).at(0, 0)),
        m_from(from.clone()),
        m_to(to.clone()),
        m_here(m_control.clone()),
        m_batches(training.count, training.batchSize, mixSeed(training.seed, "bend batches")),
        m_places(mixSeed(training.seed, "bend places")),
        m_optimizer(makeOptimizer({{"optimizer", std::string("adam")}, {"beta2", 0.999}, {"weight_decay", 0.0}},
                                  m_control.parameters())) {
    m_here.setRequiresGrad(true);
  }

  /// The loss at a point of the curve, and a step that lowers it.
  double step() {
    const double t = m_places.uniform();
    moveTo(t);
    const auto [images, labels] = m_training.images(m_batches.next());
    const torch::Tensor x = normalisedImages(images, m_training.mean, m_training.scale);
    Network::Mode mode;
    mode.training = true;
    mode.updateStatistics = false;
    const torch::AutoGradMode gradients(true);
    const torch::Tensor loss = at::cross_entropy_loss(m_here.forward(x, mode), labels);
    std::vector<torch::Tensor> weights;
    for (const auto& [name, weight] : m_here.parameters()) weights.push_back(weight);
    std::vector<torch::Tensor> slopes = torch::autograd::grad({loss}, weights);
    const torch::NoGradGuard noGradients;
    // θ(t) holds 2t(1 − t) of the control point.
    for (torch::Tensor& slope : slopes) slope = slope * (2 * t * (1 - t));
    m_optimizer->step(slopes, {m_training.learningRate, 0.9});
    return loss.item<double>();
  }

  const Network& control() const { return m_control; }

 private:
  void moveTo(double t) {
    const torch::NoGradGuard noGradients;
    for (std::size_t i = 0; i < m_here.parameters().size(); ++i) {
      torch::Tensor weight = m_here.parameters()[i].second.detach();
      weight.copy_(m_from.parameters()[i].second).mul_((1 - t) * (1 - t));
      weight.add_(m_control.parameters()[i].second, 2 * t * (1 - t)).add_(m_to.parameters()[i].second, t * t);
    }
  }

  const BendTraining& m_training;
  Network m_control;
  Network m_from;
  Network m_to;
  Network m_here;
  Batches m_batches;
  Random m_places;
  std::unique_ptr<Optimizer> m_optimizer;
};

}  // namespace

TrainedBend trainBend(const Network& from, const Network& to, const BendTraining& training, const JobContext& context) {
  check(training);
  Bend bend(from, to, training);
  const std::int64_t told = std::max<std::int64_t>(1, training.steps / 10);
  double sum = 0;
  for (std::int64_t step = 0; step < training.steps; ++step) {
    context.step();
    const double loss = bend.step();
    if (!std::isfinite(loss)) {
      throw Error(ErrorKind::Failed, "the bend's loss is no number after " + std::to_string(step) + " steps", "bend",
                  "choose a smaller learning_rate");
    }
    if (step >= training.steps - told) sum += loss;
    context.report({step + 1, training.steps, "training the bend", {{"loss", loss}}});
  }
  return {bend.control(), sum / static_cast<double>(told)};
}

}  // namespace whorl
