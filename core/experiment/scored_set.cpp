// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/scored_set.h"

#include <cmath>

#include "core/base/error.h"

namespace whorl {
namespace {

void checkFinite(const std::vector<double>& scores) {
  for (const double score : scores) {
    if (!std::isfinite(score)) {
      throw Error(ErrorKind::BadInput, "a score isn't finite", "scores", "the network's output isn't finite there");
    }
  }
}

}  // namespace

nlohmann::json toJson(const ScoredSet& set) {
  checkFinite(set.clean);
  checkFinite(set.adversarial);
  return {{"clean", set.clean},     {"adversarial", set.adversarial},
          {"success", set.success}, {"right", set.right},
          {"l2", set.l2},           {"linf", set.linf}};
}

ScoredSet scoredSetFromJson(const nlohmann::json& document) {
  try {
    ScoredSet set;
    set.clean = document.at("clean").get<std::vector<double>>();
    set.adversarial = document.at("adversarial").get<std::vector<double>>();
    set.success = document.at("success").get<std::vector<bool>>();
    set.right = document.at("right").get<std::vector<bool>>();
    set.l2 = document.at("l2").get<std::vector<double>>();
    set.linf = document.at("linf").get<std::vector<double>>();
    const std::size_t count = set.success.size();
    const bool scored = set.adversarial.size() == count || (set.adversarial.empty() && set.clean.empty());
    if (scored && set.right.size() == count && set.l2.size() == count && set.linf.size() == count) return set;
  } catch (const nlohmann::json::exception&) {
  }
  throw Error(ErrorKind::BadInput, "the run store's scores are damaged", "scores", "compute them again with --rerun");
}

}  // namespace whorl
