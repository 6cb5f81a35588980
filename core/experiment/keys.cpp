// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/keys.h"

#include "core/base/sha256.h"

namespace whorl {

std::string keyOf(const nlohmann::json& request) {
  const std::string text = request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return sha256Hex(text.data(), text.size());
}

namespace {

/// Without what says "as ever", so that keys from before there were such parameters stay good.
nlohmann::json numbersOf(const TrainingTask& task) {
  Parameters parameters = task.parameters;
  if (startOf(task).empty()) parameters.remove("start_from");
  if (parameters.has("trained_layers") && parameters.integer("trained_layers") == 0) {
    parameters.remove("trained_layers");
  }
  return toJson(parameters);
}

}  // namespace

std::string startOf(const TrainingTask& task) {
  return task.parameters.has("start_from") ? task.parameters.text("start_from") : std::string();
}

nlohmann::json request(const TrainingTask& task, const std::string& dataChecksum, const std::string& startSha256) {
  nlohmann::json wanted = {{"stage", "model"},
                           {"computation", kComputation.training},
                           {"data", dataChecksum},
                           {"architecture", task.architecture},
                           {"objective", task.objective},
                           {"parameters", numbersOf(task)},
                           {"seed", task.seed},
                           {"limit_train", task.limitTrain}};
  if (!startSha256.empty()) wanted["start"] = startSha256;
  return wanted;
}

nlohmann::json request(const ImageChoice& choice, std::int64_t target, const std::string& dataChecksum,
                       const std::string& modelSha256) {
  return {{"stage", "selection"},   {"computation", kComputation.selection},
          {"data", dataChecksum},   {"split", choice.split},
          {"model", modelSha256},   {"count", choice.count},
          {"seed", choice.seed},    {"from_end", choice.fromEnd},
          {"without_class", target}};
}

nlohmann::json request(const AttackTask& task, const std::string& split, std::uint64_t seed,
                       const std::string& dataChecksum, const std::string& modelSha256) {
  return {{"computation", kComputation.attack},
          {"data", dataChecksum},
          {"split", split},
          {"model", modelSha256},
          {"attack", task.attack},
          {"parameters", toJson(task.parameters)},
          {"threat_model", task.threatModel},
          {"precision", task.precision},
          {"seed", seed}};
}

nlohmann::json request(const DetectorTask& task) {
  nlohmann::json wanted = {{"detector", task.detector}, {"parameters", toJson(task.parameters)}};
  // Apart from the other versions, so that what other detectors computed stays good.
  if (task.parameters.has("minibatch")) wanted["minibatches"] = kComputation.minibatches;
  return wanted;
}

std::string costKey(const AttackTask& task, const ModelFile& model, const std::string& data) {
  return keyOf({{"cost", "attack"},
                {"attack", task.attack},
                {"parameters", toJson(task.parameters)},
                {"threat_model", task.threatModel},
                {"precision", task.precision},
                {"architecture", model.architecture},
                {"data", data}});
}

std::string costKey(const TrainingTask& task) {
  return keyOf({{"cost", "training"},
                {"data", task.data},
                {"architecture", task.architecture},
                {"objective", task.objective},
                {"parameters", numbersOf(task)},
                {"limit_train", task.limitTrain}});
}

std::string costKey(const DetectorTask& task, const std::string& step, const ModelFile& model,
                    const std::string& data) {
  return keyOf({{"cost", step}, {"detector", request(task)}, {"architecture", model.architecture}, {"data", data}});
}

}  // namespace whorl
