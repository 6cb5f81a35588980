// SPDX-License-Identifier: GPL-3.0-or-later
// The minimal build has neither SQLite nor toml++, and so no recipes.
#include "core/base/error.h"
#include "core/service/engine_impl.h"

namespace whorl {

std::vector<RecipeInfo> EngineImpl::recipes() const { return {}; }

RecipeInfo EngineImpl::recipe(const std::string& idOrPath) const {
  throw Error(ErrorKind::BadInput, "this build (WHORL_MINIMAL) has no recipes", idOrPath, "use the full build");
}

RecipeResult EngineImpl::runRecipe(const RecipeRequest& request, const JobContext&, const RecipeHooks&) {
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) runs no recipes", request.recipe, "use the full build");
}

}  // namespace whorl
