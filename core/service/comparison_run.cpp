// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/comparison_run.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <system_error>

#include <nlohmann/json.hpp>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/experiment/comparison.h"
#include "core/experiment/report_text.h"
#include "core/service/duplicate_runs.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLargestDocument = std::size_t{64} << 20;
/// Goes up when what is computed changes, so that figures of before don't stand beside new ones.
constexpr int kComputation = 1;

std::string keyOf(const json& request) {
  const std::string text = request.dump(-1, ' ', false, json::error_handler_t::replace);
  return sha256Hex(text.data(), text.size());
}

/// A finished piece's document; none if there isn't one or it can't be read.
std::optional<json> kept(const fs::path& file) {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) return std::nullopt;
  json document = json::parse(readFile(file, kLargestDocument), nullptr, false);
  if (!document.is_object()) return std::nullopt;
  return document;
}

void keep(const json& document, const fs::path& file) {
  AtomicFile target(file);
  target.write(document.dump(-1, ' ', false, json::error_handler_t::replace));
  target.commit();
}

/// A row's training spelled out: its preset's values, then its own.
TrainRequest trainingOf(const Engine& engine, const Comparison& comparison, const ComparedModel& model) {
  TrainRequest request;
  request.dataset = comparison.data;
  request.architecture = model.architecture;
  request.objective = model.objective;
  request.limitTrain = comparison.limitTrain;
  Parameters preset;
  if (!model.preset.empty()) {
    const auto presets = engine.trainPresets();
    const auto found = std::find_if(presets.begin(), presets.end(),
                                    [&](const TrainPresetInfo& each) { return each.name == model.preset; });
    if (found == presets.end()) {
      throw Error(ErrorKind::BadInput, "there is no training preset \"" + model.preset + "\"",
                  comparison.path.filename().string() + ":" + std::to_string(model.line));
    }
    if (request.architecture.empty()) request.architecture = found->architecture;
    if (request.objective.empty()) request.objective = found->objective;
    preset = found->parameters;
  }
  const auto specs = engine.trainParameters(request.objective);
  for (const auto& [name, value] : preset.values()) {
    const bool declared = std::any_of(specs.begin(), specs.end(), [&](const auto& spec) { return spec.name == name; });
    if (declared) request.parameters.set(name, value);
  }
  for (const auto& [name, value] : model.parameters.values()) request.parameters.set(name, value);
  request.parameters = resolve(model.name, specs, request.parameters);
  return request;
}

class Run {
 public:
  Run(Engine& engine, const ComparisonRequest& request, const JobContext& context,
      const std::function<void(const std::string&)>& onLine)
      : m_engine(engine), m_request(request), m_context(context), m_onLine(onLine) {
    const auto path = comparisonPath(engine, request.recipe);
    if (!path) throw Error(ErrorKind::BadInput, "there is no such comparison", request.recipe);
    m_comparison = readComparison(*path, request.preset);
    const fs::path store =
        request.store.empty() ? fs::path(engine.info().userFolder) / "runs" : fs::path(request.store);
    m_folder = store / "comparisons";
    // What can't be trained is known before anything is.
    for (const ComparedModel& model : m_comparison.models) trainingOf(engine, m_comparison, model);
    for (const std::string& name : m_comparison.perturbations) checkPerturbation(name);
    if (m_comparison.duplicates) {
      m_benchmark = duplicateRequest(engine, *m_comparison.duplicates, m_comparison.data, path->c_str());
    }
  }

  ComparisonResult run() {
    for (const ComparedModel& model : m_comparison.models) {
      ComparedRow row{model, {}};
      for (const std::uint64_t seed : model.seeds) {
        if (const auto done = oneRun(model, seed)) row.runs.push_back(*done);
      }
      m_rows.push_back(std::move(row));
    }
    for (const ComparedModel& model : m_comparison.models) {
      if (m_comparison.duplicates && model.name == m_comparison.baseline) measureDuplicates(model);
    }
    return result();
  }

 private:
  void checkPerturbation(const std::string& name) const {
    for (const PerturbationInfo& each : m_engine.perturbations()) {
      if (each.spec.name == name && each.hasSeverity) return;
    }
    throw Error(ErrorKind::BadInput, "no perturbation with severities is called \"" + name + "\"",
                m_comparison.path.filename().string());
  }

  /// None where something is missing in a dry run.
  std::optional<ComparedRun> oneRun(const ComparedModel& model, std::uint64_t seed) {
    const auto trained = training(model, seed);
    if (!trained) return std::nullopt;
    ComparedRun made;
    made.seed = seed;
    made.kept = true;
    made.trainSeconds = trained->at("seconds").get<double>();
    const json history = trained->value("history", json::array());
    if (!history.empty()) {
      for (const auto& [name, value] : history.back().items()) {
        const bool figure = name == "loss" || name == "epoch" || name == "step" || name.find("accuracy") != name.npos;
        if (!figure && value.is_number()) made.losses.emplace_back(name, value.get<double>());
      }
    }
    const auto tested = figures(*trained, model, seed);
    if (!tested) return std::nullopt;
    made.clean = tested->at("clean_accuracy").get<double>();
    made.testSeconds = tested->at("seconds").get<double>();
    for (const json& cell : tested->at("cells")) made.cells.push_back(cellOf(cell));
    return made;
  }

  static ComparedCell cellOf(const json& cell) {
    std::string parameters;
    for (const auto& [name, value] : cell.at("parameters").items()) {
      if (name == "severity") continue;
      char text[64];
      std::snprintf(text, sizeof text, "%.4g", value.is_number() ? value.get<double>() : 0.0);
      parameters += (parameters.empty() ? "" : ", ") + name + "=" +
                    (value.is_number()   ? std::string(text)
                     : value.is_string() ? value.get<std::string>()
                                         : value.dump());
    }
    return {cell.at("perturbation").get<std::string>(), cell.at("severity").get<int>(), parameters,
            cell.at("accuracy").get<double>()};
  }

  std::optional<json> training(const ComparedModel& model, std::uint64_t seed) {
    TrainRequest request = trainingOf(m_engine, m_comparison, model);
    request.seed = seed;
    json wanted = {{"computation", kComputation},
                   {"data", request.dataset},
                   {"architecture", request.architecture},
                   {"objective", request.objective},
                   {"parameters", toJson(request.parameters)},
                   {"seed", seed},
                   {"limit_train", request.limitTrain}};
    if (!model.from.empty()) {
      const auto start = m_models.find({model.from, seed});
      if (start == m_models.end()) return missing("training", model, seed);
      wanted["start"] = start->second.second;
      request.parameters.set("start_from", start->second.first);
    }
    const std::string key = keyOf(wanted);
    const fs::path file = m_folder / (key + ".safetensors");
    const fs::path document = m_folder / (key + ".train.json");
    auto done = kept(document);
    // The model must be the very one that the document tells of.
    if (done && (!fs::exists(file) || sha256File(file) != done->value("model_sha256", std::string()))) done.reset();
    if (!done) {
      if (m_request.dryRun) return missing("training", model, seed);
      tell(model.name + ", seed " + std::to_string(seed) + ": training");
      request.device = m_request.device;
      request.threads = m_request.threads;
      request.output = file.string();
      request.modelName = model.name;
      request.checkpoint = (m_folder / (key + ".checkpoint")).string();
      request.resume = true;
      done = json::parse(m_engine.train(request, m_context).json);
      done->erase("model");  // a path
      keep(*done, document);
      std::error_code ignored;
      fs::remove(request.checkpoint, ignored);
      ++m_computed;
    }
    (*done)["key"] = key;
    m_models[{model.name, seed}] = {file.string(), done->at("model_sha256").get<std::string>()};
    return done;
  }

  std::optional<json> figures(const json& trained, const ComparedModel& model, std::uint64_t seed) {
    CorruptionRequest request;
    request.dataset = m_comparison.data;
    request.perturbations = m_comparison.perturbations;
    request.severities = m_comparison.severities;
    request.count = m_comparison.count;
    const json wanted = {{"computation", kComputation},      {"model", trained.at("model_sha256")},
                         {"data", request.dataset},          {"perturbations", request.perturbations},
                         {"severities", request.severities}, {"count", request.count}};
    const fs::path document = m_folder / (keyOf(wanted) + ".cells.json");
    if (auto done = kept(document)) return done;
    if (m_request.dryRun) return missing("tests", model, seed);
    tell(model.name + ", seed " + std::to_string(seed) + ": tests");
    request.model = m_models.at({model.name, seed}).first;
    request.device = m_request.device;
    request.threads = m_request.threads;
    json done = json::parse(m_engine.corruptions(request, m_context).json);
    done.erase("model");
    keep(done, document);
    ++m_computed;
    return done;
  }

  /// The networks of a seed, the baseline first; none where it isn't there.
  std::vector<DuplicateModel> modelsOf(std::uint64_t seed) const {
    std::vector<DuplicateModel> models;
    const auto baseline = m_models.find({m_comparison.baseline, seed});
    if (baseline == m_models.end()) return models;
    models.push_back({m_comparison.baseline, baseline->second.first, baseline->second.second});
    for (const ComparedRow& row : m_rows) {
      const auto found = m_models.find({row.model.name, seed});
      if (found == m_models.end() || found == baseline) continue;
      models.push_back({row.model.name, found->second.first, found->second.second});
    }
    return models;
  }

  /// Seed by seed: the networks of a seed are told from the baseline of that seed, on the same pairs.
  void measureDuplicates(const ComparedModel& baseline) {
    for (const std::uint64_t seed : baseline.seeds) {
      const auto models = modelsOf(seed);
      json wanted = duplicateKey(*m_comparison.duplicates, models, seed);
      wanted["computation"] = kComputation;
      wanted["data"] = m_comparison.data;
      const fs::path document = m_folder / (keyOf(wanted) + ".duplicates.json");
      auto figures = models.empty() ? std::nullopt : kept(document);
      if (!figures && m_request.dryRun) {
        missing("near-duplicates", baseline, seed);
        continue;
      }
      if (!figures) {
        tell("seed " + std::to_string(seed) + ": near-duplicates");
        m_benchmark.device = m_request.device;
        m_benchmark.threads = m_request.threads;
        figures = measuredDuplicates(m_engine, m_benchmark, models, seed, m_context);
        keep(*figures, document);
        ++m_computed;
      }
      const auto runs = duplicateRuns(*figures, models, seed, document.string());
      m_duplicates.insert(m_duplicates.end(), runs.begin(), runs.end());
    }
  }

  std::optional<json> missing(const std::string& what, const ComparedModel& model, std::uint64_t seed) {
    m_missing.push_back(model.name + ", seed " + std::to_string(seed) + ": " + what + " to do");
    return std::nullopt;
  }

  void tell(const std::string& text) const {
    if (m_onLine) m_onLine(text);
  }

  std::vector<std::pair<std::string, std::string>> provenance() const {
    const EngineInfo info = m_engine.info();
    double training = 0;
    double tests = 0;
    for (const ComparedRow& row : m_rows) {
      for (const ComparedRun& run : row.runs) {
        training += run.trainSeconds;
        tests += run.testSeconds;
      }
    }
    std::string seeds;
    for (const std::uint64_t seed : m_comparison.models.front().seeds) {
      seeds += (seeds.empty() ? "" : ", ") + std::to_string(seed);
    }
    const std::string all = "all";
    return {{"command", "whorl-cli run " + m_comparison.path.stem().string() +
                            (m_comparison.preset.empty() ? "" : " --preset " + m_comparison.preset)},
            {"Whorl", info.version},
            {"LibTorch", info.torchVersion},
            {"data", m_comparison.data},
            {"training images", m_comparison.limitTrain > 0 ? std::to_string(m_comparison.limitTrain) : all},
            {"test images", m_comparison.count > 0 ? std::to_string(m_comparison.count) : all},
            {"seeds", seeds},
            {"trainings and tests took", report::durationText(training) + " and " + report::durationText(tests)}};
  }

  ComparisonResult result() {
    ComparisonResult made;
    made.lines = m_missing;
    for (const ComparedRow& row : m_rows) {
      if (!row.runs.empty()) made.lines.push_back(rowLine(row));
    }
    for (const std::string& line : duplicateLines(m_duplicates)) made.lines.push_back(line);
    json rows = json::array();
    for (const ComparedRow& row : m_rows) rows.push_back(rowDocument(row));
    json lines = json::object();
    for (const auto& [key, value] : provenance()) lines[key] = value;
    made.json = json{
        {"command", "run"},
        {"kind", "comparison"},
        {"title", m_comparison.title},
        {"preset", m_comparison.preset},
        {"baseline", m_comparison.baseline},
        {"computed", m_computed},
        {"missing", m_missing},
        {"rows", rows},
        {"near_duplicates", duplicateDocument(m_duplicates)},
        {"provenance",
         lines}}.dump(-1, ' ', false, json::error_handler_t::replace);
    if (!m_request.report.empty() && !m_request.dryRun) {
      const fs::path file = fs::path(m_request.report) / "report.md";
      AtomicFile target(file);
      target.write(comparisonMarkdown(m_comparison, m_rows, provenance()));
      target.commit();
      made.reportPath = file.string();
      if (m_comparison.duplicates) writeDuplicates(m_request.report, m_comparison, m_duplicates, provenance());
    }
    return made;
  }

  std::string rowLine(const ComparedRow& row) const {
    std::string text = row.model.name + ":";
    std::vector<std::string> columns = {"clean"};
    columns.insert(columns.end(), m_comparison.perturbations.begin(), m_comparison.perturbations.end());
    columns.emplace_back("mean");
    for (const std::string& column : columns) {
      std::vector<double> values;
      for (const ComparedRun& run : row.runs) values.push_back(figureOf(run, column));
      text += "  " + column + " " + report::percentText(seedMean(values).mean);
    }
    return text;
  }

  json rowDocument(const ComparedRow& row) const {
    json runs = json::array();
    for (const ComparedRun& run : row.runs) {
      json cells = json::array();
      for (const ComparedCell& cell : run.cells) {
        cells.push_back({{"perturbation", cell.perturbation},
                         {"severity", cell.severity},
                         {"parameters", cell.parameters},
                         {"accuracy", cell.accuracy}});
      }
      json losses = json::object();
      for (const auto& [name, value] : run.losses) losses[name] = value;
      runs.push_back({{"seed", run.seed},
                      {"clean_accuracy", run.clean},
                      {"mean_accuracy", figureOf(run, "mean")},
                      {"losses", losses},
                      {"train_seconds", run.trainSeconds},
                      {"test_seconds", run.testSeconds},
                      {"cells", cells}});
    }
    return {{"model", row.model.name}, {"runs", runs}};
  }

  Engine& m_engine;
  const ComparisonRequest& m_request;
  const JobContext& m_context;
  const std::function<void(const std::string&)>& m_onLine;
  Comparison m_comparison;
  fs::path m_folder;
  std::vector<ComparedRow> m_rows;
  std::vector<std::string> m_missing;
  std::map<std::pair<std::string, std::uint64_t>, std::pair<std::string, std::string>> m_models;  ///< file, SHA-256
  SimilarBenchmarkRequest m_benchmark;  ///< its models come with each seed
  std::vector<DuplicateRun> m_duplicates;
  int m_computed = 0;
};

}  // namespace

ComparisonResult runComparison(Engine& engine, const ComparisonRequest& request, const JobContext& context,
                               const std::function<void(const std::string&)>& onLine) {
  return Run(engine, request, context, onLine).run();
}

}  // namespace whorl
