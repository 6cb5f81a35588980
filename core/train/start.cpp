// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/start.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/nn/model.h"
#include "core/train/checkpoint.h"
#include "core/train/training_run.h"

namespace whorl {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::filesystem::path& file) {
  throw Error(ErrorKind::BadInput, "training can't start from this model: " + what, file.string());
}

void checkSame(const Model& model, const Network& network, const std::filesystem::path& file) {
  const std::string& wanted = network.architecture().name;
  if (model.architecture != wanted) refuse("it is a " + model.architecture + ", not a " + wanted, file);
  if (model.input != network.inputShape()) {
    refuse("it takes " + toText(model.input) + ", the data are " + toText(network.inputShape()), file);
  }
  if (static_cast<int>(model.classNames.size()) != network.classCount()) {
    refuse("it has " + std::to_string(model.classNames.size()) + " classes, the data " +
               std::to_string(network.classCount()),
           file);
  }
  const auto all = [](const std::vector<double>& values, double wanted) {
    return std::all_of(values.begin(), values.end(), [wanted](double value) { return value == wanted; });
  };
  if (!all(model.mean, kTrainingMean) || !all(model.scale, kTrainingScale)) {
    refuse("it normalises images in another way than training here does", file);
  }
}

}  // namespace

std::string loadStart(Network& network, const std::filesystem::path& file) {
  if (checkpointStep(file)) {
    const Checkpoint checkpoint = readCheckpoint(file);
    if (const auto name = checkpoint.plan.value("architecture", std::string()); name != network.architecture().name) {
      refuse("it is a " + name + ", not a " + network.architecture().name, file);
    }
    network.load(checkpoint.network, file.string());
    return sha256File(file);
  }
  const Model model = readModel(file, torch::kCPU);
  checkSame(model, network, file);
  network.load(model.network()->tensors(), file.string());
  return model.sha256;
}

}  // namespace whorl
