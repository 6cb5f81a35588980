// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"
#include "core/service/engine_impl.h"

namespace whorl {

std::vector<RecipeInfo> EngineImpl::recipes() const { return {}; }

RecipeResult EngineImpl::runRecipe(const RecipeRequest& request, const JobContext&, const RecipeHooks&) {
  throw Error(ErrorKind::BadInput, "there is no such recipe", request.recipe, "known: none yet");
}

}  // namespace whorl
