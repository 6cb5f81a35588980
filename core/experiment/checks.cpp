// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/experiment/checks.h"

#include <cmath>

namespace whorl {
namespace {

/// Of CellFigures::evasionRate: the rate at 5 % false positives.
constexpr std::size_t kFivePercent = 1;
/// Shares are quotients: 1 - 0.9 is not quite 0.1.
constexpr double kRounding = 1e-12;

std::optional<Figure> figureOf(const RecipeCell& cell, const std::string& name) {
  if (cell.state != CellState::Done || !cell.figures) return std::nullopt;
  const CellFigures& figures = *cell.figures;
  std::optional<Figure> figure;
  if (name == "success") figure = figures.successRate;
  if (name == "accuracy") {
    const Figure& wrong = figures.successRate;
    figure = Figure{1 - wrong.value, 1 - wrong.high, 1 - wrong.low};
  }
  if (name == "combined") figure = figures.combinedAccuracy;
  if (name == "auc") figure = figures.aucSuccessful;
  if (name == "evasion" && figures.evasionRate.size() > kFivePercent) figure = figures.evasionRate[kFivePercent];
  return figure && std::isfinite(figure->value) ? figure : std::nullopt;
}

}  // namespace

std::vector<CheckedClaim> checkClaims(const Plan& plan, const RecipeResult& result) {
  std::vector<CheckedClaim> claims;
  for (const PlannedCheck& planned : plan.checks) {
    const RecipeCheck& check = planned.check;
    CheckedClaim claim;
    claim.claim = check.claim;
    claim.figure = check.figure;
    claim.cell = check.cell;
    claim.atLeast = check.atLeast;
    claim.other = check.other;
    claim.value = figureOf(result.cells[planned.cell], check.figure);
    claim.bound = planned.other ? figureOf(result.cells[*planned.other], check.figure)
                                : std::optional(Figure{check.value, check.value, check.value});
    if (claim.value && claim.bound) {
      const double value = claim.value->value;
      claim.holds = check.atLeast ? value >= claim.bound->low - kRounding : value <= claim.bound->high + kRounding;
    }
    claims.push_back(std::move(claim));
  }
  return claims;
}

}  // namespace whorl
