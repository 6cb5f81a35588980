// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/runner.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <new>
#include <thread>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/experiment/cell_steps.h"
#include "core/experiment/checks.h"
#include "core/experiment/figures.h"

namespace whorl {
namespace {

constexpr auto kWait = std::chrono::milliseconds(200);

bool matchesAny(const std::vector<std::string>& patterns, const Plan& plan, const PlannedCell& cell) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matchesCell(pattern, plan, cell); });
}

void checkPatterns(const std::vector<std::string>& patterns, const Plan& plan, const char* option) {
  for (const auto& pattern : patterns) {
    const bool known = std::any_of(plan.cells.begin(), plan.cells.end(),
                                   [&](const PlannedCell& cell) { return matchesCell(pattern, plan, cell); });
    if (!known) {
      const auto& first = plan.cells.front();
      throw Error(ErrorKind::Usage, "no cell is called \"" + pattern + "\"", option,
                  "cells are DETECTOR/ATTACK, such as \"" + plan.detectors[first.detector].name + "/" +
                      plan.attacks[first.attack].name + "\"");
    }
  }
}

class PlanRun {
 public:
  PlanRun(const Plan& plan, RunStore& store, Workbench& workbench, const RunOptions& options, const JobContext& context,
          const RunHooks& hooks)
      : m_plan(plan),
        m_store(store),
        m_workbench(workbench),
        m_steps(plan, store, workbench, options.dryRun),
        m_kept(plan, store, workbench, /*dryRun=*/true),
        m_options(options),
        m_context(context),
        m_hooks(hooks),
        m_result(emptyResult(plan)) {}

  RecipeResult run() {
    const auto start = std::chrono::steady_clock::now();
    checkPatterns(m_options.only, m_plan, "only");
    checkPatterns(m_options.rerun, m_plan, "rerun");
    m_result.checks = checkClaims(m_plan, m_result);  // all open yet
    if (m_hooks.onPlan) m_hooks.onPlan(m_result);
    // Without data every cell would fail, each after trying to fetch them; so would they all by a wrong name.
    m_workbench.dataChecksum(m_plan.recipe.data, /*fetch=*/!m_options.dryRun, m_context);
    std::deque<std::size_t> waiting;
    for (std::size_t i = 0; i < m_plan.cells.size(); ++i) {
      if (m_options.only.empty() || matchesAny(m_options.only, m_plan, m_plan.cells[i])) {
        waiting.push_back(i);
      } else {
        lookUp(i);
      }
    }
    m_total = std::ssize(waiting);
    std::size_t turnedDown = 0;  // one after the other
    while (!waiting.empty()) {
      m_context.step();
      const std::size_t index = waiting.front();
      waiting.pop_front();
      if (visit(index)) {
        turnedDown = 0;
        ++m_done;
      } else {
        waiting.push_back(index);
        if (++turnedDown >= waiting.size()) wait();
      }
    }
    m_result.checks = checkClaims(m_plan, m_result);
    m_result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(m_result);
  }

 private:
  /// False if another process is at it.
  bool visit(std::size_t index) {
    RecipeCell& cell = m_result.cells[index];
    const CellState before = cell.state;
    if (!m_options.dryRun) tell(index, CellState::Running);
    try {
      const bool again = matchesAny(m_options.rerun, m_plan, m_plan.cells[index]);
      take(cell, m_steps.cell(m_plan.cells[index], again, contextFor(cell)));
      tell(index, cell.figures ? CellState::Done : CellState::Waiting);
      return true;
    } catch (const StepBusy&) {
      tell(index, before);
      return false;
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Cancelled) throw;
      cell.problem = error.what();
    } catch (const std::bad_alloc&) {
      cell.problem = "memory ran out";
    } catch (const nlohmann::json::exception&) {
      cell.problem = "an entry of the run store is damaged: compute the cell again with --rerun";
    }
    tell(index, CellState::Failed);
    return true;
  }

  /// What is there of a cell that nobody asked for: a report shows all that is known of the recipe.
  void lookUp(std::size_t index) {
    try {
      CellSteps::CellResult result = m_kept.cell(m_plan.cells[index], /*again=*/false, m_context);
      if (!result.scores) return;
      take(m_result.cells[index], std::move(result));
      tell(index, CellState::Done);
    } catch (const StepBusy&) {                   // somebody is at it: not there yet
    } catch (const nlohmann::json::exception&) {  // damaged: neither
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::Cancelled) throw;
    }
  }

  void take(RecipeCell& cell, CellSteps::CellResult result) {
    cell.kept = result.kept;
    cell.attackedImages = result.attacked.string();
    cell.modelFile = result.model.string();
    if (result.scores) {
      cell.seconds = result.seconds;
      cell.figures = figuresOf(*result.scores, mixSeed(m_plan.recipe.sample.seed, "bootstrap"));
    } else {
      cell.seconds = result.missing;
      if (!result.missingKnown) cell.problem = "how long it takes is not known";
    }
  }

  void tell(std::size_t index, CellState state) {
    m_result.cells[index].state = state;
    if (m_hooks.onCell) m_hooks.onCell(index, m_result.cells[index]);
  }

  /// Cells count as the work's units; a message says which cell, and how far it is.
  JobContext contextFor(const RecipeCell& cell) {
    const std::string name = cell.detector + "/" + cell.attack + ": ";
    return {m_context.stopToken(),
            [this, name](const Progress& progress) {
              std::string message = name + progress.message;
              if (progress.total > 0) {
                message += " " + std::to_string(progress.done) + "/" + std::to_string(progress.total);
              }
              m_context.report({m_done, m_total, message, progress.metrics});
            },
            [this] {
              m_store.renew();
              m_context.step();
            }};
  }

  /// Until another process has got further.
  void wait() {
    m_context.report({m_done, m_total, "waiting for another process", {}});
    std::this_thread::sleep_for(kWait);
  }

  const Plan& m_plan;
  RunStore& m_store;
  Workbench& m_workbench;
  CellSteps m_steps;
  CellSteps m_kept;  ///< computes nothing
  const RunOptions& m_options;
  const JobContext& m_context;
  const RunHooks& m_hooks;
  RecipeResult m_result;
  std::int64_t m_done = 0;
  std::int64_t m_total = 0;
};

}  // namespace

RecipeResult emptyResult(const Plan& plan) {
  RecipeResult result;
  result.title = plan.recipe.title;
  result.preset = plan.recipe.preset;
  for (const auto& detector : plan.detectors) result.detectors.push_back(detector.name);
  for (const auto& attack : plan.attacks) result.attacks.push_back(attack.name);
  for (const PlannedCell& planned : plan.cells) {
    const PlannedDetector& detector = plan.detectors[planned.detector];
    const PlannedAttack& attack = plan.attacks[planned.attack];
    RecipeCell cell;
    cell.detector = detector.name;
    cell.attack = attack.name;
    cell.model = plan.models[attack.on.value_or(detector.models.front())].name;
    cell.threatModel = attack.on ? "black-box" : attack.task.threatModel;
    cell.published = planned.published;
    cell.publishedSource = planned.publishedSource;
    cell.detectorFamily = detector.family;
    cell.variant = plan.models[detector.models.front()].variant;
    cell.attackFamily = attack.family;
    cell.budget = attack.budget;
    result.cells.push_back(std::move(cell));
  }
  return result;
}

RecipeResult runPlan(const Plan& plan, RunStore& store, Workbench& workbench, const RunOptions& options,
                     const JobContext& context, const RunHooks& hooks) {
  return PlanRun(plan, store, workbench, options, context, hooks).run();
}

}  // namespace whorl
