// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include <optional>
#include <vector>

#include "core/service/recipe_types.h"

namespace whorl::ui {

/// What the cells of the grid show.
enum class GridMetric { AucSuccessful, AucAll, SuccessRate, TruePositives, Evasion, AveragePrecision };

struct MetricInfo {
  GridMetric metric = GridMetric::AucSuccessful;
  QString id;  ///< in settings and CSV
  QString title;
  QString tip;
};

/// All of them, in the order of the choice.
std::vector<MetricInfo> metrics();
MetricInfo metricInfo(GridMetric metric);
/// The first for an unknown id.
GridMetric metricFromId(const QString& id);

/// Its value in [0,1]; the interval is NaN where there is none. Nothing where the figure doesn't exist.
std::optional<Figure> metricValue(const CellFigures& figures, GridMetric metric);

/// Ours minus the published AUC in points (hundredths); only the AUC over successes is comparable.
std::optional<double> publishedDifference(const RecipeCell& cell);

/// "+0.30", "−1.25", "±0.00".
QString pointsText(double points);
/// 0.9987 → "99.87"; "–" for NaN. Tables give shares in per cent without the sign, as the literature does.
QString hundredths(double share);
/// "98.80–99.90"; "" without an interval.
QString intervalText(const Figure& figure);

}  // namespace whorl::ui
