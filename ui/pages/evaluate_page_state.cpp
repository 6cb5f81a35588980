// SPDX-License-Identifier: GPL-3.0-or-later
// What the Evaluate page says of its run, and which buttons can be pressed.
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>

#include <algorithm>

#include "ui/evaluate/grid_model.h"
#include "ui/evaluate/recipe_bar.h"
#include "ui/jobs/format.h"
#include "ui/pages/evaluate_page.h"

namespace whorl::ui {

QString EvaluatePage::planText() const {
  const RecipeResult& result = m_grid->result();
  int kept = 0, toDo = 0;
  double seconds = 0;
  bool known = true;
  for (const RecipeCell& cell : result.cells) {
    if (cell.state == CellState::Done || cell.state == CellState::Failed) {
      kept += cell.state == CellState::Done;
      continue;
    }
    ++toDo;
    seconds += cell.seconds;
    known &= cell.problem.empty();
  }
  const auto count = static_cast<int>(result.cells.size());
  if (count == 0) return {};
  QString text = count == 1 ? tr("1 cell") : tr("%1 cells").arg(count);
  if (kept > 0) text += tr(", %1 finished").arg(kept);
  if (toDo > 0) text += tr(", %1 to compute").arg(toDo);
  if (toDo > 0 && known && seconds > 0) text += tr(", about %1").arg(durationText(seconds));
  return text;
}

void EvaluatePage::showPhase() {
  const EvaluateState& state = m_run->state();
  const RecipeInfo* recipe = m_bar->recipe();
  const bool sound = recipe && recipe->problem.empty();
  const int cells = static_cast<int>(m_grid->result().cells.size());
  const int done = m_grid->countOf(CellState::Done) + m_grid->countOf(CellState::Failed);
  m_bar->setEnabled(!state.active());
  m_start->setEnabled(state.canStart() && sound && cells > 0);
  const bool broken = state.phase() == EvaluatePhase::Stopped || state.phase() == EvaluatePhase::Failed;
  const bool some = done < cells && (done > 0 || broken);
  m_start->setText(some && !state.active() ? tr("Resume") : tr("Run"));
  m_start->setToolTip(!sound           ? tr("Choose a recipe first.")
                      : state.active() ? tr("A run is under way.")
                      : some           ? tr("Computes what is not finished yet.")
                      : done == cells  ? tr("All cells are finished: this writes the report.")
                                       : tr("Computes the grid; cells that an earlier run finished are kept."));
  m_stop->setEnabled(state.canStop());
  m_progress->setVisible(state.active());
  m_progress->setRange(0, std::max(cells, 1));
  m_progress->setValue(done);
  m_progress->setFormat(tr("%1 of %2 cells").arg(done).arg(cells));
  const QString plan = planText();
  switch (state.phase()) {
    case EvaluatePhase::Idle:
      m_phase->setText(m_run->planning() ? tr("Planning…") : plan);
      break;
    case EvaluatePhase::Starting:
      m_phase->setText(tr("Starting…"));
      break;
    case EvaluatePhase::Running:
      m_phase->setText(tr("Running"));
      break;
    case EvaluatePhase::Paused:
      m_phase->setText(tr("Paused in the list of jobs"));
      break;
    case EvaluatePhase::Stopping:
      m_phase->setText(tr("Stopping after this step…"));
      break;
    case EvaluatePhase::Finished:
      m_phase->setText(tr("Finished"));
      break;
    case EvaluatePhase::Stopped:
      m_phase->setText(tr("Stopped: %1").arg(plan));
      break;
    case EvaluatePhase::Failed:
      m_phase->setText(tr("Ended early: %1").arg(plan));
      break;
  }
}

}  // namespace whorl::ui
