// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/checkpoint.h"

#include <string_view>

#include "core/base/error.h"
#include "core/nn/safetensors.h"

namespace whorl {
namespace {

constexpr int kFormat = 1;
constexpr int kDepthLimit = 32;
constexpr const char* kMetadataKey = "whorl_checkpoint";
constexpr std::string_view kNetwork = "network.";
constexpr std::string_view kOptimizer = "optimizer.";
constexpr std::string_view kFingerprint = "fingerprint.";

void addWithPrefix(TensorFile& file, std::string_view prefix, const std::map<std::string, torch::Tensor>& tensors) {
  for (const auto& [name, tensor] : tensors) {
    file.tensors[std::string(prefix) + name] = tensor.detach().to(torch::kCPU).contiguous();
  }
}

/// Leaves of a plan by their last name, which is what people know them by.
void collectDifferences(const std::string& name, const nlohmann::json& there, const nlohmann::json& here,
                        std::string& text) {
  if (there == here) return;
  if (there.is_object() && here.is_object()) {
    for (const auto& [key, value] : there.items()) {
      collectDifferences(key, value, here.contains(key) ? here[key] : nlohmann::json(), text);
    }
    for (const auto& [key, value] : here.items()) {
      if (!there.contains(key)) collectDifferences(key, nlohmann::json(), value, text);
    }
    return;
  }
  const auto shown = [](const nlohmann::json& value) { return value.is_null() ? std::string("absent") : value.dump(); };
  text += (text.empty() ? "" : "; ") + name + " is " + shown(there) + " there and " + shown(here) + " here";
}

/// The description in the metadata. Deeper than any that is written it is refused: JSON is copied by recursion.
nlohmann::json parsedDescription(const std::string& text, const std::filesystem::path& path) {
  return nlohmann::json::parse(text, [&path](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (depth > kDepthLimit) {
      throw Error(ErrorKind::BadInput, "the checkpoint's description is nested too deeply", path.string(),
                  "train anew without resuming");
    }
    return true;
  });
}

}  // namespace

void writeCheckpoint(const Checkpoint& checkpoint, const std::filesystem::path& path) {
  TensorFile file;
  addWithPrefix(file, kNetwork, checkpoint.network);
  addWithPrefix(file, kOptimizer, checkpoint.optimizer);
  addWithPrefix(file, kFingerprint, checkpoint.fingerprints);
  const nlohmann::json json = {{"format", kFormat},
                               {"plan", checkpoint.plan},
                               {"step", checkpoint.step},
                               {"seconds", checkpoint.seconds},
                               {"figures", checkpoint.figures}};
  file.metadata[kMetadataKey] = json.dump();
  writeSafetensors(file, path);
}

std::optional<std::int64_t> checkpointStep(const std::filesystem::path& path) {
  try {
    const auto metadata = readSafetensorsHeader(path).metadata;
    const auto text = metadata.find(kMetadataKey);
    if (text == metadata.end()) return std::nullopt;
    return parsedDescription(text->second, path).at("step").get<std::int64_t>();
  } catch (const Error&) {
    return std::nullopt;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

Checkpoint readCheckpoint(const std::filesystem::path& path) {
  const TensorFile file = readSafetensors(path);
  const auto text = file.metadata.find(kMetadataKey);
  if (text == file.metadata.end()) {
    throw Error(ErrorKind::BadInput, "this file is no training checkpoint", path.string(),
                "give the checkpoint that an interrupted training wrote");
  }
  Checkpoint checkpoint;
  try {
    const nlohmann::json json = parsedDescription(text->second, path);
    if (json.at("format") != kFormat) {
      throw Error(ErrorKind::BadInput, "the checkpoint was written by another version of Whorl", path.string(),
                  "train anew without resuming");
    }
    checkpoint.plan = json.at("plan");
    checkpoint.step = json.at("step").get<std::int64_t>();
    checkpoint.seconds = json.at("seconds").get<double>();
    checkpoint.figures = json.at("figures");
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::BadInput, "the checkpoint's description can't be read", path.string(),
                "train anew without resuming");
  }
  for (const auto& [name, tensor] : file.tensors) {
    const std::string_view view = name;
    if (view.starts_with(kNetwork)) {
      checkpoint.network[name.substr(kNetwork.size())] = tensor;
    } else if (view.starts_with(kOptimizer)) {
      checkpoint.optimizer[name.substr(kOptimizer.size())] = tensor;
    } else if (view.starts_with(kFingerprint)) {
      checkpoint.fingerprints[name.substr(kFingerprint.size())] = tensor;
    } else {
      throw Error(ErrorKind::BadInput, "the checkpoint has an unknown tensor " + name, path.string());
    }
  }
  return checkpoint;
}

std::string planDifference(const nlohmann::json& there, const nlohmann::json& here) {
  std::string text;
  collectDifferences("plan", there, here, text);
  return text;
}

}  // namespace whorl
