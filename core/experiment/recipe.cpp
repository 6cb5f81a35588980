// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/recipe.h"

#include <algorithm>
#include <set>

#include "core/base/atomic_file.h"
#include "core/base/error.h"
#include "core/base/sha256.h"
#include "core/experiment/recipe_preset.h"
#include "core/experiment/table_reader.h"

namespace whorl {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;
constexpr std::size_t kMostEntries = 500;
constexpr std::int64_t kMostImages = 1'000'000;
constexpr std::int64_t kLargestSeed = INT64_MAX;
const char* const kDefaultPreset = "default";

/// The names in a list, those that a preset takes out included.
std::set<std::string> namesIn(const TomlTable& root, const std::string& list) {
  std::set<std::string> names;
  const TomlNode* node = find(root, list);
  if (!node || !node->array()) return names;
  for (const TomlNode& entry : *node->array()) {
    const TomlNode* name = entry.table() ? find(*entry.table(), "name") : nullptr;
    if (const auto* text = name ? std::get_if<std::string>(&name->value) : nullptr) names.insert(*text);
  }
  return names;
}

/// Names that references may have though a preset took their entries out.
struct WrittenNames {
  std::set<std::string> attacks;
  std::set<std::string> detectors;
};

class RecipeReader {
 public:
  RecipeReader(const TomlNode& root, Recipe& recipe, WrittenNames written)
      : m_recipe(recipe),
        m_written(std::move(written)),
        m_file(recipe.path.filename().string()),
        m_root(root, m_file, "the recipe") {}

  void read() {
    if (const TomlNode* kind = m_root.node("kind")) {
      m_root.refuse(kind->line, "there is no such kind of recipe",
                    "leave it out for detectors against attacks; kind = \"comparison\" compares trained models");
    }
    m_recipe.title = m_root.requiredText("title");
    m_recipe.summary = m_root.text("summary");
    m_recipe.notes = m_root.texts("notes");
    m_recipe.data = m_root.requiredText("data");
    readSample();
    for (const TomlNode* node : list("model")) m_recipe.models.push_back(readModel(*node));
    for (const TomlNode* node : list("sweep")) m_recipe.sweeps.push_back(readSweep(*node));
    for (const TomlNode* node : list("attack")) m_recipe.attacks.push_back(readAttack(*node));
    for (const TomlNode* node : list("detector")) m_recipe.detectors.push_back(readDetector(*node));
    for (const TomlNode* node : list("published")) readPublished(*node);
    for (const TomlNode* node : list("check")) m_recipe.checks.push_back(readCheck(*node));
    m_root.table("preset");  // applied before
    m_root.done();
    check();
  }

 private:
  std::vector<const TomlNode*> list(const std::string& key) {
    auto entries = m_root.tables(key);
    if (entries.size() > kMostEntries) {
      m_root.refuse(entries[kMostEntries]->line, "more than " + std::to_string(kMostEntries) + " of [[" + key + "]]");
    }
    return entries;
  }

  std::string name(TableReader& reader) const {
    const std::string name = reader.requiredText("name");
    if (!isRecipeName(name)) {
      reader.refuse(reader.line(), "that is no name", "1 to 80 printable characters without \"/\" and \"*\"");
    }
    return name;
  }

  std::uint64_t seed(TableReader& reader, std::uint64_t missing) const {
    return static_cast<std::uint64_t>(reader.integer("seed", static_cast<std::int64_t>(missing), 0, kLargestSeed));
  }

  void readSample() {
    const TomlNode* node = m_root.node("sample");
    if (!node) return;
    TableReader reader(*node, m_file, "[sample]");
    RecipeSample& sample = m_recipe.sample;
    sample.count = reader.integer("count", sample.count, 1, kMostImages);
    sample.fit = reader.integer("fit", sample.fit, 1, kMostImages);
    sample.fitSplit = reader.choice("fit_split", sample.fitSplit, {"test", "train"});
    sample.train = reader.integer("train", sample.train, 1, kMostImages);
    sample.slice = reader.integer("slice", sample.slice, 1, 10'000);
    sample.seed = seed(reader, sample.seed);
    reader.done();
  }

  RecipeModel readModel(const TomlNode& node) {
    TableReader reader(node, m_file, "[[model]]");
    RecipeModel model;
    model.line = node.line;
    model.name = name(reader);
    model.file = reader.text("file");
    model.preset = reader.text("train");
    model.data = reader.text("data");
    model.architecture = reader.text("architecture");
    model.objective = reader.text("objective");
    model.parameters = reader.parameters("parameters");
    model.seed = seed(reader, 0);
    model.limitTrain = reader.integer("limit_train", 0, 0, kMostImages);
    reader.done();
    const bool trained = !model.preset.empty() || !model.architecture.empty() || !model.objective.empty() ||
                         !model.parameters.values().empty() || model.limitTrain > 0 || model.seed > 0;
    if (!model.file.empty() && trained) reader.refuse(node.line, "a model is a file or is trained, not both");
    if (model.file.empty() && model.preset.empty() && (model.architecture.empty() || model.objective.empty())) {
      reader.refuse(node.line, "how is \"" + model.name + "\" made?",
                    "give file, train (a preset), or architecture and objective");
    }
    return model;
  }

  RecipeSweep readSweep(const TomlNode& node) {
    TableReader reader(node, m_file, "[[sweep]]");
    RecipeSweep sweep{reader.requiredText("model"), node.line, {}};
    const TomlTable* parameters = reader.table("parameters");
    reader.done();
    if (!parameters || parameters->empty()) reader.refuse(node.line, "a sweep needs parameters, a list of values each");
    for (const auto& [name, values] : *parameters) {
      if (!values.array() || values.array()->empty()) reader.refuse(values.line, name + " must be a list of values");
      std::vector<ParameterValue> swept;
      for (const TomlNode& value : *values.array()) {
        swept.push_back(parameterValue(value, m_recipe.at(value.line), name));
        if (std::count(swept.begin(), swept.end(), swept.back()) > 1) {
          reader.refuse(value.line, name + " holds a value twice");
        }
      }
      sweep.parameters.emplace_back(name, std::move(swept));
    }
    return sweep;
  }

  RecipeAttack readAttack(const TomlNode& node) {
    TableReader reader(node, m_file, "[[attack]]");
    RecipeAttack attack;
    attack.line = node.line;
    attack.name = name(reader);
    attack.attack = reader.requiredText("attack");
    attack.preset = reader.text("preset");
    attack.parameters = reader.parameters("parameters");
    attack.threatModel = reader.text("threat_model");
    attack.count = reader.integer("count", 0, 1, kMostImages);
    if (reader.has("epsilon")) attack.epsilon = reader.numbers("epsilon", 0, 1e6);
    attack.on = reader.text("on");
    attack.precision = reader.choice("precision", attack.precision, {"float32", "bfloat16"});
    attack.noiseSigma = reader.number("noise_sigma", 0, 0, 10);
    reader.done();
    return attack;
  }

  RecipeDetector readDetector(const TomlNode& node) {
    TableReader reader(node, m_file, "[[detector]]");
    RecipeDetector detector;
    detector.line = node.line;
    detector.name = name(reader);
    detector.detector = reader.requiredText("detector");
    detector.parameters = reader.parameters("parameters");
    detector.model = reader.requiredText("model");
    detector.companions = reader.texts("companions");
    detector.fit = reader.text("fit");
    detector.noisyNegatives = reader.boolean("noisy_negatives", false);
    detector.attacks = reader.texts("attacks");
    reader.done();
    return detector;
  }

  void readPublished(const TomlNode& node) {
    TableReader reader(node, m_file, "[[published]]");
    const std::string detector = reader.requiredText("detector");
    const std::string source = reader.requiredText("source");
    const TomlTable* figures = reader.table("auc_percent");
    reader.done();
    if (!figures || figures->empty()) reader.refuse(node.line, "[[published]] needs auc_percent, a figure a column");
    for (const auto& [attack, value] : *figures) {
      const double auc = share(reader, value, "the figure of " + attack);
      m_recipe.published.push_back({value.line, detector, attack, auc, source});
    }
  }

  /// From per cent.
  static double share(const TableReader& reader, const TomlNode& node, const std::string& what) {
    const auto* whole = std::get_if<std::int64_t>(&node.value);
    const auto* number = std::get_if<double>(&node.value);
    if (!whole && !number) reader.refuse(node.line, what + " must be a number");
    const double percent = whole ? static_cast<double>(*whole) : *number;
    if (!(percent >= 0 && percent <= 100)) reader.refuse(node.line, what + " is in per cent: 0 to 100");
    return percent / 100;
  }

  RecipeCheck readCheck(const TomlNode& node) {
    TableReader reader(node, m_file, "[[check]]");
    RecipeCheck check;
    check.line = node.line;
    check.claim = reader.requiredText("claim");
    check.figure = reader.choice("figure", "success", {"success", "accuracy", "combined", "evasion", "auc"});
    check.cell = reader.requiredText("cell");
    const TomlNode* least = reader.node("at_least");
    const TomlNode* most = reader.node("at_most");
    reader.done();
    if (!least == !most) {
      reader.refuse(node.line, "a check needs at_least or at_most", "a number in per cent, or a cell");
    }
    check.atLeast = least != nullptr;
    const TomlNode& bound = least ? *least : *most;
    if (const auto* cell = std::get_if<std::string>(&bound.value)) {
      check.other = *cell;
    } else {
      check.value = share(reader, bound, check.atLeast ? "at_least" : "at_most");
    }
    return check;
  }

  [[noreturn]] void refuse(int line, const std::string& what, const std::string& hint = {}) const {
    throw Error(ErrorKind::BadInput, what, m_recipe.at(line), hint);
  }

  template <class Entry>
  std::set<std::string> names(const std::vector<Entry>& entries, const char* what) const {
    std::set<std::string> names;
    for (const Entry& entry : entries) {
      if (!names.insert(entry.name).second) {
        refuse(entry.line, std::string("there are two ") + what + "s \"" + entry.name + "\"");
      }
    }
    return names;
  }

  void require(const std::set<std::string>& names, const std::string& name, int line, const char* what) const {
    if (names.contains(name)) return;
    std::string known;
    for (const auto& each : names) known += (known.empty() ? "" : ", ") + each;
    refuse(line, std::string("there is no ") + what + " \"" + name + "\"", known.empty() ? "" : "known: " + known);
  }

  void requireCell(const std::string& cell, int line) const {
    const auto slash = cell.find('/');
    if (slash == std::string::npos) refuse(line, "\"" + cell + "\" is no cell", "a cell is DETECTOR/ATTACK");
    require(m_written.detectors, base(m_written.detectors, cell.substr(0, slash), " ("), line, "detector");
    require(m_written.attacks, base(m_written.attacks, cell.substr(slash + 1), " ε="), line, "attack");
  }

  /// Without what a sweep or a budget adds to a name, if it isn't one as it stands.
  static std::string base(const std::set<std::string>& names, const std::string& name, const std::string& added) {
    return names.contains(name) ? name : name.substr(0, name.rfind(added));
  }

  /// References between entries.
  void check() const {
    const auto models = names(m_recipe.models, "model");
    const auto attacks = names(m_recipe.attacks, "attack");
    const auto detectors = names(m_recipe.detectors, "detector");
    if (attacks.empty() || detectors.empty()) refuse(1, "a recipe needs at least one attack and one detector");
    std::set<std::string> swept;
    for (const auto& sweep : m_recipe.sweeps) {
      require(models, sweep.model, sweep.line, "model");
      if (!swept.insert(sweep.model).second) refuse(sweep.line, "\"" + sweep.model + "\" is swept twice");
    }
    for (const auto& attack : m_recipe.attacks) {
      if (attack.on.empty()) continue;
      require(models, attack.on, attack.line, "model");
      if (swept.contains(attack.on)) refuse(attack.line, "a swept model can't be the one that is attacked for others");
    }
    for (const auto& detector : m_recipe.detectors) {
      require(models, detector.model, detector.line, "model");
      for (const auto& companion : detector.companions) require(models, companion, detector.line, "model");
      if (!detector.fit.empty() && detector.fit != "each") require(attacks, detector.fit, detector.line, "attack");
      for (const auto& attack : detector.attacks) require(m_written.attacks, attack, detector.line, "attack");
    }
    for (const auto& figure : m_recipe.published) {
      require(m_written.detectors, base(m_written.detectors, figure.detector, " ("), figure.line, "detector");
      require(m_written.attacks, base(m_written.attacks, figure.attack, " ε="), figure.line, "attack");
    }
    for (const auto& check : m_recipe.checks) {
      requireCell(check.cell, check.line);
      if (!check.other.empty()) requireCell(check.other, check.line);
    }
  }

  Recipe& m_recipe;
  WrittenNames m_written;
  std::string m_file;
  TableReader m_root;
};

}  // namespace

Recipe parseRecipe(const std::string& text, const std::filesystem::path& path, const std::string& preset) {
  Recipe recipe;
  recipe.path = path;
  recipe.sha256 = sha256Hex(text.data(), text.size());
  TomlNode root = parseToml(text, path.filename().string());
  TomlTable& table = *root.table();
  const TomlNode* presets = find(static_cast<const TomlTable&>(table), "preset");
  if (presets && presets->table()) {
    for (const auto& [name, changes] : *presets->table()) {
      if (!isRecipeName(name)) throw Error(ErrorKind::BadInput, "that is no name", recipe.at(changes.line));
      recipe.presets.push_back(name);
    }
  }
  WrittenNames written{namesIn(table, "attack"), namesIn(table, "detector")};
  if (recipe.presets.empty()) recipe.presets.push_back(kDefaultPreset);
  recipe.preset = preset.empty() ? recipe.presets.front() : preset;
  if (std::find(recipe.presets.begin(), recipe.presets.end(), recipe.preset) == recipe.presets.end()) {
    std::string known;
    for (const auto& name : recipe.presets) known += (known.empty() ? "" : ", ") + name;
    throw Error(ErrorKind::Usage, "the recipe has no preset \"" + preset + "\"", path.filename().string(),
                "one of " + known);
  }
  if (presets && presets->table() && !presets->table()->empty()) {
    const TomlNode changes = *find(*presets->table(), recipe.preset);
    if (!changes.table()) {
      throw Error(ErrorKind::BadInput, "a preset must be a table", recipe.at(changes.line));
    }
    applyPreset(table, recipe.preset, *changes.table(), path.filename().string());
  }
  RecipeReader(root, recipe, std::move(written)).read();
  return recipe;
}

Recipe readRecipe(const std::filesystem::path& path, const std::string& preset) {
  return parseRecipe(readFile(path, kLargestFile), path, preset);
}

}  // namespace whorl
