// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/service/comparison_run.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/experiment/comparison.h"
#include "core/experiment/report_text.h"
#include "core/service/comparison_document.h"
#include "core/service/comparison_pieces.h"
#include "core/service/comparison_training.h"
#include "core/service/duplicate_runs.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Goes up when what is computed changes, so that figures of before don't stand beside new ones.
constexpr int kComputation = 1;

/// For whoever asked for another.
std::string knownNames(const Engine& engine) {
  std::string known;
  for (const ComparisonInfo& each : comparisons(engine)) known += (known.empty() ? "" : ", ") + each.id;
  return known;
}

/// Where the set lies on this machine or is made by the program.
bool isHere(const Engine& engine, const std::string& data) {
  for (const DatasetInfo& each : engine.datasets()) {
    if (each.name == data) return each.generated || !each.location.empty();
  }
  return true;  // a folder
}

class Run {
 public:
  Run(Engine& engine, const ComparisonRequest& request, const JobContext& context, const ComparisonHooks& hooks)
      : m_engine(engine), m_request(request), m_context(context), m_hooks(hooks) {
    const auto path = comparisonPath(engine, request.recipe);
    if (!path) {
      const std::string known = knownNames(engine);
      throw Error(ErrorKind::BadInput, "there is no such comparison", request.recipe,
                  known.empty() ? "give the path of a .toml file" : "known: " + known + "; or give a file's path");
    }
    m_comparison = readComparison(*path, request.preset);
    const fs::path store =
        request.store.empty() ? fs::path(engine.info().userFolder) / "runs" : fs::path(request.store);
    m_folder = store / "comparisons";
    // What can't be trained or made is known before anything is.
    for (const ComparedModel& model : m_comparison.models) trainingOf(engine, m_comparison, model);
    for (const std::string& name : m_comparison.perturbations) checkPerturbation(name);
    if (m_comparison.duplicates) {
      m_benchmark = duplicateRequest(engine, *m_comparison.duplicates, m_comparison.data, path->c_str());
    }
    for (const ComparedCurve& curve : m_comparison.curves) checkCurve(curve);
  }

  ComparisonResult run() {
    for (const ComparedModel& model : m_comparison.models) m_rows.push_back({model, {}});
    if (!m_request.dryRun || isHere(m_engine, m_comparison.data)) m_data = dataChecksum();
    tellTable();
    for (ComparedRow& row : m_rows) {
      for (const std::uint64_t seed : row.model.seeds) {
        const auto done = oneRun(row.model, seed);
        if (!done) continue;
        row.runs.push_back(*done);
        tellTable();
      }
    }
    for (const ComparedModel& model : m_comparison.models) {
      if (m_comparison.duplicates && model.name == m_comparison.baseline) measureDuplicates(model);
    }
    return result();
  }

 private:
  [[noreturn]] void refuse(const std::string& message, int line = 0) const {
    throw Error(ErrorKind::BadInput, message, line > 0 ? m_comparison.at(line) : m_comparison.path.filename().string());
  }

  void checkPerturbation(const std::string& name) const {
    for (const PerturbationInfo& each : m_engine.perturbations()) {
      if (each.spec.name == name && each.hasSeverity) return;
    }
    refuse("no perturbation with severities is called \"" + name + "\"");
  }

  void checkCurve(const ComparedCurve& curve) const {
    for (const PerturbationInfo& each : m_engine.perturbations()) {
      if (each.spec.name != curve.perturbation) continue;
      for (const ParameterValue& value : curve.values) {
        Parameters given = curve.others;
        given.set(curve.parameter, value);
        try {
          resolve(each.spec.name, each.spec.parameters, given);
        } catch (const Error& error) {
          refuse(error.what(), curve.line);
        }
      }
      return;
    }
    refuse("no perturbation is called \"" + curve.perturbation + "\"", curve.line);
  }

  /// Of all of the set's pixels and labels: other images under the same name are another experiment. Loads the set.
  std::string dataChecksum() {
    CorruptionRequest request;
    request.dataset = m_comparison.data;
    request.suite.clear();
    return json::parse(m_engine.corruptions(request, m_context).json).at("data").at("checksum").get<std::string>();
  }

  /// None where something is missing in a dry run.
  std::optional<ComparedRun> oneRun(const ComparedModel& model, std::uint64_t seed) {
    const auto trained = training(model, seed);
    if (!trained) return std::nullopt;
    ComparedRun made = comparedRun(seed, *trained);
    const auto tested = figures(*trained, model, seed, m_comparison.perturbations, m_comparison.severities);
    if (!tested) return std::nullopt;
    made.clean = tested->at("clean_accuracy").get<double>();
    made.testSeconds = tested->at("seconds").get<double>();
    for (const json& cell : tested->at("cells")) made.cells.push_back(comparedCell(cell));
    return m_comparison.curves.empty() ? made : withCurves(std::move(made), *trained, model);
  }

  /// Apart from the severities, so that another curve leaves those as they are.
  std::optional<ComparedRun> withCurves(ComparedRun made, const json& trained, const ComparedModel& model) {
    std::vector<std::string> points;
    for (const ComparedCurve& curve : m_comparison.curves) {
      for (std::size_t i = 0; i < curve.values.size(); ++i) points.push_back(curve.point(i));
    }
    const auto tested = figures(trained, model, made.seed, points, {});
    if (!tested) return std::nullopt;
    made.testSeconds += tested->at("seconds").get<double>();
    std::size_t at = 0;
    for (const ComparedCurve& curve : m_comparison.curves) {
      made.curves.emplace_back();
      for (std::size_t i = 0; i < curve.values.size(); ++i) {
        made.curves.back().push_back(tested->at("cells").at(at++).at("accuracy").get<double>());
      }
    }
    return made;
  }

  std::optional<json> training(const ComparedModel& model, std::uint64_t seed) {
    if (m_data.empty()) return missing("training", model, seed);
    TrainRequest request = trainingOf(m_engine, m_comparison, model);
    request.seed = seed;
    json wanted = {{"computation", kComputation},
                   {"data", m_data},
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
    if (const std::string start = request.parameters.text("start_from"); model.from.empty() && !start.empty()) {
      // Another file under the same name is another experiment.
      wanted["parameters"].erase("start_from");
      wanted["start"] = startSha256(start);
    }
    const std::string key = pieceKey(wanted);
    const fs::path file = m_folder / (key + ".safetensors");
    const fs::path document = m_folder / (key + ".train.json");
    auto done = keptPiece(document);
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
      keepPiece(*done, document);
      std::error_code ignored;
      fs::remove(request.checkpoint, ignored);
      ++m_computed;
    }
    (*done)["key"] = key;
    m_models[{model.name, seed}] = {file.string(), done->at("model_sha256").get<std::string>()};
    return done;
  }

  std::string startSha256(const std::string& start) {
    std::error_code ignored;
    return fs::is_regular_file(start, ignored) ? sha256File(start) : m_engine.model(start).sha256;
  }

  std::optional<json> figures(const json& trained, const ComparedModel& model, std::uint64_t seed,
                              const std::vector<std::string>& perturbations, const std::vector<int>& severities) {
    CorruptionRequest request;
    request.dataset = m_comparison.data;
    request.perturbations = perturbations;
    request.severities = severities;
    request.count = m_comparison.count;
    const json wanted = {{"computation", kComputation},
                         {"model", trained.at("model_sha256")},
                         {"data", m_data},
                         {"perturbations", request.perturbations},
                         {"severities", request.severities},
                         {"count", request.count}};
    const fs::path document = m_folder / (pieceKey(wanted) + ".cells.json");
    if (auto done = keptPiece(document); done && areTestFigures(*done, perturbations.size())) return done;
    if (m_request.dryRun) return missing("tests", model, seed);
    tell(model.name + ", seed " + std::to_string(seed) + ": tests");
    request.model = m_models.at({model.name, seed}).first;
    request.device = m_request.device;
    request.threads = m_request.threads;
    json done = json::parse(m_engine.corruptions(request, m_context).json);
    done.erase("model");
    keepPiece(done, document);
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
      wanted["data"] = m_data;
      const fs::path document = m_folder / (pieceKey(wanted) + ".duplicates.json");
      auto figures = models.empty() ? std::nullopt : keptPiece(document);
      if (!figures && m_request.dryRun) {
        missing("near-duplicates", baseline, seed);
        continue;
      }
      if (!figures) {
        tell("seed " + std::to_string(seed) + ": near-duplicates");
        m_benchmark.device = m_request.device;
        m_benchmark.threads = m_request.threads;
        figures = measuredDuplicates(m_engine, m_benchmark, models, seed, m_context);
        keepPiece(*figures, document);
        ++m_computed;
      }
      const auto runs = duplicateRuns(*figures, models, seed, document.string());
      m_duplicates.insert(m_duplicates.end(), runs.begin(), runs.end());
    }
  }

  std::nullopt_t missing(const std::string& what, const ComparedModel& model, std::uint64_t seed) {
    m_missing.push_back(model.name + ", seed " + std::to_string(seed) + ": " + what + " to do");
    return std::nullopt;
  }

  void tell(const std::string& text) const {
    if (m_hooks.onLine) m_hooks.onLine(text);
  }

  void tellTable() const {
    if (m_hooks.onTable) m_hooks.onTable(table());
  }

  ComparisonTable table() const {
    report::ReportTable means = meansTable(m_comparison, m_rows);
    ComparisonTable made{std::move(means.header), std::move(means.rows), {}, {}};
    for (const ComparedRow& row : m_rows) {
      made.done.push_back(row.runs.size());
      made.wanted.push_back(row.model.seeds.size());
    }
    return made;
  }

  Provenance provenance() const {
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
    return {{"command", "whorl-cli run " + m_request.recipe +
                            (m_comparison.preset.empty() ? "" : " --preset " + m_comparison.preset)},
            {"Whorl", info.version},
            {"LibTorch", info.torchVersion},
            {"data", m_comparison.data},
            {"data, SHA-256", m_data.empty() ? report::kUnknown : m_data},
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
    for (const ComparedRow& row : m_rows) rows.push_back(rowDocument(m_comparison, row));
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
    made.table = table();
    if (!m_request.report.empty() && !m_request.dryRun) {
      made.reports =
          report::writeDocument(comparisonReport(m_comparison, m_rows, provenance()), m_request.report, "report");
      if (m_comparison.duplicates) {
        const auto more = writeDuplicates(m_request.report, m_comparison, m_duplicates, provenance());
        made.reports.insert(made.reports.end(), more.begin(), more.end());
      }
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

  Engine& m_engine;
  const ComparisonRequest& m_request;
  const JobContext& m_context;
  const ComparisonHooks& m_hooks;
  Comparison m_comparison;
  fs::path m_folder;
  std::string m_data;  ///< checksum; "" where a dry run can't know it
  std::vector<ComparedRow> m_rows;
  std::vector<std::string> m_missing;
  std::map<std::pair<std::string, std::uint64_t>, std::pair<std::string, std::string>> m_models;  ///< file, SHA-256
  SimilarBenchmarkRequest m_benchmark;  ///< its models come with each seed
  std::vector<DuplicateRun> m_duplicates;
  int m_computed = 0;
};

}  // namespace

ComparisonResult runComparison(Engine& engine, const ComparisonRequest& request, const JobContext& context,
                               const ComparisonHooks& hooks) {
  return Run(engine, request, context, hooks).run();
}

}  // namespace whorl
