// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/model.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <utility>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/isfinite.h>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/nn/fused_classifier.h"
#include "core/nn/import_torchscript.h"
#include "core/nn/safetensors.h"

namespace whorl {
namespace {

using nlohmann::json;
using torch::Tensor;

constexpr const char* kMetadataKey = "whorl";
constexpr int kFormatVersion = 1;
constexpr const char* kDx = "fingerprint.dx";
constexpr const char* kDy = "fingerprint.dy";
constexpr std::size_t kMetadataLimit = 16 << 20;
constexpr int kMetadataDepth = 64;
constexpr int kSideLimit = 8192;
constexpr int kChannelLimit = 64;
constexpr std::size_t kClassLimit = 100'000;
constexpr std::int64_t kNamedSlack = 20'000'000;

[[noreturn]] void throwBad(const std::filesystem::path& path, const std::string& reason,
                           const std::string& hint = "the file is damaged, or was not written by Whorl") {
  throw Error(ErrorKind::BadInput, reason, path.string(), hint);
}

json parsedMetadata(const TensorFileHeader& header, const std::filesystem::path& path) {
  const auto found = header.metadata.find(kMetadataKey);
  if (found == header.metadata.end()) {
    throwBad(path, "this .safetensors file is no Whorl model: it has no metadata 'whorl'",
             "import it, and name its architecture");
  }
  if (found->second.size() > kMetadataLimit) {
    throwBad(path, "the metadata 'whorl' is larger than 16 MiB");
  }
  try {
    std::vector<std::set<std::string>> keys;
    const auto guard = [&path, &keys](int depth, json::parse_event_t event, json& parsed) {
      if (depth > kMetadataDepth) {
        throwBad(path, "the metadata 'whorl' is nested too deeply");
      }
      if (event == json::parse_event_t::object_start) {
        keys.emplace_back();
      } else if (event == json::parse_event_t::object_end) {
        keys.pop_back();
      } else if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
        throwBad(path, "the metadata 'whorl' has the key '" + parsed.get<std::string>() + "' twice");
      }
      return true;
    };
    return json::parse(found->second, guard);
  } catch (const json::exception&) {
    throwBad(path, "the metadata 'whorl' is not valid JSON");
  }
}

int dimension(const json& value, int limit, const std::filesystem::path& path) {
  if (!value.is_number_integer() || value < 1 || value > limit) {
    throwBad(path, "the metadata's input must be [channels, height, width] of whole numbers, at most [" +
                       std::to_string(kChannelLimit) + ", " + std::to_string(kSideLimit) + ", " +
                       std::to_string(kSideLimit) + "]");
  }
  return value.get<int>();
}

// Everything but tensors.
Model modelFromMetadata(const json& metadata, const std::filesystem::path& path) {
  Model model;
  try {
    // Compared as JSON: as an int 4294967297 would be 1, and 1e300 would be undefined.
    const json& version = metadata.at("format_version");
    if (version != kFormatVersion) {
      throwBad(
          path,
          "the model's format version is " + version.dump() + ", this program knows " + std::to_string(kFormatVersion),
          "use a newer Whorl");
    }
    model.name = metadata.value("name", std::string());
    model.architecture = metadata.at("architecture").get<std::string>();
    const json& input = metadata.at("input");
    if (!input.is_array() || input.size() != 3) {
      throwBad(path, "the metadata's input must be [channels, height, width]");
    }
    model.input = {dimension(input[0], kChannelLimit, path), dimension(input[1], kSideLimit, path),
                   dimension(input[2], kSideLimit, path)};
    model.mean = metadata.at("mean").get<std::vector<double>>();
    model.scale = metadata.at("scale").get<std::vector<double>>();
    model.classNames = metadata.at("class_names").get<std::vector<std::string>>();
    if (metadata.contains("threshold") && !metadata["threshold"].is_null()) {
      model.threshold = metadata["threshold"].get<double>();
    }
    model.past = metadata.value("past", json::object());
    if (model.architecture == kTorchScript) {
      model.differentiable = metadata.at("differentiable").get<bool>();
    }
  } catch (const json::exception& error) {
    throwBad(path, std::string("the metadata 'whorl' can't be understood: ") + error.what());
  }
  if (model.name.empty()) {
    model.name = path.stem().string();
  }
  model.path = path;
  return model;
}

/// As float32, in which images are normalised: 1e300 would be infinite there.
bool allFinite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return std::abs(value) <= std::numeric_limits<float>::max(); });
}

const Architecture& knownArchitecture(const std::string& name, const std::filesystem::path& path) {
  try {
    return findArchitecture(name);
  } catch (const Error& error) {
    throwBad(path, error.message(), error.hint());
  }
}

// What must hold of the plain fields, on the way in and on the way out.
void checkFields(const Model& model, const std::filesystem::path& path) {
  if (model.classNames.size() < 2 || model.classNames.size() > kClassLimit) {
    throwBad(path, "a model needs 2 to " + std::to_string(kClassLimit) + " class names, there are " +
                       std::to_string(model.classNames.size()));
  }
  const auto channels = static_cast<std::size_t>(model.input.channels);
  if (model.mean.size() != channels || model.scale.size() != channels || !allFinite(model.mean) ||
      !allFinite(model.scale) || std::any_of(model.scale.begin(), model.scale.end(), [](double value) {
        return value < std::numeric_limits<float>::min();
      })) {
    throwBad(path, "mean and scale need one finite number for each of the " + std::to_string(channels) +
                       " channels, and scale must be greater than 0");
  }
  if (model.threshold && !(std::isfinite(*model.threshold) && *model.threshold >= 0)) {
    throwBad(path, "the threshold is not a finite number of at least 0");
  }
  if (!model.past.is_object()) {
    throwBad(path, "the metadata's past is not an object");
  }
}

std::string listText(const std::vector<std::int64_t>& sizes) { return json(sizes).dump(); }

void checkFingerprintShapes(const std::vector<std::int64_t>* dx, const std::vector<std::int64_t>* dy,
                            const Model& model, const std::filesystem::path& path) {
  if ((dx == nullptr) != (dy == nullptr)) {
    throwBad(path, std::string(dx == nullptr ? kDx : kDy) + " is missing: fingerprints need both");
  }
  if (dx == nullptr) {
    return;
  }
  const auto classes = static_cast<std::int64_t>(model.classNames.size());
  const std::int64_t count = dx->empty() ? 0 : dx->front();
  const std::vector<std::int64_t> wantedDx{count, model.input.channels, model.input.height, model.input.width};
  const std::vector<std::int64_t> wantedDy{count, classes, classes};
  if (count < 1 || *dx != wantedDx) {
    throwBad(path, std::string(kDx) + " has the shape " + listText(*dx) + ", the model needs [N,C,H,W] of input " +
                       toText(model.input));
  }
  if (*dy != wantedDy) {
    throwBad(path, std::string(kDy) + " has the shape " + listText(*dy) + ", the model needs " + listText(wantedDy));
  }
}

void checkFingerprint(const std::optional<Tensor>& tensor, const char* name, const std::filesystem::path& path) {
  if (tensor && (tensor->scalar_type() != torch::kFloat32 || !at::isfinite(*tensor).all().item<bool>())) {
    throwBad(path, std::string(name) + " must hold finite float32 numbers");
  }
}

const std::vector<std::int64_t>* shapeOf(const TensorFileHeader& header, const char* name) {
  const auto found = header.tensors.find(name);
  return found == header.tensors.end() ? nullptr : &found->second.shape;
}

// Before anything is allocated for the network, so that a few bytes of metadata can't ask for all memory. Where little
// is at stake (`slack` parameters), Network::load says it better: by the tensor's name.
void checkWeightCount(const TensorFileHeader& header, const Model& model, std::int64_t slack) {
  const Architecture& architecture = knownArchitecture(model.architecture, model.path);
  std::int64_t wanted = 0;
  try {
    wanted = parameterCount(architecture, model.input, static_cast<int>(model.classNames.size()));
  } catch (const Error& error) {
    throwBad(model.path, error.message(), error.hint());
  }
  std::int64_t there = 0;
  for (const auto& [name, info] : header.tensors) {
    if (name != kDx && name != kDy && !name.ends_with("running_mean") && !name.ends_with("running_var")) {
      there += static_cast<std::int64_t>((info.end - info.begin) / c10::elementSize(info.dtype));
    }
  }
  if (std::abs(there - wanted) > slack) {
    throwBad(model.path, "the file holds " + std::to_string(there) + " trainable parameters, " + architecture.name +
                             " for " + toText(model.input) + " and " + std::to_string(model.classNames.size()) +
                             " classes has " + std::to_string(wanted));
  }
}

Model checkedHeader(const TensorFileHeader& header, const std::filesystem::path& path, std::int64_t slack) {
  Model model = modelFromMetadata(parsedMetadata(header, path), path);
  checkFields(model, path);
  if (model.architecture == kTorchScript) {
    checkModuleTensor(header, path);
    return model;
  }
  checkFingerprintShapes(shapeOf(header, kDx), shapeOf(header, kDy), model, path);
  checkWeightCount(header, model, slack);
  return model;
}

std::optional<Tensor> taken(std::map<std::string, Tensor>& tensors, const char* name) {
  auto node = tensors.extract(name);
  return node.empty() ? std::nullopt : std::optional<Tensor>(std::move(node.mapped()));
}

std::string metadataText(const Model& model, const std::filesystem::path& path) {
  json metadata{{"format_version", kFormatVersion},
                {"name", model.name.empty() ? path.stem().string() : model.name},
                {"architecture", model.architecture},
                {"input", {model.input.channels, model.input.height, model.input.width}},
                {"mean", model.mean},
                {"scale", model.scale},
                {"class_names", model.classNames},
                {"threshold", nullptr},
                {"past", model.past}};
  if (model.threshold) {
    metadata["threshold"] = *model.threshold;
  }
  if (model.module) {
    metadata["differentiable"] = model.differentiable;
  }
  try {
    return metadata.dump();
  } catch (const json::exception&) {
    throwBad(path, "a name is not UTF-8", "rename the model or its classes");
  }
}

Model readModule(const std::filesystem::path& path, torch::Device device, const TrustsFile& trusts) {
  // Read once: the bytes that are loaded must be those whose checksum is trusted.
  std::string bytes = readFile(path, kModuleFileLimit);
  const std::string sha256 = sha256Hex(bytes.data(), bytes.size());
  if (!trusts || !trusts(sha256)) {
    throwUntrusted(path);
  }
  Model model = checkedHeader(parseSafetensorsHeader(bytes, path), path, 0);
  if (model.architecture != kTorchScript) {
    throwBad(path, "the file changed while it was read", "try again");
  }
  model.module = std::make_shared<const std::string>(moduleArchiveOf(std::move(bytes), path));
  model.classifier = loadTorchScript(*model.module, path, model.input, model.mean, model.scale, device);
  if (static_cast<std::size_t>(model.classifier->classCount()) != model.classNames.size()) {
    throwBad(path, "the module tells " + std::to_string(model.classifier->classCount()) +
                       " classes apart, the file names " + std::to_string(model.classNames.size()));
  }
  model.differentiable = model.classifier->differentiable();
  model.sha256 = sha256;
  return model;
}

std::map<std::string, Tensor> moduleTensors(const std::string& archive) {
  // Only read from, though from_blob can't say so.
  return {{kModuleTensor, at::from_blob(const_cast<char*>(archive.data()), {static_cast<std::int64_t>(archive.size())},
                                        torch::kUInt8)}};
}

}  // namespace

void throwUntrusted(const std::filesystem::path& path) {
  throw Error(ErrorKind::BadInput, "the model is a TorchScript module, which can run code, and was not imported here",
              path.string(), "if you trust its origin, import it with --allow-torchscript");
}

const Network* Model::network() const {
  const auto* wrapped = dynamic_cast<const NetworkClassifier*>(classifier.get());
  return wrapped == nullptr ? nullptr : &wrapped->network();
}

Model readModel(const std::filesystem::path& path, torch::Device device, const TrustsFile& trusts) {
  Model model = checkedHeader(readSafetensorsHeader(path), path, kNamedSlack);
  if (model.architecture == kTorchScript) {
    return readModule(path, device, trusts);
  }
  TensorFile file = readSafetensors(path);
  model.fingerprintDx = taken(file.tensors, kDx);
  model.fingerprintDy = taken(file.tensors, kDy);
  checkFingerprint(model.fingerprintDx, kDx, path);
  checkFingerprint(model.fingerprintDy, kDy, path);
  Network network(findArchitecture(model.architecture), model.input, static_cast<int>(model.classNames.size()), 0);
  network.load(file.tensors, path.string());
  network.to(device);
  if (model.fingerprintDx) {
    model.fingerprintDx = model.fingerprintDx->to(device);
    model.fingerprintDy = model.fingerprintDy->to(device);
  }
  model.classifier = classifierOf(std::move(network), model.mean, model.scale);
  model.sha256 = sha256File(path);
  return model;
}

Model readModelHeader(const std::filesystem::path& path) {
  const TensorFileHeader header = readSafetensorsHeader(path);
  Model model = checkedHeader(header, path, 0);
  if (const auto* dx = shapeOf(header, kDx)) {
    const auto shapeOnly = at::TensorOptions().dtype(torch::kFloat32).device(c10::kMeta);
    model.fingerprintDx = at::empty(*dx, shapeOnly);
    model.fingerprintDy = at::empty(*shapeOf(header, kDy), shapeOnly);
  }
  return model;
}

std::string writeModel(const Model& model, const std::filesystem::path& path) {
  const Network* network = model.network();
  if (network == nullptr && model.module == nullptr) {
    throw Error(ErrorKind::Internal, "the model has neither a network nor a module to write", path.string());
  }
  if ((network == nullptr ? kTorchScript : network->architecture().name) != model.architecture ||
      model.classifier->inputShape() != model.input ||
      static_cast<std::size_t>(model.classifier->classCount()) != model.classNames.size()) {
    throw Error(ErrorKind::Internal, "the model's fields do not describe its network", path.string());
  }
  checkFields(model, path);
  const auto dxShape = model.fingerprintDx ? model.fingerprintDx->sizes().vec() : std::vector<std::int64_t>();
  const auto dyShape = model.fingerprintDy ? model.fingerprintDy->sizes().vec() : std::vector<std::int64_t>();
  checkFingerprintShapes(model.fingerprintDx ? &dxShape : nullptr, model.fingerprintDy ? &dyShape : nullptr, model,
                         path);
  checkFingerprint(model.fingerprintDx, kDx, path);
  checkFingerprint(model.fingerprintDy, kDy, path);
  TensorFile file;
  file.tensors = network == nullptr ? moduleTensors(*model.module) : network->tensors();
  for (const auto& [name, tensor] : file.tensors) {
    if (network != nullptr && !at::isfinite(tensor).all().item<bool>()) {
      throw Error(ErrorKind::Failed, "tensor " + name + " has NaN or infinite values, so the model is not written",
                  path.string(), "the training run diverged: use a smaller learning rate");
    }
  }
  if (model.fingerprintDx) {
    file.tensors[kDx] = *model.fingerprintDx;
    file.tensors[kDy] = *model.fingerprintDy;
  }
  file.metadata[kMetadataKey] = metadataText(model, path);
  writeSafetensors(file, path);
  return sha256File(path);
}

}  // namespace whorl
