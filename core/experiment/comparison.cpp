// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/comparison.h"

#include <algorithm>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/experiment/table_reader.h"

namespace whorl {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;
constexpr std::size_t kMostModels = 200;
constexpr std::size_t kMostSeeds = 100;
constexpr std::size_t kMostValues = 50;

/// A list of whole numbers from `least` on; empty if it isn't there.
std::vector<std::int64_t> wholeNumbers(TableReader& reader, const std::string& key, double least, double most) {
  std::vector<std::int64_t> whole;
  if (!reader.has(key)) return whole;
  for (const double value : reader.numbers(key, least, most)) {
    if (value != static_cast<double>(static_cast<std::int64_t>(value))) {
      reader.refuse(reader.line(), key + " holds whole numbers");
    }
    if (std::find(whole.begin(), whole.end(), static_cast<std::int64_t>(value)) != whole.end()) {
      reader.refuse(reader.line(), key + " names " + std::to_string(static_cast<std::int64_t>(value)) + " twice");
    }
    whole.push_back(static_cast<std::int64_t>(value));
  }
  return whole;
}

std::vector<std::uint64_t> seedsOf(TableReader& reader) {
  const auto whole = wholeNumbers(reader, "seeds", 0, 1e9);
  if (whole.size() > kMostSeeds) reader.refuse(reader.line(), "there are too many seeds");
  return {whole.begin(), whole.end()};
}

/// What a preset changes.
struct Changes {
  std::optional<std::int64_t> count;
  std::optional<std::int64_t> limitTrain;
  std::vector<std::uint64_t> seeds;
  std::vector<std::string> perturbations;
  Parameters parameters;          ///< of all models
  std::vector<std::string> skip;  ///< models that are left out
  const TomlNode* duplicates = nullptr;
};

Changes changesOf(const TomlNode& node, const std::string& file, const std::string& name) {
  TableReader reader(node, file, "[preset." + name + "]");
  Changes changes;
  if (reader.has("count")) changes.count = reader.integer("count", 0, 0, 100'000'000);
  if (reader.has("limit_train")) changes.limitTrain = reader.integer("limit_train", 0, 0, 100'000'000);
  changes.seeds = seedsOf(reader);
  if (reader.has("perturbations")) changes.perturbations = reader.texts("perturbations");
  changes.parameters = reader.parameters("parameters");
  if (reader.has("skip")) changes.skip = reader.texts("skip");
  changes.duplicates = reader.node("near_duplicates");
  reader.done();
  return changes;
}

/// One model for each combination of swept values: "stability, stability_weight=0.1".
std::vector<ComparedModel> swept(const ComparedModel& model, const TomlTable* sweep, const TableReader& reader) {
  std::vector<ComparedModel> models = {model};
  if (!sweep) return models;
  for (const TomlEntry& entry : *sweep) {
    const TomlArray* values = entry.node.array();
    if (!values || values->empty()) reader.refuse(entry.node.line, "a sweep lists the values of " + entry.key);
    std::vector<ComparedModel> more;
    for (const ComparedModel& each : models) {
      for (const TomlNode& value : *values) {
        ComparedModel variant = each;
        const ParameterValue chosen = parameterValue(value, each.name + ":" + std::to_string(value.line), entry.key);
        variant.parameters.set(entry.key, chosen);
        variant.name += ", " + entry.key + "=" + toText(chosen);
        more.push_back(std::move(variant));
      }
    }
    if (more.size() > kMostModels) reader.refuse(entry.node.line, "a sweep has too many combinations");
    models = std::move(more);
  }
  return models;
}

ComparedCurve curveOf(const TomlNode& node, const std::string& file) {
  TableReader reader(node, file, "[[curve]]");
  ComparedCurve curve{reader.requiredText("perturbation"), reader.requiredText("parameter"), {}, {}, reader.line()};
  const TomlNode* values = reader.node("values");
  const TomlArray* list = values ? values->array() : nullptr;
  if (!list || list->empty()) reader.refuse(reader.line(), "[[curve]] needs values, a list");
  if (list->size() > kMostValues) reader.refuse(values->line, "there are too many values");
  for (const TomlNode& value : *list) {
    const ParameterValue chosen = parameterValue(value, file + ":" + std::to_string(value.line), curve.parameter);
    if (std::find(curve.values.begin(), curve.values.end(), chosen) != curve.values.end()) {
      reader.refuse(value.line, "values names " + toText(chosen) + " twice");
    }
    curve.values.push_back(chosen);
  }
  curve.others = reader.parameters("parameters");
  if (curve.others.has(curve.parameter)) {
    reader.refuse(reader.line(), curve.parameter + " is what the curve runs over, and can't be fixed as well");
  }
  reader.done();
  return curve;
}

/// "offset=2,place=random", as the engine takes values.
std::string valuesText(const Parameters& parameters) {
  std::string text;
  for (const auto& [name, value] : parameters.values()) text += (text.empty() ? "" : ",") + name + "=" + toText(value);
  return text;
}

class Reader {
 public:
  Reader(const TomlNode& root, std::filesystem::path path, const std::string& preset)
      : m_root(root, path.filename().string(), "the comparison"), m_file(path.filename().string()) {
    m_made.path = std::move(path);
    m_changes = choosePreset(preset);
  }

  Comparison read() {
    m_made.title = m_root.requiredText("title");
    m_made.summary = m_root.text("summary");
    if (m_root.has("notes")) m_made.notes = m_root.texts("notes");
    if (m_root.requiredText("kind") != "comparison") m_root.refuse(m_root.line(), "kind is not \"comparison\"");
    m_made.data = m_root.requiredText("data");
    m_made.count = m_changes.count.value_or(m_root.integer("count", 0, 0, 100'000'000));
    m_made.limitTrain = m_changes.limitTrain.value_or(m_root.integer("limit_train", 0, 0, 100'000'000));
    m_seeds = seedsOf(m_root);
    if (!m_changes.seeds.empty()) m_seeds = m_changes.seeds;
    if (m_seeds.empty()) m_root.refuse(m_root.line(), "there are no seeds", "as in seeds = [0, 1, 2]");
    m_made.perturbations = m_root.texts("perturbations");
    if (!m_changes.perturbations.empty()) m_made.perturbations = m_changes.perturbations;
    if (m_made.perturbations.empty()) m_root.refuse(m_root.line(), "there are no perturbations");
    for (auto each = m_made.perturbations.begin(); each != m_made.perturbations.end(); ++each) {
      if (std::find(each + 1, m_made.perturbations.end(), *each) == m_made.perturbations.end()) continue;
      m_root.refuse(m_root.line(), "perturbations names " + *each + " twice");
    }
    for (const std::int64_t severity : wholeNumbers(m_root, "severities", 1, 5)) {
      m_made.severities.push_back(static_cast<int>(severity));
    }
    if (m_made.severities.empty()) m_made.severities = {1, 2, 3, 4, 5};
    readDuplicatePlan();
    for (const TomlNode* node : m_root.tables("curve")) readCurve(*node);
    m_made.baseline = m_root.requiredText("baseline");
    for (const TomlNode* node : m_root.tables("model")) readModel(*node);
    m_root.done();
    check();
    return std::move(m_made);
  }

 private:
  Changes choosePreset(const std::string& wanted) {
    const TomlTable* presets = m_root.table("preset");
    if (!presets) {
      if (!wanted.empty()) throwNoPreset(wanted);
      return {};
    }
    std::optional<Changes> chosen;
    for (const TomlEntry& entry : *presets) {
      m_made.presets.push_back(entry.key);
      Changes changes = changesOf(entry.node, m_file, entry.key);
      if (entry.key != wanted && !(wanted.empty() && m_made.presets.size() == 1)) continue;
      m_made.preset = entry.key;
      chosen = std::move(changes);
    }
    if (!chosen) throwNoPreset(wanted);
    return *chosen;
  }

  [[noreturn]] void throwNoPreset(const std::string& wanted) const {
    std::string known;
    for (const std::string& name : m_made.presets) known += (known.empty() ? "" : ", ") + name;
    throw Error(ErrorKind::Usage, "the comparison has no preset \"" + wanted + "\"", m_file,
                known.empty() ? "it has none" : "it has " + known);
  }

  void readDuplicatePlan() {
    if (const TomlNode* node = m_root.node("near_duplicates")) {
      m_made.duplicates.emplace();
      readDuplicates(*node, m_file, "[near_duplicates]", *m_made.duplicates);
    }
    if (!m_changes.duplicates) return;
    if (!m_made.duplicates) {
      m_root.refuse(m_changes.duplicates->line, "a preset changes near_duplicates, but there is no [near_duplicates]");
    }
    readDuplicates(*m_changes.duplicates, m_file, "[preset." + m_made.preset + ".near_duplicates]", *m_made.duplicates);
  }

  void readCurve(const TomlNode& node) {
    ComparedCurve curve = curveOf(node, m_file);
    for (const ComparedCurve& other : m_made.curves) {
      if (other.title() == curve.title()) m_root.refuse(node.line, "there are two curves \"" + curve.title() + "\"");
    }
    m_made.curves.push_back(std::move(curve));
  }

  void readModel(const TomlNode& node) {
    TableReader reader(node, m_file, "[[model]]");
    ComparedModel model;
    model.line = reader.line();
    model.name = reader.requiredText("name");
    if (!isRecipeName(model.name)) reader.refuse(model.line, "this is no name for a model");
    model.preset = reader.text("train");
    model.architecture = reader.text("architecture");
    model.objective = reader.text("objective");
    if (model.preset.empty() && (model.architecture.empty() || model.objective.empty())) {
      reader.refuse(model.line, "a model needs train, a preset's name, or architecture and objective");
    }
    model.parameters = reader.parameters("parameters");
    model.from = reader.text("from");
    model.seeds = seedsOf(reader);
    const TomlTable* sweep = reader.table("sweep");
    if (model.seeds.empty()) model.seeds = m_seeds;
    reader.done();
    const auto skipped = std::find(m_changes.skip.begin(), m_changes.skip.end(), model.name);
    if (skipped != m_changes.skip.end()) {
      m_changes.skip.erase(skipped);
      return;
    }
    for (const auto& [name, value] : m_changes.parameters.values()) {
      // A preset shortens trainings; what a model sets by itself is what it is compared for.
      if (!model.parameters.has(name)) model.parameters.set(name, value);
    }
    for (ComparedModel& variant : swept(model, sweep, reader)) m_made.models.push_back(std::move(variant));
    if (m_made.models.size() > kMostModels) reader.refuse(model.line, "there are too many models");
  }

  void check() const {
    std::vector<std::string> names;
    const auto refuse = [&](int line, const std::string& message) {
      throw Error(ErrorKind::BadInput, message, m_made.at(line));
    };
    if (!m_changes.skip.empty()) refuse(1, "no model is called \"" + m_changes.skip.front() + "\"");
    for (const ComparedModel& model : m_made.models) {
      if (std::find(names.begin(), names.end(), model.name) != names.end()) {
        refuse(model.line, "there are two models called \"" + model.name + "\"");
      }
      if (!model.from.empty()) {
        const auto start = std::find_if(m_made.models.begin(), m_made.models.end(),
                                        [&](const ComparedModel& each) { return each.name == model.from; });
        if (std::find(names.begin(), names.end(), model.from) == names.end()) {
          refuse(model.line, "no model above is called \"" + model.from + "\"");
        }
        for (const std::uint64_t seed : model.seeds) {
          if (std::find(start->seeds.begin(), start->seeds.end(), seed) != start->seeds.end()) continue;
          refuse(model.line, "\"" + model.from + "\" has no seed " + std::to_string(seed));
        }
      }
      names.push_back(model.name);
    }
    if (std::find(names.begin(), names.end(), m_made.baseline) == names.end()) {
      refuse(1, "no model is called \"" + m_made.baseline + "\", the baseline");
    }
  }

  TableReader m_root;
  std::string m_file;
  Comparison m_made;
  Changes m_changes;
  std::vector<std::uint64_t> m_seeds;
};

}  // namespace

std::vector<std::string> Comparison::paragraphs() const {
  std::vector<std::string> made;
  if (!summary.empty()) made.push_back(summary);
  if (!preset.empty()) made.push_back("Preset: " + preset + ".");
  made.insert(made.end(), notes.begin(), notes.end());
  return made;
}

std::string ComparedCurve::title() const {
  const std::string fixed = valuesText(others);
  return perturbation + ": " + parameter + (fixed.empty() ? "" : " (" + fixed + ")");
}

std::string ComparedCurve::point(std::size_t value) const {
  Parameters all = others;
  all.set(parameter, values.at(value));
  return perturbation + ":" + valuesText(all);
}

Comparison readComparison(const std::filesystem::path& path, const std::string& preset) {
  return parseComparison(readFile(path, kLargestFile), path, preset);
}

Comparison parseComparison(const std::string& text, const std::filesystem::path& path, const std::string& preset) {
  const TomlNode root = parseToml(text, path.filename().string());
  return Reader(root, path, preset).read();
}

}  // namespace whorl
