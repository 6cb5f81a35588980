// SPDX-License-Identifier: GPL-3.0-or-later
// The minimal build has no toml++, and so no comparisons.
#include "core/base/error.h"
#include "core/service/comparison_run.h"

namespace whorl {

std::vector<ComparisonInfo> comparisons(const Engine&) { return {}; }

std::optional<std::string> comparisonPath(const Engine&, const std::string&) { return std::nullopt; }

ComparisonResult runComparison(Engine&, const ComparisonRequest& request, const JobContext&, const ComparisonHooks&) {
  throw Error(ErrorKind::Usage, "this build (WHORL_MINIMAL) has no recipes", request.recipe, "use the full build");
}

}  // namespace whorl
