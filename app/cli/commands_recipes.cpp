// SPDX-License-Identifier: GPL-3.0-or-later
// run, recipes: published tables, computed anew.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "app/cli/commands.h"
#include "app/cli/recipe_tables.h"
#include "app/cli/text.h"
#include "core/base/error.h"
#include "core/service/comparison_run.h"
#include "core/service/run_forecast.h"

namespace whorl::cli {
namespace {

using nlohmann::json;

// ---- recipes -------------------------------------------------------------------------------------------------------

void listRecipes(Session& session) {
  json list = json::array();
  std::string text;
  for (const RecipeInfo& info : session.engine().recipes()) {
    list.push_back({{"id", info.id},
                    {"title", info.title},
                    {"summary", info.summary},
                    {"path", info.path},
                    {"presets", info.presets},
                    {"shipped", info.shipped},
                    {"problem", info.problem.empty() ? json(nullptr) : json(info.problem)}});
    text += padded(oneLine(info.id), 20);
    text += info.problem.empty() ? padded(joined(info.presets), 14) + oneLine(info.title) : oneLine(info.problem);
    text += "\n";
  }
  json others = json::array();
  for (const ComparisonInfo& info : comparisons(session.engine())) {
    others.push_back({{"id", info.id},
                      {"title", info.title},
                      {"summary", info.summary},
                      {"path", info.path},
                      {"presets", info.presets},
                      {"problem", info.problem.empty() ? json(nullptr) : json(info.problem)}});
    text += padded(oneLine(info.id), 20);
    text += info.problem.empty() ? padded(joined(info.presets), 14) + oneLine(info.title) : oneLine(info.problem);
    text += "\n";
  }
  session.print(text);
  session.writeJson(jsonText(json{{"recipes", list}, {"comparisons", others}}));
}

// ---- run -----------------------------------------------------------------------------------------------------------

/// A line a cell on stderr, as it ends.
std::string cellLine(const RecipeCell& cell) {
  const std::string name = oneLine(cell.detector + "/" + cell.attack);
  if (cell.state == CellState::Failed) return name + ": failed: " + oneLine(cell.problem);
  const CellFigures& figures = *cell.figures;
  std::string line = name + ":";
  if (std::isfinite(figures.aucAll.value)) {
    line += "  AUC " + percent(figures.aucAll.value) + " (successful " + percent(figures.aucSuccessful.value) + ")";
  }
  line += "  success " + percent(figures.successRate.value) + " of " + std::to_string(figures.attacked);
  return line + (cell.kept ? "  (kept)" : "  " + durationText(cell.seconds));
}

/// How long the run takes, from its plan: cells are of very different lengths. The worker tells it what happens, the
/// waiting thread asks.
class Forecast {
 public:
  void start(const RecipeResult& plan) {
    std::vector<double> expected;
    for (const RecipeCell& cell : plan.cells) {
      const bool waits = cell.state == CellState::Waiting;
      expected.push_back(!waits ? 0 : cell.problem.empty() ? cell.seconds : -1);
    }
    const std::lock_guard lock(m_mutex);
    m_forecast.start(std::move(expected));
    m_last = Clock::now();
  }
  void tell(std::size_t index, CellState state) {
    const std::lock_guard lock(m_mutex);
    pass();
    state == CellState::Running ? m_forecast.begin(index) : m_forecast.end(index);
  }
  std::optional<double> secondsLeft() {
    const std::lock_guard lock(m_mutex);
    pass();
    return m_forecast.secondsLeft();
  }

 private:
  using Clock = std::chrono::steady_clock;
  void pass() {
    m_forecast.pass(std::chrono::duration<double>(Clock::now() - std::exchange(m_last, Clock::now())).count());
  }

  std::mutex m_mutex;
  RunForecast m_forecast;
  Clock::time_point m_last = Clock::now();
};

/// With the first one's reason, which --quiet would hide.
void refuseFailures(const RecipeResult& result, const RecipeRequest& request) {
  const auto hasFailed = [](const RecipeCell& cell) { return cell.state == CellState::Failed; };
  const auto failed = std::count_if(result.cells.begin(), result.cells.end(), hasFailed);
  if (failed == 0) return;
  const RecipeCell& first = *std::find_if(result.cells.begin(), result.cells.end(), hasFailed);
  const std::string share = std::to_string(failed) + " of " + std::to_string(result.cells.size()) + " cells ";
  const std::string why = oneLine(first.detector + "/" + first.attack + ": " + first.problem);
  throw Error(ErrorKind::Failed,
              share + (request.dryRun ? "can't be computed: " : "failed, the others are kept: ") + why, request.recipe,
              request.dryRun ? "" : "the same command tries them again");
}

/// A comparison of trained models, the other kind of recipe.
void runCompared(Session& session, const RecipeRequest& recipe) {
  for (const auto& [given, option] : {std::pair{!recipe.only.empty(), "--only"}, {!recipe.rerun.empty(), "--rerun"}}) {
    if (given) throw Error(ErrorKind::Usage, "a comparison of models has no cells to choose", option, "leave it out");
  }
  ComparisonRequest request;
  request.recipe = recipe.recipe;
  request.preset = recipe.preset;
  request.store = recipe.store;
  request.report = recipe.report;
  request.dryRun = recipe.dryRun;
  request.device = session.options().device;
  request.threads = session.options().threads;
  ComparisonResult result;
  session.run(
      Lane::Training, "run " + request.recipe,
      [&](JobContext& context) {
        ComparisonHooks hooks;
        hooks.onLine = [&](const std::string& line) { session.note(line); };
        result = runComparison(session.engine(), request, context, hooks);
      },
      "steps");
  for (const auto& line : result.lines) session.print(oneLine(line) + "\n");
  for (const auto& report : result.reports) session.print("report  " + oneLine(report) + "\n");
  session.writeJson(result.json);
}

void runRecipe(Session& session, RecipeRequest request) {
  if (comparisonPath(session.engine(), request.recipe)) return runCompared(session, request);
  request.device = session.options().device;
  request.threads = session.options().threads;
  Forecast forecast;
  RecipeHooks hooks;
  hooks.onCell = [&](std::size_t index, const RecipeCell& cell) {
    forecast.tell(index, cell.state);
    if (cell.figures || cell.state == CellState::Failed) session.note(cellLine(cell));
  };
  if (request.dryRun) hooks.onCell = {};
  RecipeResult result;
  session.run(
      Lane::Batch, "run " + request.recipe,
      [&](JobContext& context) {
        if (!request.dryRun && request.rerun.empty()) {
          RecipeRequest plan = request;
          plan.dryRun = true;
          forecast.start(session.engine().runRecipe(plan, context, {}));
        }
        result = session.engine().runRecipe(request, context, hooks);
      },
      "cells", [&] { return forecast.secondsLeft(); });
  session.print(request.dryRun ? planTable(result) : resultTables(result));
  for (const auto& report : result.reports) session.print("report  " + oneLine(report) + "\n");
  session.writeJson(result.json);
  refuseFailures(result, request);
}

void addRun(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  auto request = std::make_shared<RecipeRequest>();
  auto resume = std::make_shared<bool>(false);
  CLI::App* app = root.add_subcommand("run", "Run a recipe: attacks × detectors, beside the published figures");
  addCommonOptions(*app, common);
  app->remove_option(app->get_option("--seed"));  // a recipe has its own seeds
  app->add_option("recipe", request->recipe, "A shipped recipe's name (whorl-cli recipes), or a .toml file")
      ->required();
  app->add_option("--preset", request->preset, "Which of the recipe's presets (default: its first)");
  app->add_option("--only", request->only, "Cells DETECTOR/ATTACK, with * for any; may be repeated")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--rerun", request->rerun, "Cells to compute anew, likewise")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_flag("--dry-run", request->dryRun, "Say what is there, and how long the rest may take");
  app->add_flag("--resume", *resume, "Go on where an earlier run ended: always so, and only for scripts that say it");
  app->add_option("--store", request->store, "Folder of the run store (default: one in your folder)");
  app->add_option("--report", request->report, "Write report.md, report.tex and report.html into this folder");
  app->add_option("--threads", common.threads, "Threads (default: all cores)")->check(wholeNumberProblem<int>);
  app->footer("Finished cells are never computed twice. Ctrl+C loses at most the piece in progress.");
  commands.push_back(
      {app, [request, resume](Session& session, const std::vector<ExtraOption>&) { runRecipe(session, *request); },
       nullptr, false});
}

}  // namespace

void addRecipeCommands(CLI::App& root, CommonOptions& common, std::vector<Command>& commands) {
  addRun(root, common, commands);
  CLI::App* list = root.add_subcommand("recipes", "List recipes, and what is wrong with those that can't be run");
  addCommonOptions(*list, common);
  commands.push_back(
      {list, [](Session& session, const std::vector<ExtraOption>&) { listRecipes(session); }, nullptr, false});
}

}  // namespace whorl::cli
