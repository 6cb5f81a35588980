// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/evaluate_plots.h"

#include <QLabel>
#include <QSplitter>
#include <QStackedWidget>
#include <QTextBrowser>

#include <algorithm>
#include <cmath>
#include <set>

#include "ui/evaluate/cell_details.h"
#include "ui/evaluate/checks_text.h"
#include "ui/evaluate/score_bins.h"
#include "ui/evaluate/sweep_table.h"
#include "ui/jobs/format.h"
#include "ui/plots/curve_plot.h"

namespace whorl::ui {

namespace {

/// As far as a thousand clean images go.
constexpr double kSmallestRate = 1e-3;
constexpr double kCalibration = 0.05;

QString nameOf(const RecipeCell& cell) {
  return QStringLiteral("%1 · %2").arg(QString::fromStdString(cell.detector), QString::fromStdString(cell.attack));
}

/// Without what all chosen cells have in common.
QString shortName(const RecipeCell& cell, const std::vector<const RecipeCell*>& chosen) {
  const auto all = [&](auto same) { return std::all_of(chosen.begin(), chosen.end(), same); };
  const bool oneAttack = all([&](const RecipeCell* other) { return other->attack == cell.attack; });
  const bool oneDetector = all([&](const RecipeCell* other) { return other->detector == cell.detector; });
  if (oneAttack == oneDetector) return nameOf(cell);
  return QString::fromStdString(oneAttack ? cell.detector : cell.attack);
}

bool hasFigures(const RecipeCell* cell) { return cell->state == CellState::Done && cell->figures.has_value(); }

/// Why the cell has nothing to draw.
QString emptyText(const std::vector<const RecipeCell*>& chosen) {
  if (chosen.empty()) return EvaluatePlots::tr("Choose a cell of the grid, or a whole row or column by its name.");
  const RecipeCell& cell = *chosen.front();
  if (cell.state == CellState::Failed) {
    return EvaluatePlots::tr("%1 failed: %2").arg(nameOf(cell), QString::fromStdString(cell.problem));
  }
  return EvaluatePlots::tr("%1 is not computed yet.").arg(nameOf(cell));
}

}  // namespace

EvaluatePlots::EvaluatePlots(QWidget* parent)
    : QTabWidget(parent),
      m_roc(new CurvePlot(tr("Rejected adversarial images"), tr("rejected clean images"), CurvePlot::Scale::Share)),
      m_logRoc(new CurvePlot(tr("… where few clean ones are"), tr("rejected clean images, logarithmic"),
                             CurvePlot::Scale::Share)),
      m_scores(new CurvePlot(tr("Scores"), tr("score"), CurvePlot::Scale::Share)),
      m_budget(new CurvePlot(tr("Budget"), tr("ε"), CurvePlot::Scale::Share)),
      m_sweep(new SweepTable),
      m_details(new QTextBrowser),
      m_checks(new QTextBrowser) {
  setObjectName(QStringLiteral("evaluate_plots"));
  setDocumentMode(true);
  m_roc->setXScale(CurvePlot::XScale::Share);
  m_roc->setFrame(QRectF(QPointF(0, 0), QPointF(1, 1.02)));
  m_logRoc->setXScale(CurvePlot::XScale::LogarithmicShare);
  m_logRoc->setFrame(QRectF(QPointF(kSmallestRate, 0), QPointF(1, 1.02)));
  m_scores->setXScale(CurvePlot::XScale::Numbers);
  m_budget->setXScale(CurvePlot::XScale::Numbers);
  for (CurvePlot* plot : {m_roc, m_logRoc, m_scores, m_budget}) {
    plot->setQuietLegend(true);
    connect(plot, &CurvePlot::exportFailed, this, &EvaluatePlots::exportFailed);
  }
  auto* pair = new QSplitter(Qt::Horizontal);
  pair->addWidget(m_roc);
  pair->addWidget(m_logRoc);
  pair->setChildrenCollapsible(false);
  for (QTextBrowser* words : {m_details, m_checks}) words->setFrameShape(QFrame::NoFrame);
  m_details->setAccessibleName(tr("Details of the chosen cells"));
  m_checks->setAccessibleName(tr("What must hold if the figures are to be believed"));
  addTab(withPlaceholder(pair, &m_rocStack, &m_rocWords), tr("ROC"));
  addTab(withPlaceholder(m_scores, &m_scoreStack, &m_scoreWords), tr("Scores"));
  addTab(withPlaceholder(m_budget, &m_budgetStack, &m_budgetWords), tr("Budget"));
  addTab(m_sweep, tr("Sweep"));
  addTab(m_details, tr("Details"));
  addTab(m_checks, tr("Checks"));
  setTabToolTip(0, tr("Receiver operating characteristic: rejected adversarial over rejected clean images, for every "
                      "threshold; on the right with the small false-positive rates spread out."));
  setTabToolTip(1, tr("How the scores of clean and of successful adversarial images are spread."));
  setTabToolTip(2, tr("Figures over the attack’s budget ε, where the recipe has the attack at several."));
  setTabToolTip(indexOf(m_sweep),
                tr("What the grid shows, over the two parameters in which the models differ; from the "
                   "least (dark) to the greatest (bright)."));
  setTabToolTip(indexOf(m_checks), tr("The recipe’s claims of what must hold, and whether they do."));
  connect(m_sweep, &SweepTable::cellChosen, this, &EvaluatePlots::cellChosen);
  showCells({}, {}, GridMetric::AucSuccessful);
  showChecks({});
}

QWidget* EvaluatePlots::withPlaceholder(QWidget* plots, QStackedWidget** stack, QLabel** words) {
  *stack = new QStackedWidget;
  *words = new QLabel;
  (*words)->setAlignment(Qt::AlignCenter);
  (*words)->setWordWrap(true);
  (*words)->setTextFormat(Qt::PlainText);
  (*words)->setTextInteractionFlags(Qt::TextSelectableByMouse);
  (*stack)->addWidget(*words);
  (*stack)->addWidget(plots);
  return *stack;
}

void EvaluatePlots::showCells(const RecipeResult& result, const std::vector<const RecipeCell*>& chosen,
                              GridMetric metric) {
  showRoc(chosen);
  showScores(chosen);
  showBudget(result, chosen);
  setTabVisible(indexOf(m_sweep), !chosen.empty() && m_sweep->showSweep(result, *chosen.front(), metric));
  QString text;
  for (const RecipeCell* cell : chosen) text += cellDetails(*cell);
  m_details->setHtml(chosen.empty() ? emptyText(chosen) : text);
}

void EvaluatePlots::showChecks(const std::vector<CheckedClaim>& checks) {
  const int tab = indexOf(m_checks);
  setTabVisible(tab, !checks.empty());
  setTabText(tab, checksTitle(checks));
  m_checks->setHtml(checksText(checks));
}

void EvaluatePlots::showRoc(const std::vector<const RecipeCell*>& chosen) {
  m_roc->clear();
  m_logRoc->clear();
  bool any = false;
  for (const RecipeCell* cell : chosen) {
    if (!hasFigures(cell) || cell->figures->roc.empty()) continue;
    any = true;
    const QString name = nameOf(*cell);
    const QString label =
        QStringLiteral("%1 %2").arg(shortName(*cell, chosen), hundredths(cell->figures->aucSuccessful.value));
    m_roc->declare(name, label, CurvePlot::Line::Solid);
    m_logRoc->declare(name, label, CurvePlot::Line::Solid);
    for (const RocCorner& corner : rocFrom(*cell->figures, 0)) {
      m_roc->append(name, corner.falsePositiveRate, corner.truePositiveRate);
    }
    for (const RocCorner& corner : rocFrom(*cell->figures, kSmallestRate)) {
      m_logRoc->append(name, corner.falsePositiveRate, corner.truePositiveRate);
    }
  }
  m_rocStack->setCurrentIndex(any ? 1 : 0);
  m_rocWords->setText(emptyText(chosen));
}

void EvaluatePlots::showScores(const std::vector<const RecipeCell*>& chosen) {
  m_scores->clear();
  m_scoreStack->setCurrentIndex(0);
  m_scoreWords->setText(emptyText(chosen));
  if (chosen.empty() || !hasFigures(chosen.front())) return;
  const CellFigures& figures = *chosen.front()->figures;
  const ScoreBins bins = scoreBins(figures);
  if (bins.clean.empty()) {
    m_scoreWords->setText(tr("%1 keeps no scores.").arg(nameOf(*chosen.front())));
    return;
  }
  const auto threshold = thresholdAt(figures, kCalibration);
  const bool marked = threshold && std::isfinite(*threshold);
  const QString name = nameOf(*chosen.front());
  m_scores->declare(
      QStringLiteral("clean"),
      marked ? tr("clean (%1; τ at 5 % = %2, dashed)").arg(name, numberText(*threshold)) : tr("clean (%1)").arg(name),
      CurvePlot::Line::Steps);
  m_scores->declare(QStringLiteral("adversarial"), tr("adversarial"), CurvePlot::Line::Steps);
  double top = 0;
  for (std::size_t i = 0; i < ScoreBins::kCount; ++i) {
    m_scores->append(QStringLiteral("clean"), bins.edge(i), bins.clean[i]);
    m_scores->append(QStringLiteral("adversarial"), bins.edge(i), bins.adversarial[i]);
    top = std::max({top, bins.clean[i], bins.adversarial[i]});
  }
  m_scores->append(QStringLiteral("clean"), bins.high, 0);
  m_scores->append(QStringLiteral("adversarial"), bins.high, 0);
  if (marked) m_scores->addMark(*threshold);
  const double room = (bins.high - bins.low) * 0.02;
  m_scores->setFrame(QRectF(QPointF(bins.low - room, 0), QPointF(bins.high + room, top * 1.05)));
  m_scoreStack->setCurrentIndex(1);
}

void EvaluatePlots::showBudget(const RecipeResult& result, const std::vector<const RecipeCell*>& chosen) {
  m_budget->clear();
  m_budgetStack->setCurrentIndex(0);
  m_budgetWords->setText(chosen.empty() ? emptyText(chosen)
                                        : tr("The recipe has this attack at one budget alone: there is no curve."));
  std::set<std::pair<std::string, std::string>> drawn;
  double low = 0, high = 0;
  for (const RecipeCell* cell : chosen) {
    if (!cell->budget || !drawn.insert({cell->detector, cell->attackFamily}).second) continue;
    std::vector<const RecipeCell*> curve;
    for (const RecipeCell& other : result.cells) {
      const bool same = other.detector == cell->detector && other.attackFamily == cell->attackFamily;
      if (same && other.budget && hasFigures(&other)) curve.push_back(&other);
    }
    if (curve.size() < 2) continue;
    std::sort(curve.begin(), curve.end(), [](const auto* a, const auto* b) { return *a->budget < *b->budget; });
    const QString name = QStringLiteral("%1 · %2").arg(QString::fromStdString(cell->detector),
                                                       QString::fromStdString(cell->attackFamily));
    for (const GridMetric metric : {GridMetric::AucSuccessful, GridMetric::SuccessRate, GridMetric::Evasion}) {
      const QString what = metric == GridMetric::AucSuccessful ? tr("AUC")
                           : metric == GridMetric::SuccessRate ? tr("success")
                                                               : tr("evasion at 5 %");
      const QString key = QStringLiteral("%1: %2").arg(name, what);
      for (const RecipeCell* point : curve) {
        const auto value = metricValue(*point->figures, metric);
        if (!value) continue;
        if (m_budget->pointCount(key) == 0) m_budget->declare(key, key, CurvePlot::Line::Points);
        m_budget->append(key, *point->budget, value->value);
        low = std::min(low, *point->budget);
        high = std::max(high, *point->budget);
      }
    }
  }
  if (m_budget->empty()) return;
  m_budget->setFrame(QRectF(QPointF(low, 0), QPointF(high * 1.03, 1.02)));
  m_budgetStack->setCurrentIndex(1);
}

}  // namespace whorl::ui
