// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/theory/trainer.h"

#include <algorithm>
#include <cmath>

#include "core/base/error.h"
#include "core/base/random.h"

namespace whorl {
namespace {

/// Mean cross-entropy of the first rows, and its gradient with respect to their logits.
double crossEntropy(const std::vector<double>& logits, std::span<const PlanarSample> batch, std::size_t width,
                    std::vector<double>& gradient) {
  const double share = 1 / static_cast<double>(batch.size());
  double loss = 0;
  for (std::size_t row = 0; row < batch.size(); ++row) {
    const double* values = logits.data() + row * width;
    const double largest = *std::max_element(values, values + width);
    double sum = 0;
    for (std::size_t k = 0; k < width; ++k) sum += std::exp(values[k] - largest);
    const auto label = static_cast<std::size_t>(batch[row].label);
    loss += share * (std::log(sum) + largest - values[label]);
    for (std::size_t k = 0; k < width; ++k) {
      gradient[row * width + k] = share * (std::exp(values[k] - largest) / sum - (k == label ? 1 : 0));
    }
  }
  return loss;
}

/// The fingerprint term, and `weight` times its gradient added to that of all logits.
double fingerprintTerm(const std::vector<double>& logits, std::span<const PlanarSample> batch,
                       const PlanarFingerprints& fingerprints, double weight, std::vector<double>& gradient) {
  const auto width = static_cast<std::size_t>(fingerprints.classes);
  std::vector<double> phi = logits;
  normaliseRows(phi, fingerprints.classes);
  std::vector<double> phiGradient(phi.size(), 0.0);
  const double share = 1 / static_cast<double>(batch.size() * width);
  double loss = 0;
  for (std::size_t i = 0; i < fingerprints.count(); ++i) {
    for (std::size_t row = 0; row < batch.size(); ++row) {
      const std::size_t here = row * width;
      const std::size_t shifted = ((i + 1) * batch.size() + row) * width;
      const double* response = fingerprints.response(i, batch[row].label);
      for (std::size_t k = 0; k < width; ++k) {
        const double off = phi[shifted + k] - phi[here + k] - response[k];
        loss += share * off * off;
        phiGradient[shifted + k] += 2 * weight * share * off;
        phiGradient[here + k] -= 2 * weight * share * off;
      }
    }
  }
  std::vector<double> part(width);
  for (std::size_t at = 0; at < phi.size(); at += width) {
    throughNormalisation(std::span(logits).subspan(at, width), std::span(phiGradient).subspan(at, width), part.data());
    for (std::size_t k = 0; k < width; ++k) gradient[at + k] += part[k];
  }
  return loss;
}

}  // namespace

PlanarLoss planarLoss(const PlanarNetwork& network, const PlanarFingerprints& fingerprints, double weight,
                      std::span<const PlanarSample> batch, std::vector<double>* gradient) {
  std::vector<PlanarPoint> points;
  points.reserve(batch.size() * (fingerprints.count() + 1));
  for (const PlanarSample& sample : batch) points.push_back(sample.at);
  for (const PlanarPoint& dx : fingerprints.dx) {
    for (const PlanarSample& sample : batch) points.push_back(sample.at + dx);
  }
  PlanarPass pass;
  network.forward(points, pass);
  std::vector<double> logitGradient(pass.logits().size(), 0.0);
  PlanarLoss loss;
  loss.crossEntropy = crossEntropy(pass.logits(), batch, static_cast<std::size_t>(network.classCount()), logitGradient);
  if (fingerprints.count() > 0) {
    loss.fingerprint = fingerprintTerm(pass.logits(), batch, fingerprints, weight, logitGradient);
  }
  if (gradient) {
    gradient->assign(network.parameters().size(), 0.0);
    network.backward(pass, logitGradient, gradient, nullptr);
  }
  return loss;
}

PlanarTrainer::PlanarTrainer(PlanarNetwork network, PlanarData data, PlanarFingerprints fingerprints,
                             PlanarTraining training, std::uint64_t seed)
    : m_network(std::move(network)),
      m_data(std::move(data)),
      m_fingerprints(std::move(fingerprints)),
      m_training(std::move(training)),
      m_seed(seed),
      m_mean(m_network.parameters().size(), 0.0),
      m_variance(m_network.parameters().size(), 0.0) {}

PlanarLoss PlanarTrainer::epoch(const JobContext& context) {
  PlanarData order = m_data;
  Random random(mixSeed(mixSeed(m_seed, "order"), m_epoch++));
  random.shuffle(order);
  const auto batch = static_cast<std::size_t>(std::max<std::int64_t>(1, m_training.batchSize));
  PlanarLoss mean;
  std::vector<double> gradient;
  for (std::size_t first = 0; first < order.size(); first += batch) {
    context.step();
    const auto samples = std::span<const PlanarSample>(order).subspan(first, std::min(batch, order.size() - first));
    const PlanarLoss loss = planarLoss(m_network, m_fingerprints, m_training.fingerprintWeight, samples, &gradient);
    if (!std::isfinite(loss.crossEntropy) || !std::isfinite(loss.fingerprint)) {
      throw Error(ErrorKind::Failed, "training diverged: the loss is no number any more",
                  "epoch " + std::to_string(m_epoch), "try a smaller learning rate");
    }
    const double share = static_cast<double>(samples.size()) / static_cast<double>(order.size());
    mean.crossEntropy += share * loss.crossEntropy;
    mean.fingerprint += share * loss.fingerprint;
    update(gradient);
  }
  return mean;
}

void PlanarTrainer::update(const std::vector<double>& gradient) {
  std::vector<double>& values = m_network.parameters();
  if (m_training.optimizer != "adam") {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] -= m_training.learningRate * gradient[i];
    return;
  }
  constexpr double kMeanDecay = 0.9, kVarianceDecay = 0.999, kEpsilon = 1e-8;
  ++m_updates;
  const double meanScale = 1 - std::pow(kMeanDecay, static_cast<double>(m_updates));
  const double varianceScale = 1 - std::pow(kVarianceDecay, static_cast<double>(m_updates));
  for (std::size_t i = 0; i < values.size(); ++i) {
    m_mean[i] = kMeanDecay * m_mean[i] + (1 - kMeanDecay) * gradient[i];
    m_variance[i] = kVarianceDecay * m_variance[i] + (1 - kVarianceDecay) * gradient[i] * gradient[i];
    values[i] -=
        m_training.learningRate * (m_mean[i] / meanScale) / (std::sqrt(m_variance[i] / varianceScale) + kEpsilon);
  }
}

}  // namespace whorl
