// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTableWidget>

#include "core/service/recipe_types.h"
#include "ui/evaluate/metric.h"

namespace whorl::ui {

/// A sweep as a heat map: one detector against one attack, over the two parameters in which the models differ; colours
/// from the least to the greatest value. GUI thread only.
class SweepTable : public QTableWidget {
  Q_OBJECT

 public:
  explicit SweepTable(QWidget* parent = nullptr);

  /// The sweep that `cell` lies in, with that cell as the current one. False, and nothing is shown, if it lies in none.
  bool showSweep(const RecipeResult& result, const RecipeCell& cell, GridMetric metric);

 Q_SIGNALS:
  /// A person chose the cell of this detector (row's name) and attack.
  void cellChosen(const QString& detector, const QString& attack);
};

}  // namespace whorl::ui
