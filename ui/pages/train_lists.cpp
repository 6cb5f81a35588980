// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_lists.h"

#include <algorithm>
#include <set>

namespace whorl::ui {

namespace {

/// More objectives than this, and only those alone and all pairs with the first are asked for: sums grow as powers
/// of 2.
constexpr std::size_t kMostSummed = 5;
const std::set<std::string> kImportant = {"epochs",   "batch_size", "learning_rate",
                                          "schedule", "precision",  "validation_fraction"};

template <class List>
auto findByName(const List& list, const std::string& name) -> decltype(&list.front()) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

const DatasetInfo* TrainLists::dataset(const std::string& name) const { return findByName(datasets, name); }

const ArchitectureInfo* TrainLists::architecture(const std::string& name) const {
  return findByName(architectures, name);
}

std::string TrainLists::ordered(const std::string& objective) const {
  const std::vector<std::string> wanted = objectiveTerms(objective);
  std::vector<std::string> terms;
  for (const OperationSpec& spec : objectives) {
    if (std::find(wanted.begin(), wanted.end(), spec.name) != wanted.end()) terms.push_back(spec.name);
  }
  return joinTerms(terms);
}

TrainLists loadTrainLists(Engine& engine, const JobContext& context) {
  TrainLists lists;
  lists.info = engine.info();
  lists.datasets = engine.datasets();
  context.throwIfStopped();
  lists.architectures = engine.architectures();
  lists.objectives = engine.objectives();
  lists.presets = engine.trainPresets();
  const std::size_t count = std::min(lists.objectives.size(), kMostSummed);
  for (std::size_t chosen = 1; chosen < (std::size_t{1} << count); ++chosen) {
    std::vector<std::string> terms;
    for (std::size_t i = 0; i < count; ++i) {
      if (chosen >> i & 1U) terms.push_back(lists.objectives[i].name);
    }
    const std::string objective = joinTerms(terms);
    lists.parameters[objective] = engine.trainParameters(objective);
  }
  if (!lists.info.userFolder.empty()) lists.brokenOff = brokenOffRuns(lists.info.userFolder + "/checkpoints");
  return lists;
}

std::vector<std::string> objectiveTerms(const std::string& objective) {
  std::vector<std::string> terms;
  std::size_t start = 0;
  while (start <= objective.size()) {
    const std::size_t end = std::min(objective.find('+', start), objective.size());
    if (end > start) terms.push_back(objective.substr(start, end - start));
    start = end + 1;
  }
  return terms;
}

std::string joinTerms(const std::vector<std::string>& terms) {
  std::string joined;
  for (const std::string& term : terms) joined += (joined.empty() ? "" : "+") + term;
  return joined;
}

std::vector<ParameterGroup> groupParameters(const TrainLists& lists, const std::string& objective) {
  const auto all = lists.parameters.find(objective);
  if (all == lists.parameters.end()) return {};
  // What every objective has is the loop's.
  std::set<std::string> loop;
  for (const ParameterSpec& spec : all->second) {
    const bool everywhere = std::all_of(lists.objectives.begin(), lists.objectives.end(), [&](const auto& other) {
      const auto alone = lists.parameters.find(other.name);
      return alone == lists.parameters.end() || findByName(alone->second, spec.name) != nullptr;
    });
    if (everywhere) loop.insert(spec.name);
  }
  ParameterGroup important, rest;
  rest.important = false;
  std::vector<ParameterGroup> groups;
  std::set<std::string> placed;
  for (const ParameterSpec& spec : all->second) {
    if (loop.contains(spec.name)) (kImportant.contains(spec.name) ? important : rest).specs.push_back(spec);
  }
  groups.push_back(important);
  for (const std::string& term : objectiveTerms(objective)) {
    const auto alone = lists.parameters.find(term);
    if (alone == lists.parameters.end()) continue;
    ParameterGroup group{term, true, {}};
    for (const ParameterSpec& spec : all->second) {
      const bool its = findByName(alone->second, spec.name) != nullptr;
      if (its && !loop.contains(spec.name) && placed.insert(spec.name).second) group.specs.push_back(spec);
    }
    if (!group.specs.empty()) groups.push_back(group);
  }
  if (!rest.specs.empty()) groups.push_back(rest);
  return groups;
}

bool madeFor(const ArchitectureInfo& architecture, const DatasetInfo& dataset) {
  return dataset.shape.size() == 0 || dataset.shape == architecture.input;
}

}  // namespace whorl::ui
