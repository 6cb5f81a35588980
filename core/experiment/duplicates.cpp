// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/duplicates.h"

#include <algorithm>
#include <cmath>

#include "core/experiment/table_reader.h"

namespace whorl {
namespace {

constexpr std::size_t kMostDistortions = 100;

}  // namespace

void readDuplicates(const TomlNode& node, const std::string& file, const std::string& what, DuplicatePlan& plan) {
  TableReader reader(node, file, what);
  plan.layer = reader.text("layer", plan.layer);
  plan.normalise = reader.boolean("normalise", plan.normalise);
  plan.measure = reader.choice("measure", plan.measure, {"l2", "cosine"});
  plan.split = reader.choice("split", plan.split, {"test", "train"});
  plan.count = reader.integer("count", plan.count, 0, 100'000'000);
  if (plan.count == 1) reader.refuse(reader.line(), "near-duplicates need two images or more", "0 takes all");
  plan.negatives = reader.integer("negatives", plan.negatives, 1, 10'000);
  plan.draws = reader.integer("draws", plan.draws, 1, 1'000'000);
  if (reader.has("distortions")) plan.distortions = reader.texts("distortions");
  if (plan.distortions.size() > kMostDistortions) reader.refuse(reader.line(), "there are too many distortions");
  for (auto each = plan.distortions.begin(); each != plan.distortions.end(); ++each) {
    if (std::find(plan.distortions.begin(), each, *each) != each) {
      reader.refuse(reader.line(), "distortions names " + *each + " twice");
    }
  }
  reader.done();
}

double precisionOnCurve(const std::vector<std::pair<double, double>>& curve, double recall) {
  for (const auto& [reached, precision] : curve) {
    // Recall is a quotient of counts: what is meant to be 0.95 may be one rounding below it.
    if (reached >= recall - 1e-12) return precision;
  }
  return std::nan("");
}

}  // namespace whorl
