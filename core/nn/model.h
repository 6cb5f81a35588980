// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <torch/types.h>
#include <nlohmann/json.hpp>

#include "core/nn/classifier.h"

namespace whorl {

/// The architecture of a model that is an imported module.
inline constexpr const char* kTorchScript = "torchscript";

/// A classifier as it lies in a model file: weights, what it expects, and its past.
///
/// The file is one .safetensors: the network's tensors by dotted name, `fingerprint.dx` [N,C,H,W] and `fingerprint.dy`
/// [N,K,K] (class, logit) where it has fingerprints, and in `__metadata__` one JSON text under `whorl`
/// (docs/model-file.md). An imported TorchScript module lies there as one tensor of bytes, `torchscript.module`; to
/// open such a file runs code.
struct Model {
  std::string name;          ///< for people; the file's stem if the file has none
  std::string architecture;  ///< kTorchScript for an imported module
  ImageShape input;
  std::vector<std::string> classNames;
  std::vector<double> mean;  ///< per channel, in [0,1] units
  std::vector<double> scale;
  std::optional<torch::Tensor> fingerprintDx;      ///< [N,C,H,W] float32
  std::optional<torch::Tensor> fingerprintDy;      ///< [N,K,K] float32
  std::optional<double> threshold;                 ///< τ of the fingerprint score, from clean images
  nlohmann::json past = nlohmann::json::object();  ///< recipe, seeds, data checksum, plan, version, figures
  std::string sha256;                              ///< of the file it was read from; "" if it was not
  std::filesystem::path path;

  /// The archive of an imported module, else null. Needed to write it, not to use it.
  std::shared_ptr<const std::string> module;
  bool differentiable = true;  ///< whether gradients flow to images; of a module, what its import found

  std::shared_ptr<const Classifier> classifier;  ///< ready to use, on `device`

  /// The network behind the classifier, or null for an imported module.
  const Network* network() const;
};

/// Whether the user lets the file of this SHA-256 run code.
using TrustsFile = std::function<bool(const std::string& sha256)>;

/// Reads and checks everything; NaN weights, missing or additional tensors, shapes that disagree are Error(BadInput).
/// So is a TorchScript module that `trusts` doesn't know; the checksum is that of the very bytes that are then loaded.
Model readModel(const std::filesystem::path& path, torch::Device device, const TrustsFile& trusts = {});
/// The error of that: what, where, and how to import the file.
[[noreturn]] void throwUntrusted(const std::filesystem::path& path);
/// Writes atomically and returns the SHA-256 of the file.
std::string writeModel(const Model& model, const std::filesystem::path& path);

/// What can be known without reading the weights (from the header): for lists. `classifier` is null, the fingerprint's
/// tensors have their shapes but no values (torch's meta device), and `sha256` is empty.
Model readModelHeader(const std::filesystem::path& path);

/// How a foreign file becomes a model.
struct ImportRequest {
  std::filesystem::path path;
  std::string architecture;             ///< a name of architectures(), or "" for TorchScript
  ImageShape input;                     ///< TorchScript: required; else the architecture's by default
  std::vector<double> mean;             ///< default 0
  std::vector<double> scale;            ///< default 1
  std::vector<std::string> classNames;  ///< default "0", "1", …
  bool allowTorchScript = false;        ///< TorchScript can execute code: the user must say so
};

/// safetensors from anywhere, a PyTorch file of a plain dict (also {"state_dict": …}), or a TorchScript classifier, as
/// torch.jit.save wrote it or in a model file from elsewhere (which then says input, mean, scale and class names
/// itself). A module that isn't a classifier of that input is refused with its shapes in the message. `stop` ends its
/// trial.
Model importModel(const ImportRequest& request, torch::Device device, const std::stop_token& stop = {});

/// A dict of tensors that Python's torch.load(weights_only=True) reads.
void exportPyTorch(const Model& model, const std::filesystem::path& path);

}  // namespace whorl
