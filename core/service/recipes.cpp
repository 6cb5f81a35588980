// SPDX-License-Identifier: GPL-3.0-or-later
// Recipes: which there are, and running them.
#include <algorithm>
#include <system_error>

#include "core/base/error.h"
#include "core/experiment/runner.h"
#include "core/service/documents.h"
#include "core/service/engine_impl.h"
#include "core/service/impl/inference.h"
#include "core/service/recipe_document.h"
#include "core/service/recipe_workbench.h"
#include "core/service/report_samples.h"

namespace whorl {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".toml";

std::vector<fs::path> recipeFiles(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;  // a folder that isn't there yet holds no recipes
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    std::error_code unreadable;
    if (entry.path().extension() == kSuffix && entry.is_regular_file(unreadable)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

RecipeInfo describe(const fs::path& path, bool shipped, const Workbench& workbench) {
  RecipeInfo info;
  info.id = shipped ? path.stem().string() : path.string();
  info.title = path.stem().string();
  info.path = path.string();
  info.shipped = shipped;
  try {
    const Recipe first = readRecipe(path, "");
    info.title = first.title;
    info.summary = first.summary;
    info.presets = first.presets;
    for (const auto& preset : first.presets) makePlan(readRecipe(path, preset), workbench);
  } catch (const Error& error) {
    info.problem = error.what();
  }
  return info;
}

}  // namespace

RecipeWorkbench EngineImpl::workbench(const std::string& device, int threads) const {
  // What the workbench trains and loads it does through the engine, whose own state this method doesn't touch.
  auto& self = const_cast<EngineImpl&>(*this);
  return RecipeWorkbench({self, m_catalogue, self.m_datasets, self.m_models, m_plans, device, threads});
}

std::vector<RecipeInfo> EngineImpl::recipes() const {
  const RecipeWorkbench declarations = workbench("cpu", 1);
  std::vector<RecipeInfo> list;
  for (const auto& path : recipeFiles(m_resourceFolder / "recipes")) list.push_back(describe(path, true, declarations));
  for (const auto& path : recipeFiles(m_userFolder / "recipes")) list.push_back(describe(path, false, declarations));
  return list;
}

fs::path EngineImpl::recipePath(const std::string& idOrPath) const {
  std::error_code ignored;
  const bool looksLikePath = idOrPath.find('/') != std::string::npos || idOrPath.ends_with(kSuffix);
  if (!looksLikePath && !idOrPath.empty()) {
    for (const auto& folder : {m_resourceFolder / "recipes", m_userFolder / "recipes"}) {
      const fs::path path = folder / (idOrPath + kSuffix);
      if (fs::is_regular_file(path, ignored)) return path;
    }
  }
  if (!idOrPath.empty() && fs::is_regular_file(idOrPath, ignored)) return idOrPath;
  std::string known;
  for (const char* kind : {"recipes", "comparisons"}) {
    for (const auto& folder : {m_resourceFolder / kind, m_userFolder / kind}) {
      for (const auto& path : recipeFiles(folder)) known += (known.empty() ? "" : ", ") + path.stem().string();
    }
  }
  throw Error(ErrorKind::BadInput, "there is no such recipe", idOrPath,
              known.empty() ? "give the path of a .toml file" : "known: " + known + "; or give a file's path");
}

RecipeInfo EngineImpl::recipe(const std::string& idOrPath) const {
  const fs::path path = recipePath(idOrPath);
  std::error_code ignored;
  const bool shipped = fs::equivalent(path.parent_path(), m_resourceFolder / "recipes", ignored);
  return describe(path, shipped, workbench("cpu", 1));
}

RecipeResult EngineImpl::runRecipe(const RecipeRequest& request, const JobContext& context, const RecipeHooks& hooks) {
  return translated("recipe", [&] {
    const int threads = threadsFor(request.threads);
    RecipeWorkbench bench = workbench(parseDevice(request.device).str(), threads);
    const Plan plan = makePlan(readRecipe(recipePath(request.recipe), request.preset), bench);
    RunStore store(request.store.empty() ? m_userFolder / "runs" : fs::path(request.store));
    const RunOptions options{request.only, request.rerun, request.dryRun};
    RecipeResult result = runPlan(plan, store, bench, options, context, {hooks.onPlan, hooks.onCell});
    const auto head =
        documentHead("run", plan.recipe.sample.seed, parseDevice(request.device).str(), threads, 0, "float32");
    if (!request.report.empty() && !request.dryRun) {
      ReportData report = recipeReport(result, plan, request.recipe, head);
      report.samples = reportSamples(result);
      result.reports = writeReports(report, request.report);
    }
    auto document = head;
    document.update(recipeDocument(result, plan));
    document["store"] = store.folder().string();
    document["dry_run"] = request.dryRun;
    result.json = jsonText(document);
    return result;
  });
}

}  // namespace whorl
