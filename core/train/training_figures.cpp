// SPDX-License-Identifier: GPL-3.0-or-later
// What a training run measures and hands back; its steps are in training_run.cpp.
#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>
#include <torch/version.h>

#include "core/base/error.h"
#include "core/detect/roc.h"
#include "core/nn/device.h"
#include "core/nn/fused_classifier.h"
#include "core/train/epochs.h"
#include "core/train/evaluation.h"
#include "core/train/training_run.h"

namespace whorl {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kDivergedLoss = 1e6;
constexpr std::size_t kProbeImages = 200;
constexpr std::size_t kThresholdImages = 1000;
constexpr double kThresholdFpr = 0.05;
constexpr double kRateSmoothing = 0.9;

std::vector<std::int64_t> firstOf(const std::vector<std::int64_t>& indices, std::size_t count) {
  return {indices.begin(), indices.begin() + static_cast<std::ptrdiff_t>(std::min(count, indices.size()))};
}

nlohmann::json metricsJson(const std::vector<Metric>& metrics) {
  nlohmann::json json = nlohmann::json::object();
  for (const Metric& metric : metrics) json[metric.name] = metric.value;
  return json;
}

}  // namespace

void TrainingRun::collectFigures() {
  if (m_pendingSteps == 0) return;
  const torch::Tensor host = m_pending.to(torch::kCPU);
  const double* sums = host.data_ptr<double>();
  const auto count = static_cast<std::size_t>(host.numel());
  m_recent.assign(count, 0);
  m_epochSums.resize(count, 0);
  for (std::size_t i = 0; i < count; ++i) m_recent[i] = sums[i] / static_cast<double>(m_pendingImages);
  const double loss = m_recent.front();
  if (!std::isfinite(loss) || loss > kDivergedLoss) {
    const std::string what = std::isfinite(loss) ? std::to_string(loss) : (std::isnan(loss) ? "NaN" : "infinite");
    const std::string since =
        m_pendingSteps > 1 ? " (looked at every " + std::to_string(m_pendingSteps) + " steps)" : std::string();
    throw Error(ErrorKind::Failed, "training diverged: the loss is " + what + since, place());
  }
  for (std::size_t i = 0; i < count; ++i) m_epochSums[i] += sums[i];
  m_epochImages += m_pendingImages;
  m_pending = torch::Tensor();
  m_pendingImages = 0;
  m_pendingSteps = 0;
}

void TrainingRun::reportStep(const StepRates& rates) {
  const double rate = m_unreadSeconds > 0 ? static_cast<double>(m_unreadImages) / m_unreadSeconds : 0;
  m_imagesPerSecond = m_imagesPerSecond == 0 ? rate : kRateSmoothing * m_imagesPerSecond + (1 - kRateSmoothing) * rate;
  m_unreadSeconds = 0;
  m_unreadImages = 0;

  TrainingEvent event;
  event.step = m_step;
  event.steps = m_steps;
  event.epoch = (m_step - 1) / m_stepsPerEpoch + 1;
  event.metrics.push_back({"loss", m_recent.front()});
  for (std::size_t i = 0; i < m_termNames.size(); ++i) event.metrics.push_back({m_termNames[i], m_recent[i + 1]});
  event.metrics.push_back({"accuracy", m_recent.back()});
  event.metrics.push_back({"learning_rate", rates.learningRate});
  event.metrics.push_back({"images_per_second", m_imagesPerSecond});
  report(event);
}

void TrainingRun::report(const TrainingEvent& event) {
  if (m_onEvent) m_onEvent(event);
  Progress progress;
  progress.done = event.step;
  progress.total = event.steps;
  progress.message = "epoch " + std::to_string(event.epoch) + " of " + std::to_string(m_steps / m_stepsPerEpoch);
  progress.metrics = event.metrics;
  m_context.report(progress);
}

std::unique_ptr<Classifier> TrainingRun::snapshot() const {
  const auto channels = static_cast<std::size_t>(m_network.inputShape().channels);
  return std::make_unique<NetworkClassifier>(m_network.clone(), std::vector<double>(channels, kTrainingMean),
                                             std::vector<double>(channels, kTrainingScale));
}

void TrainingRun::finishEpoch() {
  collectFigures();
  TrainingEvent event;
  event.epochEnd = true;
  event.step = m_step;
  event.steps = m_steps;
  event.epoch = m_step / m_stepsPerEpoch;
  const double images = static_cast<double>(std::max<std::int64_t>(1, m_epochImages));
  if (!m_epochSums.empty()) {
    event.metrics.push_back({"loss", m_epochSums.front() / images});
    for (std::size_t i = 0; i < m_termNames.size(); ++i) {
      event.metrics.push_back({m_termNames[i], m_epochSums[i + 1] / images});
    }
    event.metrics.push_back({"accuracy", m_epochSums.back() / images});
  }
  const std::unique_ptr<Classifier> classifier = snapshot();
  if (m_split.validation.empty()) {
    event.metrics.push_back({"test_accuracy", accuracy(*classifier, m_plan.dataset->test, m_context)});
  } else {
    const DataSplit& split = m_plan.dataset->train;
    event.metrics.push_back({"validation_accuracy", accuracy(*classifier, split, m_split.validation, m_context)});
    if (m_fingerprints) {
      const double auc =
          fgsmAuc(*classifier, FingerprintScore(*m_fingerprints), split, firstOf(m_split.validation, kProbeImages),
                  m_parameters.real("probe_epsilon"), m_context);
      if (std::isfinite(auc)) event.metrics.push_back({"validation_auc", auc});
    }
  }
  m_history.push_back(event);
  m_epochSums.clear();
  m_epochImages = 0;
  saveCheckpoint();
  keepEpoch(event.epoch);
  report(event);
}

// ---- The networks of the epochs ----

void TrainingRun::openEpochs() const {
  if (m_plan.epochs.empty() || m_step > 0) return;
  const std::string where = m_plan.epochs.string();
  std::error_code failed;
  std::filesystem::create_directories(m_plan.epochs, failed);
  if (failed)
    throw Error(ErrorKind::Failed, "the folder can't be made: " + failed.message(), where, "name another output");
  if (!m_plan.resume && std::filesystem::exists(epochFile(m_plan.epochs, 0))) {
    throw Error(ErrorKind::Usage, "here lie the networks of an earlier run's epochs, which are not written over", where,
                "move or remove the folder, or name another output");
  }
  keepEpoch(0);
}

void TrainingRun::keepEpoch(std::int64_t epoch) const {
  if (m_plan.epochs.empty()) return;
  Model model = bareModel();
  model.name = "epoch " + std::to_string(epoch);
  model.past = {{"epoch", epoch}, {"step", m_step}, {"seed", m_plan.seed}, {"objective", m_plan.objective}};
  Network network = m_network.clone();
  network.to(torch::kCPU);
  model.classifier = std::make_shared<NetworkClassifier>(std::move(network), model.mean, model.scale);
  writeModel(model, epochFile(m_plan.epochs, epoch));
}

// All but the weights, the threshold and the past.
Model TrainingRun::bareModel() const {
  Model model;
  model.architecture = m_plan.architecture;
  model.input = m_network.inputShape();
  model.classNames = m_plan.dataset->classNames;
  const auto channels = static_cast<std::size_t>(model.input.channels);
  model.mean.assign(channels, kTrainingMean);
  model.scale.assign(channels, kTrainingScale);
  if (m_fingerprints) {
    const Fingerprints host = m_fingerprints->to(torch::kCPU, torch::kFloat32);
    model.fingerprintDx = host.dx;
    model.fingerprintDy = host.dy;
  }
  return model;
}

void TrainingRun::setThreshold(TrainingOutcome& outcome, const Classifier& classifier, nlohmann::json& past) {
  const bool validated = !m_split.validation.empty();
  const std::vector<std::int64_t> indices = firstOf(validated ? m_split.validation : m_split.train, kThresholdImages);
  const CleanScores scores =
      cleanScores(classifier, FingerprintScore(*m_fingerprints), m_plan.dataset->train, indices, m_context);
  // A detector guards the images that the network gets right; a network that gets none right has only the others.
  const std::vector<double>& chosen = scores.correct.empty() ? scores.all : scores.correct;
  outcome.model.threshold = thresholdAtFpr(chosen, kThresholdFpr);
  past["threshold"] = {{"value", *outcome.model.threshold},
                       {"false_positive_rate", kThresholdFpr},
                       {"images", chosen.size()},
                       {"from", validated ? "validation images" : "training images"}};
}

TrainingOutcome TrainingRun::finish() {
  const std::unique_ptr<Classifier> classifier = snapshot();
  const Dataset& dataset = *m_plan.dataset;
  TrainingOutcome outcome;
  outcome.stoppedEarly = m_stoppedEarly;
  outcome.history = m_history;
  outcome.testAccuracy = accuracy(*classifier, dataset.test, m_context);

  Model& model = outcome.model = bareModel();
  nlohmann::json past;
  if (m_fingerprints) setThreshold(outcome, *classifier, past);
  Network network = m_network.clone();
  network.to(torch::kCPU);
  model.classifier = classifierOf(std::move(network), model.mean, model.scale);

  const Clock::time_point now = Clock::now();
  m_seconds += std::chrono::duration<double>(now - m_clock).count();
  m_clock = now;
  outcome.seconds = m_seconds;
  if (m_trainSeconds > 0) {
    outcome.imagesPerSecond = static_cast<double>(m_images) / m_trainSeconds;
    outcome.copiesPerSecond = static_cast<double>(m_copies) / m_trainSeconds;
  }
  past["recipe"] = {
      {"architecture", m_plan.architecture}, {"objective", m_plan.objective}, {"parameters", toJson(m_parameters)}};
  if (!m_startSha256.empty()) past["start_sha256"] = m_startSha256;
  past["seed"] = m_plan.seed;
  past["data"] = {{"name", dataset.name},
                  {"checksum", dataset.checksum},
                  {"training_images", m_split.train.size()},
                  {"validation_images", m_split.validation.size()},
                  {"test_images", dataset.test.count()}};
  past["plan"] = {{"device", describeDevice(m_plan.device)},
                  {"threads", at::get_num_threads()},
                  {"precision", m_parameters.text("precision")},
                  {"batch_size", m_batchSize}};
  past["version"] = WHORL_VERSION;
  past["libtorch"] = TORCH_VERSION;
  past["steps"] = m_step;
  past["stopped_early"] = m_stoppedEarly;
  past["seconds"] = outcome.seconds;
  past["images_per_second"] = outcome.imagesPerSecond;
  past["copies_per_second"] = outcome.copiesPerSecond;
  past["test_accuracy"] = outcome.testAccuracy;
  past["history"] = nlohmann::json::array();
  for (const TrainingEvent& event : m_history) past["history"].push_back(metricsJson(event.metrics));
  model.past = past;
  return outcome;
}

std::string TrainingRun::place() const {
  return "step " + std::to_string(m_step + 1) + " of " + std::to_string(m_steps) + ", epoch " +
         std::to_string(m_step / m_stepsPerEpoch + 1);
}

void TrainingRun::rethrowWithHint() const {
  const bool kept = m_savedStep > 0;
  const std::string checkpoint =
      kept ? "; the checkpoint of step " + std::to_string(m_savedStep) + " is kept in " + m_plan.checkpoint.string()
           : std::string();
  try {
    rethrowTorchError(std::current_exception(),
                      place() + ", batch of " + std::to_string(m_batchSize) + " images on " + m_plan.device.str());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::OutOfMemory) {
      throw Error(error.kind(), error.message(), error.where(), "use a smaller batch_size" + checkpoint);
    }
    if (error.kind() == ErrorKind::Failed) {
      const bool ofFile = error.where() == m_plan.checkpoint.string();
      const std::string usual = ofFile ? "choose another place for the checkpoint" : "lower the learning_rate";
      const std::string hint = error.hint().empty() ? usual : error.hint();
      throw Error(error.kind(), error.message(), error.where(), hint + checkpoint);
    }
    throw;
  }
}

}  // namespace whorl
