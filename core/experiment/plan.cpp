// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/plan.h"

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>

#include "core/base/error.h"

namespace whorl {
namespace {

/// Runs `work`; what it says of wrong names and values is the recipe's fault, at that line.
template <class Work>
auto atLine(const Recipe& recipe, int line, Work&& work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Usage && error.kind() != ErrorKind::BadInput) throw;
    const std::string where = error.where().empty() ? "" : error.where() + ": ";
    throw Error(ErrorKind::BadInput, where + error.message(), recipe.at(line), error.hint());
  }
}

std::optional<double> numberOf(const ParameterValue& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::nullopt;
}

/// All choices of one value a parameter.
std::vector<Parameters> product(const RecipeSweep& sweep) {
  std::vector<Parameters> choices(1);
  for (const auto& [name, values] : sweep.parameters) {
    std::vector<Parameters> more;
    for (const Parameters& choice : choices) {
      for (const ParameterValue& value : values) {
        more.push_back(choice);
        more.back().set(name, value);
      }
    }
    choices = std::move(more);
    if (choices.size() > kMostCells) break;
  }
  return choices;
}

std::string suffix(const Parameters& values) {
  std::string text;
  for (const auto& [name, value] : values.values()) text += (text.empty() ? "" : ", ") + name + "=" + toText(value);
  return " (" + text + ")";
}

class Planner {
 public:
  Planner(const Recipe& recipe, const Workbench& workbench) : m_workbench(workbench) { m_plan.recipe = recipe; }

  Plan make() {
    for (const RecipeModel& model : recipe().models) addModel(model);
    for (const RecipeAttack& attack : recipe().attacks) addAttack(attack);
    for (const RecipeDetector& detector : recipe().detectors) addDetector(detector);
    addCells();
    addPublished();
    addChecks();
    return std::move(m_plan);
  }

 private:
  const Recipe& recipe() const { return m_plan.recipe; }

  [[noreturn]] void refuse(int line, const std::string& what, const std::string& hint = {}) const {
    throw Error(ErrorKind::BadInput, what, recipe().at(line), hint);
  }

  void addModel(const RecipeModel& model) {
    auto& places = m_modelsByName[model.name];
    const auto sweep = std::find_if(recipe().sweeps.begin(), recipe().sweeps.end(),
                                    [&](const RecipeSweep& each) { return each.model == model.name; });
    if (sweep == recipe().sweeps.end()) {
      places.push_back(m_plan.models.size());
      m_plan.models.push_back(planned(model, model.line));
      return;
    }
    if (!model.file.empty()) refuse(sweep->line, "only a trained model can be swept");
    for (const Parameters& choice : product(*sweep)) {
      if (m_plan.models.size() >= kMostCells) refuse(sweep->line, "the sweep makes too many models");
      RecipeModel variant = model;
      for (const auto& [name, value] : choice.values()) variant.parameters.set(name, value);
      PlannedModel entry = planned(variant, sweep->line);
      entry.name += suffix(choice);
      for (const auto& [name, value] : choice.values()) {
        if (const auto number = numberOf(value)) entry.variant[name] = *number;
      }
      m_suffixes[m_plan.models.size()] = suffix(choice);
      places.push_back(m_plan.models.size());
      m_plan.models.push_back(std::move(entry));
    }
  }

  PlannedModel planned(const RecipeModel& model, int line) const {
    PlannedModel entry;
    entry.name = model.name;
    entry.file = model.file;
    if (!model.file.empty()) return entry;
    RecipeModel complete = model;
    if (complete.data.empty()) complete.data = recipe().data;
    entry.training = atLine(recipe(), line, [&] { return m_workbench.resolve(complete); });
    return entry;
  }

  void addAttack(const RecipeAttack& attack) {
    auto& places = m_attacksByName[attack.name];
    const std::vector<double> none = {0};
    for (const double epsilon : attack.epsilon.empty() ? none : attack.epsilon) {
      RecipeAttack single = attack;
      PlannedAttack entry;
      entry.name = entry.family = attack.name;
      if (!attack.epsilon.empty()) {
        single.parameters.set("epsilon", epsilon);
        entry.budget = epsilon;
        entry.name += " ε=" + toText(ParameterValue(epsilon));
      }
      entry.task = atLine(recipe(), attack.line, [&] { return m_workbench.resolve(single); });
      entry.count = attack.count > 0 ? attack.count : recipe().sample.count;
      entry.noiseSigma = attack.noiseSigma;
      if (!attack.on.empty()) entry.on = m_modelsByName.at(attack.on).front();
      places.push_back(m_plan.attacks.size());
      m_plan.attacks.push_back(std::move(entry));
    }
  }

  void addDetector(const RecipeDetector& detector) {
    std::optional<DetectorTask> task;
    if (detector.detector != "none") {
      task = atLine(recipe(), detector.line, [&] { return m_workbench.resolve(detector); });
      if (task->needsAttacked && detector.fit.empty()) {
        refuse(detector.line, detector.name + " must be fitted to an attack",
               "give fit = a column's name (transfer), or \"each\"");
      }
    } else if (!detector.fit.empty() || !detector.parameters.values().empty() || detector.noisyNegatives) {
      refuse(detector.line, "there is nothing to fit without a detector");
    }
    if (task && !task->needsAttacked && !detector.fit.empty()) {
      refuse(detector.line, detector.detector + " isn't fitted to attacks", "leave fit out");
    }
    const auto& watched = m_modelsByName.at(detector.model);
    for (const std::size_t model : watched) {
      PlannedDetector entry;
      entry.family = detector.name;
      entry.name = detector.name + (m_suffixes.contains(model) ? m_suffixes.at(model) : "");
      entry.task = task;
      entry.models = {model};
      for (const auto& companion : detector.companions) {
        for (const std::size_t other : m_modelsByName.at(companion)) entry.models.push_back(other);
      }
      entry.fitEach = detector.fit == "each";
      if (!detector.fit.empty() && !entry.fitEach) entry.fit = fitAttack(detector);
      entry.noisyNegatives = detector.noisyNegatives;
      if (entry.fitEach) checkFitEach(detector);
      m_columns.push_back(detector.attacks);
      m_plan.detectors.push_back(std::move(entry));
    }
  }

  /// Of attacks on another model only that one's verdict is known: what fooled it need not fool the watched one.
  void checkFitEach(const RecipeDetector& detector) const {
    for (const RecipeAttack& attack : recipe().attacks) {
      const bool meant = detector.attacks.empty() || std::find(detector.attacks.begin(), detector.attacks.end(),
                                                               attack.name) != detector.attacks.end();
      if (!meant || attack.on.empty()) continue;
      refuse(detector.line, "\"" + attack.name + "\" attacks another model, and can't be fitted to",
             "list the others in attacks, or fit to one that attacks the watched model");
    }
  }

  std::size_t fitAttack(const RecipeDetector& detector) const {
    const auto& places = m_attacksByName.at(detector.fit);
    if (places.size() > 1) refuse(detector.line, "\"" + detector.fit + "\" has several budgets", "fit to one of one");
    if (m_plan.attacks[places.front()].on) {
      refuse(detector.line, "\"" + detector.fit + "\" attacks another model",
             "fit to one that attacks the watched one");
    }
    return places.front();
  }

  void addCells() {
    for (std::size_t row = 0; row < m_plan.detectors.size(); ++row) {
      for (std::size_t column = 0; column < m_plan.attacks.size(); ++column) {
        const auto& wanted = m_columns[row];
        const std::string& family = m_plan.attacks[column].family;
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), family) == wanted.end()) continue;
        m_plan.cells.push_back({row, column, {}, {}});
      }
    }
    if (m_plan.cells.size() > kMostCells) {
      refuse(1, "the recipe has " + std::to_string(m_plan.cells.size()) + " cells",
             "at most " + std::to_string(kMostCells));
    }
  }

  void addPublished() {
    for (const RecipePublished& figure : recipe().published) {
      bool known = false;
      for (PlannedCell& cell : m_plan.cells) {
        const auto& detector = m_plan.detectors[cell.detector];
        const auto& attack = m_plan.attacks[cell.attack];
        if (detector.name != figure.detector && detector.family != figure.detector) continue;
        if (attack.name != figure.attack && attack.family != figure.attack) continue;
        if (cell.published)
          refuse(figure.line, "there are two published figures for " + detector.name + "/" + attack.name);
        cell.published = figure.auc;
        cell.publishedSource = figure.source;
        known = true;
      }
      if (!known && !skipped(figure.detector, figure.attack)) {
        refuse(figure.line, "there is no cell " + figure.detector + "/" + figure.attack + " to compare with");
      }
    }
  }

  /// A preset may have taken its row or column out; then the figure has nothing to stand beside.
  bool skipped(const std::string& detector, const std::string& attack) const {
    return !m_attacksByName.contains(attack) ||
           std::none_of(recipe().detectors.begin(), recipe().detectors.end(),
                        [&](const RecipeDetector& each) { return each.name == detector; });
  }

  void addChecks() {
    for (const RecipeCheck& check : recipe().checks) {
      const auto cell = cellOf(check.cell, check.line);
      const auto other = check.other.empty() ? std::nullopt : cellOf(check.other, check.line);
      if (cell && (other || check.other.empty())) m_plan.checks.push_back({check, *cell, other});
    }
  }

  /// None if a preset took its row or column out.
  std::optional<std::size_t> cellOf(const std::string& name, int line) const {
    for (std::size_t i = 0; i < m_plan.cells.size(); ++i) {
      const PlannedCell& cell = m_plan.cells[i];
      if (m_plan.detectors[cell.detector].name + "/" + m_plan.attacks[cell.attack].name == name) return i;
    }
    const auto slash = name.find('/');
    const std::string detector = name.substr(0, slash);
    const std::string attack = name.substr(slash + 1);
    if (!skipped(detector.substr(0, detector.find(" (")), attack.substr(0, attack.find(" ε=")))) {
      refuse(line, "there is no cell \"" + name + "\"", "a cell is DETECTOR/ATTACK, with the budget if it has several");
    }
    return std::nullopt;
  }

  Plan m_plan;
  const Workbench& m_workbench;
  std::map<std::string, std::vector<std::size_t>> m_modelsByName;
  std::map<std::string, std::vector<std::size_t>> m_attacksByName;
  std::map<std::size_t, std::string> m_suffixes;    ///< of swept models
  std::vector<std::vector<std::string>> m_columns;  ///< wanted, a row each
};

/// "*" stands for any characters.
bool matches(const std::string& pattern, const std::string& text) {
  std::size_t p = 0, t = 0, star = std::string::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace

Plan makePlan(const Recipe& recipe, const Workbench& workbench) { return Planner(recipe, workbench).make(); }

bool matchesCell(const std::string& pattern, const Plan& plan, const PlannedCell& cell) {
  const auto slash = pattern.find('/');
  if (slash == std::string::npos || pattern.find('/', slash + 1) != std::string::npos) {
    throw Error(ErrorKind::Usage, "a cell is DETECTOR/ATTACK, with * for any, not \"" + pattern + "\"", "only");
  }
  const std::string row = pattern.substr(0, slash);
  const std::string column = pattern.substr(slash + 1);
  const auto& detector = plan.detectors[cell.detector];
  const auto& attack = plan.attacks[cell.attack];
  return (matches(row, detector.name) || matches(row, detector.family)) &&
         (matches(column, attack.name) || matches(column, attack.family));
}

}  // namespace whorl
