// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/cell_steps.h"

#include <algorithm>
#include <chrono>
#include <set>

#include <nlohmann/json.hpp>

#include "core/base/random.h"
#include "core/experiment/keys.h"
#include "core/experiment/scored_set.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count(); }

 private:
  std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

json parsed(const StoredEntry& entry) {
  json document = json::parse(entry.document, nullptr, /*allow_exceptions=*/false);
  if (document.is_object()) return document;
  throw Error(ErrorKind::BadInput, "the run store's entry is damaged", entry.key, "compute it again with --rerun");
}

/// Progress counts images of the whole set, not of the slice.
JobContext shifted(const JobContext& context, std::int64_t before, std::int64_t all) {
  return {context.stopToken(),
          [&context, before, all](const Progress& progress) {
            Progress later = progress;
            later.done = before + progress.done;
            later.total = all;
            context.report(later);
          },
          [&context] { context.step(); }};
}

}  // namespace

CellSteps::CellSteps(const Plan& plan, RunStore& store, Workbench& workbench, bool dryRun)
    : m_plan(plan), m_store(store), m_workbench(workbench), m_dryRun(dryRun) {}

CellSteps::CellResult CellSteps::cell(const PlannedCell& cell, bool again, const JobContext& context) {
  m_again = again;
  m_cell = {};
  const PlannedDetector& detector = m_plan.detectors[cell.detector];
  const PlannedAttack& attack = m_plan.attacks[cell.attack];
  std::vector<ModelFile> models;
  for (const std::size_t index : detector.models) {
    if (const auto file = model(index, context)) models.push_back(*file);
  }
  if (detector.task && models.size() == detector.models.size()) check(detector, models, attack.count);
  const std::size_t victim = attack.on.value_or(detector.models.front());
  if (const auto file = model(victim, context)) m_cell.model = file->path;
  const auto set = attacked(cell.attack, victim, choice("test", attack.count, false), context);
  if (models.size() != detector.models.size() || !set) {
    // The rest waits for them; what it costs is little beside them.
    return m_cell;
  }
  m_cell.attacked = set->entry.artefact;
  m_cell.seconds += set->entry.seconds;
  std::optional<StoredEntry> fit;
  if (detector.task && (detector.task->needsAttacked || detector.task->needsTraining)) {
    fit = fitted(detector, detector.fitEach ? cell.attack : detector.fit.value_or(0), set->indices, models, context);
    if (!fit) return m_cell;
  }
  m_cell.scores = scores(detector, *set, attack.noiseSigma, fit, models, context);
  return m_cell;
}

void CellSteps::check(const PlannedDetector& detector, const std::vector<ModelFile>& models, std::int64_t images) {
  if (!m_checkedDetectors.emplace(detector.name, images).second) return;
  std::vector<fs::path> paths;
  for (const ModelFile& model : models) paths.push_back(model.path);
  try {
    m_workbench.check(*detector.task, paths, images);
  } catch (const Error&) {
    m_checkedDetectors.erase({detector.name, images});  // its other cells say so, too
    throw;
  }
}

ImageChoice CellSteps::choice(const std::string& split, std::int64_t count, bool fromEnd) const {
  return {m_plan.recipe.data, split, count, m_plan.recipe.sample.seed, fromEnd};
}

// ---- Looking up and computing --------------------------------------------------------------------------------------

void CellSteps::refresh(const std::string& key) {
  if (m_again && !m_dryRun && m_refreshed.insert(key).second) m_store.forget(key);
}

void CellSteps::count(const std::string& key, std::optional<double> seconds) {
  m_cell.kept = false;
  if (!m_counted.insert(key).second) return;
  if (!seconds) m_cell.missingKnown = false;
  m_cell.missing += seconds.value_or(0);
}

std::optional<StoredEntry> CellSteps::obtain(const std::string& key, const std::string& stage,
                                             const std::string& costKey, const std::function<double()>& estimate,
                                             const std::function<fs::path(StoredEntry&)>& work) {
  if (auto entry = m_store.find(key)) return entry;
  if (m_dryRun) {
    const double seconds = estimate();
    count(key, seconds >= 0 ? std::optional(seconds) : std::nullopt);
    return std::nullopt;
  }
  m_cell.kept = false;
  if (const auto failed = m_failed.find(key); failed != m_failed.end()) throw Error(failed->second);
  if (!m_store.claim(key)) {
    if (auto entry = m_store.find(key)) return entry;
    throw StepBusy{};
  }
  try {
    const Stopwatch watch;
    StoredEntry entry;
    entry.key = key;
    entry.stage = stage;
    entry.costKey = costKey;
    entry.units = 1;
    const fs::path file = work(entry);
    if (entry.seconds == 0) entry.seconds = watch.seconds();
    return m_store.keep(std::move(entry), file);
  } catch (const Error& error) {
    m_store.release(key);
    if (error.kind() != ErrorKind::Cancelled) m_failed.emplace(key, error);
    throw;
  } catch (...) {
    m_store.release(key);
    throw;
  }
}

std::optional<std::string> CellSteps::dataChecksum(const std::string& data, const JobContext& context) {
  auto& known = m_checksums[data];
  if (known.empty()) known = m_workbench.dataChecksum(data, !m_dryRun, context).value_or("");
  return known.empty() ? std::nullopt : std::optional(known);
}

// ---- Model ---------------------------------------------------------------------------------------------------------

std::optional<ModelFile> CellSteps::model(std::size_t index, const JobContext& context) {
  if (const auto known = m_models.find(index); known != m_models.end()) return known->second;
  const PlannedModel& planned = m_plan.models[index];
  const auto file = planned.training ? trained(planned, context) : std::optional(m_workbench.model(planned.file));
  if (file) m_models.emplace(index, *file);
  return file;
}

std::optional<ModelFile> CellSteps::trained(const PlannedModel& planned, const JobContext& context) {
  const TrainingTask& task = *planned.training;
  const auto data = dataChecksum(task.data, context);
  const auto guess = [&] {
    if (const auto known = m_store.secondsPerUnit(costKey(task))) return *known;
    return m_workbench.trainSeconds(task, context).value_or(-1);
  };
  if (!data) {
    count(keyOf(request(task, task.data)), std::nullopt);
    return std::nullopt;
  }
  const std::string start = startOf(task);
  const std::string key = keyOf(request(task, *data, start.empty() ? start : m_workbench.model(start).sha256));
  const auto entry = obtain(key, "model", costKey(task), guess, [&](StoredEntry& kept) {
    const fs::path file = m_store.temporaryFile(".safetensors");
    kept.document = m_workbench.train(task, file, m_store.workFile(key, ".checkpoint"), context);
    const json document = json::parse(kept.document, nullptr, false);
    // A resumed run's parts together.
    if (document.is_object() && document.contains("seconds")) kept.seconds = document["seconds"].get<double>();
    return file;
  });
  if (!entry) return std::nullopt;
  return ModelFile{entry->artefact, entry->artefactSha256, task.architecture};
}

// ---- Attacked images -----------------------------------------------------------------------------------------------

std::optional<ChosenImages> CellSteps::chosen(const ModelFile& model, const ImageChoice& choice, std::int64_t target,
                                              const JobContext& context) {
  const auto data = dataChecksum(choice.data, context);
  if (!data) return std::nullopt;
  const std::string key = keyOf(request(choice, target, *data, model.sha256));
  refresh(key);
  const auto entry = obtain(
      key, "selection", "", [] { return 0.0; },
      [&](StoredEntry& kept) {
        const ChosenImages images = m_workbench.choose(model.path, choice, target, context);
        kept.document =
            json{{"indices", images.indices}, {"examined", images.examined}, {"clean_accuracy", images.cleanAccuracy}}
                .dump();
        return fs::path();
      });
  if (!entry) return std::nullopt;
  const json document = parsed(*entry);
  return ChosenImages{document.at("indices").get<std::vector<std::int64_t>>(),
                      document.at("examined").get<std::int64_t>(), document.at("clean_accuracy").get<double>()};
}

std::optional<CellSteps::AttackedSet> CellSteps::attacked(std::size_t attackIndex, std::size_t modelIndex,
                                                          const ImageChoice& choice, const JobContext& context) {
  const PlannedAttack& attack = m_plan.attacks[attackIndex];
  const auto file = model(modelIndex, context);
  const TrainingTask* training = m_plan.models[modelIndex].training ? &*m_plan.models[modelIndex].training : nullptr;
  const auto guess = [&](std::int64_t count) {
    std::optional<double> seconds;
    if (file) seconds = m_store.secondsPerUnit(costKey(attack.task, *file, choice.data));
    if (!seconds) seconds = m_workbench.attackSeconds(attack.task, file, training, context);
    return seconds ? *seconds * static_cast<double>(count) : -1;
  };
  const auto images = file ? chosen(*file, choice, attack.task.target, context) : std::nullopt;
  if (!images) {
    const double seconds = guess(choice.count);
    count(attack.name + "|" + m_plan.models[modelIndex].name + "|" + choice.split + (choice.fromEnd ? "|end" : ""),
          seconds >= 0 ? std::optional(seconds) : std::nullopt);
    return std::nullopt;
  }
  if (images->indices.empty()) {
    throw Error(ErrorKind::BadInput, "no image can be attacked: none is classified correctly",
                m_plan.models[modelIndex].name + " on " + choice.data, "is it the model for this data set?");
  }
  json base = request(attack.task, choice.split, choice.seed, *dataChecksum(choice.data, context), file->sha256);
  json whole = base;
  whole["stage"] = "set";
  whole["indices"] = images->indices;
  const std::string key = keyOf(whole);
  refresh(key);
  auto entry = m_store.find(key);
  if (!entry && m_dryRun) {
    const double seconds = guess(std::ssize(images->indices));
    count(key, seconds >= 0 ? std::optional(seconds) : std::nullopt);
    return std::nullopt;
  }
  if (!entry) {
    attackSlices(attack, *file, choice, images->indices, base, key, context);
    entry = m_store.find(key);
  }
  if (!entry) throw StepBusy{};
  return AttackedSet{*entry, images->indices};
}

void CellSteps::attackSlices(const PlannedAttack& attack, const ModelFile& model, const ImageChoice& choice,
                             const std::vector<std::int64_t>& indices, const json& base, const std::string& setKey,
                             const JobContext& context) {
  const std::int64_t size = m_plan.recipe.sample.slice;
  const std::int64_t all = std::ssize(indices);
  std::vector<StoredEntry> slices;
  bool busy = false;
  for (std::int64_t first = 0; first < all; first += size) {
    context.step();
    if (m_store.find(setKey)) return;  // another process joined them
    const std::vector<std::int64_t> part(indices.begin() + first, indices.begin() + std::min(all, first + size));
    json sliceRequest = base;
    sliceRequest["stage"] = "slice";
    sliceRequest["indices"] = part;
    const std::string key = keyOf(sliceRequest);
    refresh(key);
    const JobContext inner = shifted(context, first, all);
    try {
      const auto entry = obtain(
          key, "slice", costKey(attack.task, model, choice.data), [] { return 0.0; },
          [&](StoredEntry& kept) {
            const fs::path file = m_store.temporaryFile(".safetensors");
            kept.document = m_workbench.attack(attack.task, model.path, choice, part, file, inner).document;
            kept.units = std::ssize(part);
            return file;
          });
      slices.push_back(*entry);
    } catch (const StepBusy&) {
      if (m_store.find(setKey)) return;
      busy = true;
    }
  }
  if (busy) throw StepBusy{};
  obtain(
      setKey, "set", costKey(attack.task, model, choice.data), [] { return 0.0; },
      [&](StoredEntry& kept) {
        const fs::path file = m_store.temporaryFile(".safetensors");
        std::vector<fs::path> files;
        json documents = json::array();
        for (const StoredEntry& slice : slices) {
          files.push_back(slice.artefact);
          documents.push_back(json::parse(slice.document, nullptr, false));
          kept.seconds += slice.seconds;
        }
        m_workbench.join(files, file);
        kept.units = all;
        kept.document = json{{"attack", base}, {"slices", documents}}.dump();
        return file;
      });
  // What they taught about the time stays in the set.
  for (const StoredEntry& slice : slices) m_store.forget(slice.key);
}

// ---- Detectors -----------------------------------------------------------------------------------------------------

std::optional<StoredEntry> CellSteps::fitted(const PlannedDetector& detector, std::size_t attack,
                                             const std::vector<std::int64_t>& tested,
                                             const std::vector<ModelFile>& models, const JobContext& context) {
  const RecipeSample& sample = m_plan.recipe.sample;
  FitWork work;
  work.detector = *detector.task;
  work.seed = mixSeed(sample.seed, "fit");
  json wanted = {{"stage", "fit"},      {"computation", kComputation.fit}, {"seed", work.seed}, {"set", nullptr},
                 {"training", nullptr}, {"noisy", detector.noisyNegatives}};
  wanted.update(request(*detector.task));
  for (const ModelFile& model : models) {
    work.models.push_back(model.path);
    wanted["models"].push_back(model.sha256);
  }
  const auto data = dataChecksum(m_plan.recipe.data, context);
  if (!data) return std::nullopt;
  wanted["data"] = *data;
  if (detector.task->needsAttacked) {
    const bool fromTest = sample.fitSplit == "test";
    const std::size_t on = m_plan.attacks[attack].on.value_or(detector.models.front());
    const auto set = attacked(attack, on, choice(sample.fitSplit, sample.fit, /*fromEnd=*/true), context);
    if (!set) return std::nullopt;
    if (fromTest) {
      const std::set<std::int64_t> both(tested.begin(), tested.end());
      if (std::any_of(set->indices.begin(), set->indices.end(), [&](auto index) { return both.contains(index); })) {
        throw Error(ErrorKind::BadInput, "the test split is too small: images that are tested would be fitted to",
                    m_plan.recipe.data, "lower sample.count or sample.fit, or set fit_split = \"train\"");
      }
    } else {
      work.without = set->indices;
    }
    work.attacked = set->entry.artefact;
    work.noiseSigma = m_plan.attacks[attack].noiseSigma;
    wanted["set"] = set->entry.key;
    if (work.noiseSigma > 0) wanted["noise_sigma"] = work.noiseSigma;
  }
  if (detector.task->needsTraining) {
    work.training = choice("train", sample.train, false);
    wanted["training"] = {{"count", sample.train}, {"seed", sample.seed}};
  }
  const std::string key = keyOf(wanted);
  refresh(key);
  const std::string cost = costKey(*detector.task, "fit", models.front(), m_plan.recipe.data);
  return obtain(
      key, "fit", cost, [&] { return m_store.secondsPerUnit(cost).value_or(-1); },
      [&](StoredEntry& kept) {
        const fs::path file = m_store.temporaryFile(".safetensors");
        m_workbench.fit(work, file, context);
        kept.document = wanted.dump();
        return file;
      });
}

std::optional<ScoredSet> CellSteps::scores(const PlannedDetector& detector, const AttackedSet& set, double noiseSigma,
                                           const std::optional<StoredEntry>& fit, const std::vector<ModelFile>& models,
                                           const JobContext& context) {
  ScoreWork work;
  work.detector = detector.task;
  work.attacked = set.entry.artefact;
  work.noisyNegatives = detector.noisyNegatives;
  work.seed = mixSeed(m_plan.recipe.sample.seed, "scores");
  json wanted = {{"stage", "scores"}, {"computation", kComputation.scores}, {"set", set.entry.key},
                 {"seed", work.seed}, {"noisy", work.noisyNegatives},       {"fit", nullptr},
                 {"detector", "none"}};
  if (detector.task) wanted.update(request(*detector.task));
  if (work.noisyNegatives && noiseSigma > 0) wanted["noise_sigma"] = work.noiseSigma = noiseSigma;
  for (const ModelFile& model : models) {
    work.models.push_back(model.path);
    wanted["models"].push_back(model.sha256);
  }
  if (fit) {
    work.fitted = fit->artefact;
    wanted["fit"] = fit->key;
  }
  const std::string key = keyOf(wanted);
  refresh(key);
  const std::string cost = costKey(detector.task.value_or(DetectorTask{"none", {}, false, false}), "scores",
                                   models.front(), m_plan.recipe.data);
  const auto entry = obtain(
      key, "scores", cost,
      [&] {
        const auto seconds = m_store.secondsPerUnit(cost);
        return seconds ? *seconds * static_cast<double>(set.indices.size()) : -1;
      },
      [&](StoredEntry& kept) {
        kept.document = toJson(m_workbench.score(work, context)).dump();
        kept.units = std::ssize(set.indices);
        return fs::path();
      });
  if (!entry) return std::nullopt;
  m_cell.seconds += entry->seconds;
  return scoredSetFromJson(parsed(*entry));
}

}  // namespace whorl
