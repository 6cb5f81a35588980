// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/training_run.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/version.h>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/nn/device.h"
#include "core/train/start.h"

namespace whorl {
namespace {

using Clock = std::chrono::steady_clock;

/// A GPU is read so seldom, because each read waits for it.
constexpr std::int64_t kReadEveryOnGpu = 50;

double secondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::vector<ParameterSpec> allParameters(const std::string& objective) {
  std::vector<ParameterSpec> specs = trainerParameters();
  for (const ParameterSpec& spec : objectiveParameters(objective)) specs.push_back(spec);
  return specs;
}

const Dataset& checkedDataset(const TrainingPlan& plan) {
  if (!plan.dataset) throw Error(ErrorKind::Internal, "a training plan without a data set", "train");
  if (plan.dataset->train.count() == 0) {
    throw Error(ErrorKind::BadInput, "the data set has no training images", plan.dataset->name);
  }
  return *plan.dataset;
}

Network makeNetwork(const TrainingPlan& plan) {
  const Dataset& dataset = checkedDataset(plan);
  Network network(findArchitecture(plan.architecture), dataset.train.shape, static_cast<int>(dataset.classNames.size()),
                  mixSeed(plan.seed, "weights"));
  network.to(plan.device);
  network.toChannelsLast();
  network.setRequiresGrad(true);
  return network;
}

at::Generator makeGenerator(torch::Device device, std::uint64_t seed) {
  if (device.is_cpu()) return at::make_generator<at::CPUGeneratorImpl>(seed);
  at::Generator generator =
      at::globalContext().getAcceleratorHooksInterface(device.type()).getNewGenerator(device.index());
  generator.set_current_seed(seed);
  return generator;
}

/// [1,C,1,1] of one value.
torch::Tensor perChannel(const Network& network, double value) {
  return torch::full({1, network.inputShape().channels, 1, 1}, value,
                     torch::TensorOptions(torch::kFloat32).device(network.device()));
}

nlohmann::json eventJson(const TrainingEvent& event) {
  nlohmann::json metrics = nlohmann::json::array();
  for (const Metric& metric : event.metrics) metrics.push_back({metric.name, metric.value});
  return {{"step", event.step}, {"steps", event.steps}, {"epoch", event.epoch}, {"metrics", metrics}};
}

TrainingEvent eventFromJson(const nlohmann::json& json) {
  TrainingEvent event;
  event.epochEnd = true;
  event.step = json.at("step").get<std::int64_t>();
  event.steps = json.at("steps").get<std::int64_t>();
  event.epoch = json.at("epoch").get<std::int64_t>();
  for (const nlohmann::json& metric : json.at("metrics")) {
    // NaN has no JSON number: it is written as null.
    event.metrics.push_back(
        {metric.at(0).get<std::string>(), metric.at(1).is_null() ? std::nan("") : metric.at(1).get<double>()});
  }
  return event;
}

}  // namespace

TrainingSplit splitForTraining(std::int64_t count, std::int64_t limit, double validationFraction, std::uint64_t seed) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Random random(mixSeed(seed, "split"));
  random.shuffle(order);
  if (limit > 0 && limit < count) order.resize(static_cast<std::size_t>(limit));
  const auto total = static_cast<double>(order.size());
  const auto kept = static_cast<std::ptrdiff_t>(order.size()) - std::llround(validationFraction * total);
  TrainingSplit split;
  split.train.assign(order.begin(), order.begin() + kept);
  split.validation.assign(order.begin() + kept, order.end());
  if (split.train.size() < 2) {
    throw Error(ErrorKind::Usage, "fewer than two images are left to train on", "train",
                "use more images or a smaller validation_fraction");
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

TrainingRun::TrainingRun(const TrainingPlan& plan, const JobContext& context,
                         std::function<void(const TrainingEvent&)> onEvent, std::function<bool()> stopAndKeep)
    : m_plan(plan),
      m_context(context),
      m_onEvent(std::move(onEvent)),
      m_stopAndKeep(std::move(stopAndKeep)),
      m_parameters(resolve("train", allParameters(plan.objective), plan.parameters)),
      m_split(splitForTraining(checkedDataset(plan).train.count(), plan.limitTrain,
                               m_parameters.real("validation_fraction"), plan.seed)),
      m_network(makeNetwork(plan)),
      m_mean(perChannel(m_network, kTrainingMean)),
      m_scale(perChannel(m_network, kTrainingScale)),
      m_batchSize(m_parameters.integer("batch_size")),
      m_clock(Clock::now()),
      m_lastSave(m_clock) {
  const std::string start = plan.start.empty() ? m_parameters.text("start_from") : plan.start.string();
  if (!start.empty()) m_startSha256 = loadStart(m_network, start);
  if (const std::int64_t count = m_parameters.integer("trained_layers"); count > 0) {
    m_frozenLayers = layersBeforeLast(m_network.architecture(), count);
  }
  const Optimizer::NamedTensors weights = m_network.parametersFrom(m_frozenLayers);
  for (const auto& [name, tensor] : weights) m_weights.push_back(tensor);
  if (m_network.architecture().weightDecayHiddenLinear > 0) {
    // Hidden: all linear layers but the last, whose weight and bias are the last two tensors.
    for (std::size_t i = 0; i + 2 < m_weights.size(); ++i) {
      if (!weights[i].first.starts_with("fc")) continue;
      m_decayedIndices.push_back(i);
      m_decayedWeights.push_back(m_weights[i].detach());
    }
  }
  if (objectiveNeedsFingerprints(plan.objective)) {
    m_fingerprints = sampleFingerprints(m_parameters, m_network.inputShape(), m_network.classCount(),
                                        mixSeed(plan.seed, "fingerprint"))
                         .to(plan.device, torch::kFloat32);
  }
  m_loss = makeTrainingLoss(plan.objective, m_parameters, m_fingerprints ? &*m_fingerprints : nullptr);
  m_source = std::make_unique<BatchSource>(plan.dataset->train, m_split.train, m_parameters, plan.seed, plan.device);
  m_optimizer = makeOptimizer(m_parameters, weights);
  m_stepsPerEpoch = m_source->stepsPerEpoch(m_batchSize);
  m_steps = m_stepsPerEpoch * m_parameters.integer("epochs");
  m_schedule = std::make_unique<Schedule>(m_parameters, m_steps, m_stepsPerEpoch);
}

// ---- Checkpoints ----

nlohmann::json TrainingRun::planJson() const {
  Parameters numbers = m_parameters;
  numbers.remove("checkpoint_seconds");                                          // decides when, not what
  numbers.remove("start_from");                                                  // its contents decide, below
  if (numbers.integer("trained_layers") == 0) numbers.remove("trained_layers");  // as in earlier checkpoints
  nlohmann::json plan = {
      {"architecture", m_plan.architecture},
      {"objective", m_plan.objective},
      {"parameters", toJson(numbers)},
      {"seed", m_plan.seed},
      {"data", m_plan.dataset->name},
      {"data_checksum", m_plan.dataset->checksum},
      {"limit_train", m_plan.limitTrain},
      {"device", m_plan.device.is_cpu() ? std::string("cpu") : c10::DeviceTypeName(m_plan.device.type(), true)},
      {"threads", m_plan.device.is_cpu() ? at::get_num_threads() : 0},
      {"version", WHORL_VERSION},
      {"libtorch", TORCH_VERSION}};
  if (!m_startSha256.empty()) plan["start_sha256"] = m_startSha256;
  return plan;
}

void TrainingRun::openCheckpoint() {
  if (m_plan.checkpoint.empty()) return;
  if (m_plan.resume && std::filesystem::exists(m_plan.checkpoint)) {
    restore(readCheckpoint(m_plan.checkpoint));
  } else {
    refuseToOverwrite();
    saveCheckpoint();  // so that a place that can't be written is known now and not after an hour
  }
}

void TrainingRun::refuseToOverwrite() const {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(m_plan.checkpoint, ignored)) return;
  const std::string where = m_plan.checkpoint.string();
  const auto step = checkpointStep(m_plan.checkpoint);
  if (!step) {
    throw Error(ErrorKind::BadInput, "this file is no training checkpoint and is not written over", where,
                "name another file for the checkpoint, or remove this one");
  }
  // Before its first step a run has nothing that could be lost.
  if (*step > 0) {
    throw Error(
        ErrorKind::Usage,
        "here lies the checkpoint of an earlier run, " + std::to_string(*step) + " steps in, which is not written over",
        where, "resume it with --resume, remove it, or name another file for the checkpoint");
  }
}

void TrainingRun::restore(const Checkpoint& checkpoint) {
  const std::string where = m_plan.checkpoint.string();
  if (const std::string difference = planDifference(checkpoint.plan, planJson()); !difference.empty()) {
    throw Error(ErrorKind::BadInput, "the checkpoint is of another training run: " + difference, where,
                "train with the checkpoint's values, or anew without resuming");
  }
  if (checkpoint.step < 0 || checkpoint.step > m_steps) {
    throw Error(ErrorKind::BadInput, "the checkpoint's step is out of range", where, "train anew without resuming");
  }
  m_network.load(checkpoint.network, where);
  m_optimizer->load(checkpoint.optimizer, where);
  if (m_fingerprints) {
    const auto dx = checkpoint.fingerprints.find("dx");
    const auto dy = checkpoint.fingerprints.find("dy");
    const Fingerprints host = m_fingerprints->to(torch::kCPU, torch::kFloat32);
    if (dx == checkpoint.fingerprints.end() || dy == checkpoint.fingerprints.end() || !dx->second.equal(host.dx) ||
        !dy->second.equal(host.dy)) {
      throw Error(ErrorKind::BadInput, "the checkpoint's fingerprints are not those of its seed", where,
                  "train anew without resuming");
    }
  }
  try {
    const nlohmann::json& figures = checkpoint.figures;
    m_termNames = figures.at("terms").get<std::vector<std::string>>();
    m_epochSums = figures.at("epoch_sums").get<std::vector<double>>();
    m_epochImages = figures.at("epoch_images").get<std::int64_t>();
    m_images = figures.at("images").get<std::int64_t>();
    m_copies = figures.at("copies").get<std::int64_t>();
    m_trainSeconds = figures.at("train_seconds").get<double>();
    for (const nlohmann::json& event : figures.at("history")) m_history.push_back(eventFromJson(event));
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::BadInput, "the checkpoint's figures can't be read", where, "train anew without resuming");
  }
  // A sum for the loss, each of its terms, and the accuracy; none at an epoch's begin.
  if (!m_epochSums.empty() && m_epochSums.size() != m_termNames.size() + 2) {
    throw Error(ErrorKind::BadInput, "the checkpoint's figures contradict each other", where,
                "train anew without resuming");
  }
  m_seconds = checkpoint.seconds;
  m_step = checkpoint.step;
  m_savedStep = checkpoint.step;
  m_clock = m_lastSave = Clock::now();
}

void TrainingRun::saveCheckpoint() {
  if (m_plan.checkpoint.empty()) return;
  collectFigures();  // a loss that isn't finite must not reach the file
  Checkpoint checkpoint;
  checkpoint.network = m_network.tensors();
  for (const auto& [name, tensor] : checkpoint.network) {
    if (!at::isfinite(tensor).all().item<bool>()) {
      throw Error(ErrorKind::Failed, "training diverged: " + name + " is no longer finite", place());
    }
  }
  checkpoint.plan = planJson();
  checkpoint.step = m_step;
  checkpoint.optimizer = m_optimizer->state();
  if (m_fingerprints) checkpoint.fingerprints = {{"dx", m_fingerprints->dx}, {"dy", m_fingerprints->dy}};
  const Clock::time_point now = Clock::now();
  checkpoint.seconds = m_seconds + secondsBetween(m_clock, now);
  nlohmann::json history = nlohmann::json::array();
  for (const TrainingEvent& event : m_history) history.push_back(eventJson(event));
  checkpoint.figures = {{"terms", m_termNames}, {"epoch_sums", m_epochSums}, {"epoch_images", m_epochImages},
                        {"images", m_images},   {"copies", m_copies},        {"train_seconds", m_trainSeconds},
                        {"history", history}};
  writeCheckpoint(checkpoint, m_plan.checkpoint);
  m_savedStep = m_step;
  m_lastSave = now;
}

// ---- The loop ----

TrainingOutcome TrainingRun::run() {
  try {
    openCheckpoint();
    openEpochs();
    trainSteps();
    return finish();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Cancelled) rethrowWithHint();
    if (m_step != m_savedStep) saveCheckpoint();
    throw;
  } catch (...) {
    rethrowWithHint();
  }
}

void TrainingRun::trainSteps() {
  // An epoch whose end was not evaluated before the run was cancelled.
  const auto endedEpochs = [this] { return m_step / m_stepsPerEpoch; };
  if (static_cast<std::int64_t>(m_history.size()) < endedEpochs()) finishEpoch();
  const double saveEvery = m_parameters.real("checkpoint_seconds");
  while (m_step < m_steps) {
    const Clock::time_point before = Clock::now();
    m_context.step();
    m_clock += Clock::now() - before;  // time spent paused is nobody's
    if (m_stopAndKeep && m_stopAndKeep()) {
      m_stoppedEarly = true;
      collectFigures();
      return;
    }
    step();
    if (m_step % m_stepsPerEpoch == 0) {
      finishEpoch();
    } else if (saveEvery > 0 && secondsBetween(m_lastSave, Clock::now()) >= saveEvery) {
      saveCheckpoint();
    }
  }
}

void TrainingRun::step() {
  const Clock::time_point before = Clock::now();
  const std::int64_t epoch = m_step / m_stepsPerEpoch;
  const std::uint64_t seed = mixSeed(mixSeed(m_plan.seed, "step"), static_cast<std::uint64_t>(m_step));
  TrainingBatch batch = m_source->batch(epoch, m_step % m_stepsPerEpoch, m_batchSize);
  batch.seed = seed;

  Network::Mode mode;
  mode.training = true;
  mode.frozenLayers = m_frozenLayers;
  mode.computeType = m_parameters.text("precision") == "bfloat16" ? torch::kBFloat16 : torch::kFloat32;
  mode.dropoutGenerator = makeGenerator(m_plan.device, mixSeed(seed, "dropout"));
  const TrainingLoss::Value value = m_loss->evaluate(TrainingNetwork{m_network, mode, m_mean, m_scale}, batch);

  torch::Tensor loss = value.terms.front().value;
  std::vector<torch::Tensor> figures = {torch::Tensor()};
  m_termNames.clear();
  for (std::size_t i = 0; i < value.terms.size(); ++i) {
    if (i > 0) loss = loss + value.terms[i].value;
    figures.push_back(value.terms[i].value.detach());
    m_termNames.push_back(value.terms[i].name);
  }
  const std::int64_t images = batch.images.size(0);
  figures.front() = loss.detach();
  figures.push_back(value.logits.argmax(1).eq(batch.labels).to(torch::kFloat32).mean());
  const torch::Tensor weighted = at::stack(figures).to(torch::kFloat64).mul_(static_cast<double>(images));
  m_pending = m_pending.defined() ? m_pending.add_(weighted) : weighted;
  m_pendingImages += images;
  ++m_pendingSteps;
  const bool epochEnds = (m_step + 1) % m_stepsPerEpoch == 0;
  const bool read = m_plan.device.is_cpu() || m_pendingSteps >= kReadEveryOnGpu || epochEnds;
  if (read) collectFigures();  // before the weights change: a loss that isn't finite leaves them as they were

  std::vector<torch::Tensor> gradients = torch::autograd::grad({loss}, m_weights);
  if (!m_decayedWeights.empty()) {
    const at::NoGradGuard noGrad;
    std::vector<torch::Tensor> decayed;
    for (const std::size_t i : m_decayedIndices) decayed.push_back(gradients[i]);
    // The penalty λ‖w‖² has the gradient 2λw.
    at::_foreach_add_(decayed, m_decayedWeights, 2 * m_network.architecture().weightDecayHiddenLinear);
  }
  const StepRates rates = m_schedule->at(m_step);
  m_optimizer->step(gradients, rates);
  ++m_step;
  m_images += images;
  m_copies += value.copies;
  const double seconds = secondsBetween(before, Clock::now());
  m_trainSeconds += seconds;
  m_unreadSeconds += seconds;
  m_unreadImages += images;
  if (read) reportStep(rates);
}

}  // namespace whorl
