// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <ctime>
#include <system_error>

#include "core/base/atomic_file.h"
#include "core/base/utf8.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/impl/inference.h"
#include "core/train/epochs.h"
#include "core/train/trainer.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;

/// "mnist-fingerprint-20260131-142500": sorts by time, says what it is.
std::string defaultStem(const TrainRequest& request) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char time[32];
  std::strftime(time, sizeof time, "%Y%m%d-%H%M%S", &parts);
  std::string stem = fs::path(request.dataset).filename().string() + "-" + request.objective + "-" + time;
  std::replace(stem.begin(), stem.end(), '+', '-');
  return stem;
}

/// Hours of training must not end at a folder that can't be written.
void checkWritable(const fs::path& output) {
  std::error_code ignored;
  if (fs::is_directory(output, ignored)) {
    throw Error(ErrorKind::Usage, "is a folder, not a model file", output.string(), "add a file name");
  }
  AtomicFile probe(output);
}

/// Nor at a name that a model file can't hold.
std::string modelName(const TrainRequest& request, const fs::path& output) {
  std::string name = request.modelName.empty() ? output.stem().string() : request.modelName;
  if (isUtf8(name)) return name;
  throw Error(ErrorKind::Usage, "the model's name is not UTF-8", request.modelName.empty() ? output.string() : name,
              "give another --name");
}

nlohmann::json metricsDocument(const std::vector<Metric>& metrics) {
  nlohmann::json object = nlohmann::json::object();
  for (const auto& metric : metrics) object[metric.name] = numberOrNull(metric.value);
  return object;
}

nlohmann::json historyDocument(const std::vector<TrainingEvent>& history) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& event : history) {
    auto object = metricsDocument(event.metrics);
    object["epoch"] = event.epoch;
    object["step"] = event.step;
    list.push_back(std::move(object));
  }
  return list;
}

TrainingPlan makePlan(const TrainRequest& request, const std::vector<ParameterSpec>& specs, const fs::path& output) {
  TrainingPlan plan;
  plan.architecture = findArchitecture(request.architecture).name;
  plan.objective = request.objective;
  plan.parameters = resolve("train", specs, request.parameters);
  plan.seed = request.seed;
  plan.device = parseDevice(request.device);
  plan.checkpoint = request.checkpoint.empty() ? output.string() + ".checkpoint" : request.checkpoint;
  if (request.keepEpochs) plan.epochs = epochsFolder(output);
  plan.resume = request.resume;
  plan.limitTrain = request.limitTrain;
  return plan;
}

nlohmann::json trainDocument(const TrainingPlan& plan, const TrainingOutcome& outcome) {
  const Parameters& values = plan.parameters;
  auto document = documentHead("train", plan.seed, plan.device.str(), plan.threads,
                               values.has("batch_size") ? values.integer("batch_size") : 0,
                               values.has("precision") ? values.text("precision") : "float32");
  document["data"] = datasetDocument(*plan.dataset);
  document["data"]["limit_train"] = plan.limitTrain;
  document["architecture"] = plan.architecture;
  document["objective"] = plan.objective;
  document["parameters"] = toJson(values);
  document["resumed"] = plan.resume;
  document["stopped_early"] = outcome.stoppedEarly;
  document["test_accuracy"] = numberOrNull(outcome.testAccuracy);
  document["seconds"] = outcome.seconds;
  document["images_per_second"] = numberOrNull(outcome.imagesPerSecond);
  document["copies_per_second"] = numberOrNull(outcome.copiesPerSecond);
  document["threshold"] = outcome.model.threshold ? nlohmann::json(*outcome.model.threshold) : nlohmann::json(nullptr);
  document["history"] = historyDocument(outcome.history);
  return document;
}

/// Says of a cancelled run that nothing is lost, and how to go on; of failures the trainer says so itself.
[[noreturn]] void rethrowWithCheckpoint(const Error& error, const fs::path& checkpoint) {
  std::error_code ignored;
  if (error.kind() != ErrorKind::Cancelled || !fs::exists(checkpoint, ignored)) throw error;
  throw Error(ErrorKind::Cancelled, "cancelled; the checkpoint is kept", checkpoint.string(),
              "the same run with --resume goes on from it");
}

TrainingOutcome runPlan(const TrainingPlan& plan, const JobContext& context, const TrainHooks& hooks) {
  const auto forward = [&](const TrainingEvent& event) {
    if (hooks.onEvent) hooks.onEvent({event.epochEnd, event.step, event.steps, event.epoch, event.metrics});
  };
  try {
    return translated("training", [&] { return whorl::train(plan, context, forward, hooks.stopAndKeep); });
  } catch (const Error& error) {
    rethrowWithCheckpoint(error, plan.checkpoint);
  }
}

}  // namespace

TrainResult EngineImpl::train(const TrainRequest& request, const JobContext& context, const TrainHooks& hooks) {
  return translated("training", [&] {
    if (request.limitTrain < 0) throw Error(ErrorKind::Usage, "a negative number of images", "limit_train");
    if (request.resume && request.output.empty() && request.checkpoint.empty()) {
      throw Error(ErrorKind::Usage, "it isn't said what to resume", "resume", "name the output or the checkpoint");
    }
    const fs::path output =
        request.output.empty() ? m_models.freshPath(defaultStem(request)) : fs::absolute(request.output);
    TrainingPlan plan = makePlan(request, trainParameters(request.objective), output);
    plan.threads = threadsFor(request.threads);
    if (const std::string& start = plan.parameters.text("start_from"); !start.empty()) {
      plan.start = m_models.resolve(start);
    }
    checkWritable(output);
    const std::string name = modelName(request, output);
    plan.dataset = m_datasets.get(request.dataset, context);

    const ThreadScope threads(plan.threads);
    TrainingOutcome outcome = runPlan(plan, context, hooks);

    auto document = trainDocument(plan, outcome);
    Model& model = outcome.model;
    model.name = name;

    TrainResult result;
    result.model = output.string();
    result.modelSha256 = writeModel(model, output);
    result.testAccuracy = outcome.testAccuracy;
    result.seconds = outcome.seconds;
    result.imagesPerSecond = outcome.imagesPerSecond;
    result.copiesPerSecond = outcome.copiesPerSecond;
    result.threshold = model.threshold;
    result.device = plan.device.str();
    document["model"] = result.model;
    document["model_sha256"] = result.modelSha256;
    document["epochs"] = plan.epochs.empty() ? nlohmann::json(nullptr) : nlohmann::json(plan.epochs.string());
    result.json = jsonText(document);
    // A finished run needs no checkpoint. One that was stopped early, or that was given a place by hand, keeps it.
    std::error_code ignored;
    if (!outcome.stoppedEarly && request.checkpoint.empty()) fs::remove(plan.checkpoint, ignored);
    return result;
  });
}

}  // namespace whorl
