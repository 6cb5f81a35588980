// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/recipe_workbench.h"

#include <algorithm>
#include <system_error>

#include <ATen/ops/cat.h>

#include "core/base/error.h"
#include "core/detect/detector.h"
#include "core/nn/architecture.h"
#include "core/nn/safetensors.h"
#include "core/nn/thread_scope.h"
#include "core/service/documents.h"
#include "core/service/evaluation.h"
#include "core/service/impl/attack_run.h"
#include "core/service/impl/inference.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;

TrainPresetInfo trainPreset(const Engine& engine, const std::string& name) {
  std::string known;
  for (const auto& preset : engine.trainPresets()) {
    if (preset.name == name) return preset;
    known += (known.empty() ? "" : ", ") + preset.name;
  }
  throw Error(ErrorKind::Usage, "there is no training preset \"" + name + "\"", "train", "one of " + known);
}

const AttackPreset* attackPreset(const Attack& attack, const std::string& name) {
  if (name.empty()) return nullptr;
  std::string known;
  for (const AttackPreset& preset : attack.presets()) {
    if (preset.name == name) return &preset;
    known += (known.empty() ? "" : ", ") + preset.name;
  }
  throw Error(ErrorKind::Usage, attack.spec().name + " has no preset \"" + name + "\"", "preset",
              known.empty() ? "it has none" : "one of " + known);
}

const DataSplit& splitOf(const Dataset& data, const std::string& name) {
  return name == "train" ? data.train : data.test;
}

void appendBatch(std::map<std::string, std::vector<torch::Tensor>>& columns, const AttackedBatch& batch) {
  const auto difference = (batch.adversarial - batch.original).to(torch::kFloat64).flatten(1);
  columns["original"].push_back(batch.original);
  columns["adversarial"].push_back(batch.adversarial);
  columns["label"].push_back(batch.labels);
  columns["adversarial_prediction"].push_back(batch.predictions);
  columns["success"].push_back(batch.success);
  columns["index"].push_back(batch.indices);
  columns["l2"].push_back(difference.square().sum(1).sqrt());
  columns["linf"].push_back(difference.abs().amax(1));
  if (batch.targets.defined()) columns["target"].push_back(batch.targets);
}

}  // namespace

// ---- Declarations --------------------------------------------------------------------------------------------------

TrainingTask RecipeWorkbench::resolve(const RecipeModel& model) const {
  TrainingTask task;
  task.name = model.name;
  task.data = model.data;
  task.seed = model.seed;
  task.limitTrain = model.limitTrain;
  Parameters preset;
  if (!model.preset.empty()) {
    const TrainPresetInfo info = trainPreset(m_parts.engine, model.preset);
    task.architecture = info.architecture;
    task.objective = info.objective;
    preset = info.parameters;
  }
  if (!model.architecture.empty()) task.architecture = model.architecture;
  if (!model.objective.empty()) task.objective = model.objective;
  task.architecture = findArchitecture(task.architecture).name;
  const auto specs = m_parts.engine.trainParameters(task.objective);
  Parameters given;
  // Another objective than the preset's: its values only count where that objective has them.
  for (const auto& [name, value] : preset.values()) {
    const bool declared =
        std::any_of(specs.begin(), specs.end(), [&name = name](const auto& spec) { return spec.name == name; });
    if (declared) given.set(name, value);
  }
  for (const auto& [name, value] : model.parameters.values()) given.set(name, value);
  task.parameters = whorl::resolve("train", specs, given);
  return task;
}

AttackTask RecipeWorkbench::resolve(const RecipeAttack& attack) const {
  const Attack& found = findAttack(attack.attack);
  const AttackPreset* preset = attackPreset(found, attack.preset);
  Parameters given = preset ? preset->parameters : Parameters{};
  for (const auto& [name, value] : attack.parameters.values()) given.set(name, value);
  AttackTask task;
  task.attack = attack.attack;
  task.precision = attack.precision;
  task.threatModel = attack.threatModel;
  if (task.threatModel.empty()) task.threatModel = threatModelName(preset ? preset->threatModel : ThreatModel::GreyBox);
  const AttackSetup setup = declaredAttack(task.attack, given, task.threatModel);
  task.parameters = setup.parameters;
  for (const auto& [name, value] : setup.adaptive.values()) task.parameters.set(name, value);
  task.target = setup.targeted ? std::max<std::int64_t>(setup.target, -1) : -1;
  return task;
}

DetectorTask RecipeWorkbench::resolve(const RecipeDetector& detector) const {
  const DetectorEntry& entry = findDetector(detector.detector);
  DetectorTask task;
  task.detector = detector.detector;
  task.parameters = whorl::resolve(detector.detector, entry.spec->parameters, detector.parameters);
  task.needsTraining = entry.needs.trainingImages;
  task.needsAttacked = entry.needs.attackedImages;
  // The declared needs are those of the default: the number itself.
  if (task.parameters.has("output")) task.needsAttacked = task.parameters.text("output") == "logistic";
  return task;
}

// ---- Facts ---------------------------------------------------------------------------------------------------------

ModelFile RecipeWorkbench::model(const std::string& id) const {
  const ModelInfo info = m_parts.models.info(id);
  return {info.path, info.sha256, info.architecture};
}

const CatalogueEntry* RecipeWorkbench::listed(const std::string& data) const {
  const auto& entries = m_parts.catalogue.entries();
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name == data; });
  return found == entries.end() ? nullptr : &*found;
}

std::optional<std::string> RecipeWorkbench::dataChecksum(const std::string& data, bool fetch,
                                                         const JobContext& context) {
  if (!fetch) {
    const CatalogueEntry* entry = listed(data);
    if (entry && entry->format != "generated" && !m_parts.catalogue.locate(*entry, m_parts.datasets.search())) {
      return std::nullopt;
    }
  }
  return m_parts.datasets.get(data, context)->checksum;
}

// ---- Models and attacks --------------------------------------------------------------------------------------------

std::shared_ptr<const Model> RecipeWorkbench::load(const fs::path& path) const {
  return m_parts.models.load(path.string(), m_parts.device);
}

std::vector<Model> RecipeWorkbench::loadAll(const std::vector<fs::path>& paths) const {
  std::vector<Model> models;
  models.reserve(paths.size());
  for (const auto& path : paths) models.push_back(*load(path));
  return models;
}

std::string RecipeWorkbench::train(const TrainingTask& task, const fs::path& output, const fs::path& checkpoint,
                                   const JobContext& context) {
  TrainRequest request;
  request.dataset = task.data;
  request.architecture = task.architecture;
  request.objective = task.objective;
  request.parameters = task.parameters;
  request.seed = task.seed;
  request.limitTrain = task.limitTrain;
  request.device = m_parts.device;
  request.threads = m_parts.threads;
  request.output = output.string();
  request.modelName = task.name;
  request.checkpoint = checkpoint.string();
  request.resume = true;
  const TrainResult result = m_parts.engine.train(request, context);
  std::error_code ignored;
  fs::remove(checkpoint, ignored);
  return result.json;
}

ChosenImages RecipeWorkbench::choose(const fs::path& path, const ImageChoice& choice, std::int64_t target,
                                     const JobContext& context) {
  return translated("choosing images", [&] {
    const ThreadScope threads(m_parts.threads);
    const auto model = load(path);
    const DatasetPtr data = m_parts.datasets.get(choice.data, context);
    checkFits(*model, *data);
    const DataSplit& split = splitOf(*data, choice.split);
    auto order = selectionOrder(split.count(), choice.seed);
    if (choice.fromEnd) std::reverse(order.begin(), order.end());
    AttackSetup setup;
    setup.targeted = target >= 0;
    setup.target = target;
    const Selection selection = selectCorrect(*model, split, setup, choice.count, order, choice.seed, context);
    return ChosenImages{selection.indices, selection.examined, selection.cleanAccuracy};
  });
}

AttackPlan RecipeWorkbench::planFor(const Model& model, std::int64_t images, bool adaptive,
                                    const std::string& precision) const {
  AttackPlan plan = choosePlan(m_parts.plans, model, m_parts.threads);
  plan.precision = precision;
  fitBatches(plan, model, adaptive ? copiesOf(model) : 1);
  shareOut(plan, images);
  return plan;
}

AttackedSlice RecipeWorkbench::attack(const AttackTask& task, const fs::path& path, const ImageChoice& choice,
                                      const std::vector<std::int64_t>& indices, const fs::path& output,
                                      const JobContext& context) {
  return translated("attack", [&] {
    const ThreadScope threads(m_parts.threads);
    const auto model = load(path);
    const DatasetPtr data = m_parts.datasets.get(choice.data, context);
    checkPlan(task.precision, "", *model);
    const AttackSetup setup = prepareAttack(task.attack, task.parameters, task.threatModel, *model);
    const AttackPlan plan = planFor(*model, std::ssize(indices), setup.detectorScore != nullptr, task.precision);
    std::map<std::string, std::vector<torch::Tensor>> columns;
    std::int64_t forwards = 0;
    std::int64_t backwards = 0;
    std::vector<std::string> notes;
    const double seconds = attackInBatches(*model, splitOf(*data, choice.split), setup, {indices, 0, 0}, plan,
                                           choice.seed, context, [&](AttackedBatch&& batch) {
                                             appendBatch(columns, batch);
                                             forwards += batch.forwards;
                                             backwards += batch.backwards;
                                             for (auto& note : batch.notes) {
                                               if (std::find(notes.begin(), notes.end(), note) == notes.end()) {
                                                 notes.push_back(std::move(note));
                                               }
                                             }
                                           });
    TensorFile file;
    for (const auto& [name, batches] : columns) file.tensors[name] = at::cat(batches);
    auto document = documentHead("attack", choice.seed, m_parts.device, plan.workers * plan.threadsPerWorker,
                                 plan.batchSize, plan.precision);
    const auto successes = file.tensors.at("success").sum().item<std::int64_t>();
    document.update({{"model_sha256", model->sha256},
                     {"attack", task.attack},
                     {"parameters", toJson(task.parameters)},
                     {"threat_model", task.threatModel},
                     {"attacked", std::ssize(indices)},
                     {"successes", successes},
                     {"forwards", forwards},
                     {"backwards", backwards},
                     {"notes", notes},
                     {"seconds", seconds}});
    file.metadata["whorl"] = jsonText(document);
    writeSafetensors(file, output);
    return AttackedSlice{successes, jsonText(document)};
  });
}

void RecipeWorkbench::join(const std::vector<fs::path>& slices, const fs::path& output) {
  translated("joining slices", [&] {
    std::map<std::string, std::vector<torch::Tensor>> columns;
    TensorFile whole;
    for (const auto& slice : slices) {
      TensorFile file = readSafetensors(slice);
      for (auto& [name, rows] : file.tensors) columns[name].push_back(rows);
      if (whole.metadata.empty()) whole.metadata = std::move(file.metadata);
    }
    for (const auto& [name, rows] : columns) whole.tensors[name] = at::cat(rows);
    writeSafetensors(whole, output);
  });
}

}  // namespace whorl
