// SPDX-License-Identifier: GPL-3.0-or-later
// The minimal build has neither SQLite nor toml++, and so no recipes.
#include "core/base/error.h"
#include "core/service/engine_impl.h"

namespace whorl {

namespace {

[[noreturn]] void noRecipes(const std::string& where) {
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no recipes", where, "use the full build");
}

}  // namespace

std::vector<RecipeInfo> EngineImpl::recipes() const { noRecipes({}); }

RecipeInfo EngineImpl::recipe(const std::string& idOrPath) const { noRecipes(idOrPath); }

RecipeResult EngineImpl::runRecipe(const RecipeRequest& request, const JobContext&, const RecipeHooks&) {
  noRecipes(request.recipe);
}

}  // namespace whorl
