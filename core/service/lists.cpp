// SPDX-License-Identifier: GPL-3.0-or-later
// The lists of what there is, drawn from each room's table.
#include <algorithm>
#include <set>

#include "core/attack/adaptive.h"
#include "core/attack/attack.h"
#include "core/detect/detector.h"
#include "core/nn/architecture.h"
#include "core/nn/device.h"
#include "core/service/attack_setup.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/train/trainer.h"
#include "core/train/training_loss.h"
#ifndef WHORL_MINIMAL
#include "core/image/corruptions.h"
#include "core/image/perturbation.h"
#endif

namespace whorl {

EngineInfo EngineImpl::info() const {
  EngineInfo info;
  info.version = versionText();
  info.torchVersion = torchVersionText();
  info.opencvVersion = WHORL_OPENCV_VERSION;  // "" in the minimal build
  // How many threads the CPU's work gets is said by `threads`; the calling thread's own count means nothing to anybody.
  const auto device = parseDevice("auto");
  info.device = device.is_cpu() ? "cpu" : describeDevice(device);
  info.devices = {"cpu"};
  if (cudaAvailable()) {
    for (int i = 0;; ++i) {
      try {
        info.devices.push_back(parseDevice("cuda:" + std::to_string(i)).str());
      } catch (const Error&) {
        break;  // one past the last
      }
    }
  }
  info.threads = hardwareThreads();
  info.bfloat16 = hasBfloat16();
  info.userFolder = m_userFolder.string();
  info.resourceFolder = m_resourceFolder.string();
  return info;
}

std::vector<DatasetInfo> EngineImpl::datasets() const {
  std::vector<DatasetInfo> list;
  for (const auto& entry : m_catalogue.entries()) {
    DatasetInfo info;
    info.name = entry.name;
    info.title = entry.title;
    info.licence = entry.licence;
    info.paper = entry.paper;
    info.shape = entry.shape;
    info.classNames = entry.classNames;
    info.trainCount = entry.trainCount;
    info.testCount = entry.testCount;
    info.generated = entry.format == "generated";
    if (const auto folder = m_catalogue.locate(entry, m_datasets.search())) info.location = folder->string();
    for (const auto& file : entry.files) info.downloadBytes += file.downloadBytes;
    list.push_back(std::move(info));
  }
  return list;
}

std::vector<ArchitectureInfo> EngineImpl::architectures() const {
  std::vector<ArchitectureInfo> list;
  for (const auto& architecture : whorl::architectures()) {
    list.push_back({architecture.name, architecture.title, architecture.reference, architecture.input,
                    architecture.classes, parameterCount(architecture, architecture.input, architecture.classes),
                    layerCount(architecture)});
  }
  return list;
}

std::vector<PerturbationInfo> EngineImpl::perturbations() const {
  std::vector<PerturbationInfo> list;
#ifndef WHORL_MINIMAL
  for (const auto* each : whorl::perturbations()) {
    list.push_back({each->spec(), toText(each->family()), each->hasSeverity()});
  }
#endif
  return list;
}

std::vector<CorruptionSuiteInfo> EngineImpl::corruptionSuites() const {
  std::vector<CorruptionSuiteInfo> list;
#ifndef WHORL_MINIMAL
  for (const CorruptionSuite& suite : whorl::corruptionSuites()) {
    list.push_back({suite.name, suite.title, suite.reference, suite.perturbations});
  }
#endif
  return list;
}

std::vector<AttackInfo> EngineImpl::attacks() const {
  std::vector<AttackInfo> list;
  for (const auto* attack : whorl::attacks()) {
    AttackInfo info{attackSpec(*attack), threatModelName(attack->threatModel()), attack->norms(), {}, {}};
    for (const AttackPreset& preset : attack->presets()) {
      info.presets.push_back({preset.name, preset.summary, threatModelName(preset.threatModel), preset.parameters});
    }
    info.adaptiveParameters = adaptiveParameters();
    list.push_back(std::move(info));
  }
  return list;
}

std::vector<DetectorInfo> EngineImpl::detectors() const {
  std::vector<DetectorInfo> list;
  for (const auto& entry : whorl::detectors()) {
    list.push_back(
        {*entry.spec, entry.needs.trainingImages, entry.needs.attackedImages, entry.needs.twins, entry.companions});
  }
  return list;
}

std::vector<OperationSpec> EngineImpl::objectives() const {
  std::vector<OperationSpec> list;
  for (const auto& entry : trainingObjectives()) list.push_back(*entry.spec);
  return list;
}

std::vector<TrainPresetInfo> EngineImpl::trainPresets() const {
  std::vector<TrainPresetInfo> list;
  for (const auto& preset : trainingPresets()) {
    list.push_back(
        {preset.name, preset.title, preset.dataset, preset.architecture, preset.objective, preset.parameters});
  }
  return list;
}

std::vector<ParameterSpec> EngineImpl::trainParameters(const std::string& objective) const {
  std::vector<ParameterSpec> specs = trainerParameters();
  std::set<std::string> names;
  for (const auto& spec : specs) names.insert(spec.name);
  const auto append = [&](const std::vector<ParameterSpec>& more) {
    for (const auto& spec : more) {
      if (names.insert(spec.name).second) specs.push_back(spec);
    }
  };
  append(objectiveParameters(objective));
  if (objectiveNeedsFingerprints(objective)) append(fingerprintParameters());
  return specs;
}

}  // namespace whorl
