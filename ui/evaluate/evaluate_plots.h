// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTabWidget>

#include <vector>

#include "core/service/recipe_types.h"
#include "ui/evaluate/metric.h"

class QLabel;
class QStackedWidget;
class QTextBrowser;

namespace whorl::ui {

class CurvePlot;
class SweepTable;

/// What stands below the grid: ROC curves with both axes, scores, figures over the attack's budget, a sweep as a heat
/// map, and everything as text, of the chosen cells. GUI thread only.
class EvaluatePlots : public QTabWidget {
  Q_OBJECT

 public:
  explicit EvaluatePlots(QWidget* parent = nullptr);

  /// The chosen cells, the current one first. `metric`: what the sweep's heat map shows.
  void showCells(const RecipeResult& result, const std::vector<const RecipeCell*>& chosen, GridMetric metric);

  /// The recipe's claims and what became of them; without claims the tab is away.
  void showChecks(const std::vector<CheckedClaim>& checks);

  CurvePlot* rocPlot() const { return m_roc; }
  CurvePlot* logarithmicRocPlot() const { return m_logRoc; }
  CurvePlot* scorePlot() const { return m_scores; }
  CurvePlot* budgetPlot() const { return m_budget; }
  SweepTable* sweep() const { return m_sweep; }
  QTextBrowser* details() const { return m_details; }
  QTextBrowser* checks() const { return m_checks; }

 Q_SIGNALS:
  void exportFailed(const QString& problem);
  /// In the heat map.
  void cellChosen(const QString& detector, const QString& attack);

 private:
  QWidget* withPlaceholder(QWidget* plots, QStackedWidget** stack, QLabel** words);
  void showRoc(const std::vector<const RecipeCell*>& chosen);
  void showScores(const std::vector<const RecipeCell*>& chosen);
  void showBudget(const RecipeResult& result, const std::vector<const RecipeCell*>& chosen);

  CurvePlot* m_roc;
  CurvePlot* m_logRoc;
  CurvePlot* m_scores;
  CurvePlot* m_budget;
  SweepTable* m_sweep;
  QTextBrowser* m_details;
  QTextBrowser* m_checks;
  QStackedWidget* m_rocStack = nullptr;
  QStackedWidget* m_scoreStack = nullptr;
  QStackedWidget* m_budgetStack = nullptr;
  QLabel* m_rocWords = nullptr;
  QLabel* m_scoreWords = nullptr;
  QLabel* m_budgetWords = nullptr;
};

}  // namespace whorl::ui
