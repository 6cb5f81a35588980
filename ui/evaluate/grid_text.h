// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

#include "ui/evaluate/grid_model.h"

namespace whorl::ui {

enum class GridFormat { Text, Csv, Markdown, Latex };

/// The grid as a table of the metric that it shows, in per cent: tab-separated text, Markdown, or LaTeX (booktabs).
/// With a published figure it is followed by the difference: "99.80 (+0.30)". CSV is one line a cell with every figure
/// at full precision (RFC 4180, C locale), whatever is shown; unknown figures are empty.
QString gridText(const GridModel& model, GridFormat format);

/// By the name's ending: csv, md, tex or txt; nothing for another one.
std::optional<GridFormat> gridFormatOf(const QString& path);

}  // namespace whorl::ui
