// SPDX-License-Identifier: GPL-3.0-or-later
// What the Evaluate page says of its run, and which buttons can be pressed.
#include <QAction>
#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QTableView>
#include <QToolButton>

#include <algorithm>

#include "ui/evaluate/grid_model.h"
#include "ui/evaluate/recipe_bar.h"
#include "ui/jobs/format.h"
#include "ui/pages/evaluate_page.h"
#include "ui/session/engine_session.h"

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

void EvaluatePage::startForecast(const RecipeRequest& request) {
  const auto names = [](const std::vector<std::string>& list, const RecipeCell& cell) {
    return std::find(list.begin(), list.end(), cell.detector + "/" + cell.attack) != list.end();
  };
  std::vector<double> expected;
  for (const RecipeCell& cell : m_grid->result().cells) {
    double seconds = cell.seconds;  // planned, or of a finished cell what it took
    if (cell.state == CellState::Waiting && !cell.problem.empty()) seconds = -1;
    if (cell.state == CellState::Done && !names(request.rerun, cell)) seconds = 0;
    if (!request.only.empty() && !names(request.only, cell)) seconds = 0;
    expected.push_back(seconds);
  }
  m_forecast.start(std::move(expected));
  m_sinceBeat.start();
}

void EvaluatePage::passTime() {
  if (!m_run->state().active()) return;
  const double seconds = static_cast<double>(m_sinceBeat.restart()) / 1000;
  const EvaluatePhase phase = m_run->state().phase();
  if (phase == EvaluatePhase::Running || phase == EvaluatePhase::Stopping) m_forecast.pass(seconds);
}

void EvaluatePage::showPhase() {
  const EvaluateState& state = m_run->state();
  const int cells = static_cast<int>(m_grid->result().cells.size());
  const int ended = m_grid->countOf(CellState::Done) + m_grid->countOf(CellState::Failed);
  if (state.active()) {
    passTime();
    if (!m_beat.isActive()) m_beat.start();
    if (m_job) m_session->tellForecast(m_job, {m_forecast.fraction(), m_forecast.secondsLeft()});
  } else {
    m_beat.stop();
    m_job.reset();
  }
  m_bar->setEnabled(!state.active());
  showRunButtons(cells, ended);
  m_progress->setVisible(state.active());
  m_progress->setRange(0, std::max(cells, 1));
  m_progress->setValue(ended);
  m_progress->setFormat(tr("%1 of %2 cells").arg(ended).arg(cells));
  m_phase->setText(phaseText(planText()));
}

void EvaluatePage::showRunButtons(int cells, int ended) {
  const EvaluateState& state = m_run->state();
  const RecipeInfo* recipe = m_bar->recipe();
  const bool sound = recipe && recipe->problem.empty();
  m_start->setEnabled(state.canStart() && sound && cells > 0);
  const bool broken = state.phase() == EvaluatePhase::Stopped || state.phase() == EvaluatePhase::Failed;
  const bool some = ended < cells && (ended > 0 || broken);
  m_start->setText(some && !state.active() ? tr("Resume") : tr("Run"));
  m_start->setToolTip(!sound           ? tr("Choose a recipe first.")
                      : state.active() ? tr("A run is under way.")
                      : some           ? tr("Computes what is not finished yet.")
                      : ended == cells ? tr("All cells are finished: this writes the report.")
                                       : tr("Computes the grid; cells that an earlier run finished are kept."));
  m_stop->setEnabled(state.canStop());
  const bool writable = state.canStart() && sound && m_grid->countOf(CellState::Done) > 0;
  if (m_writeReport) m_writeReport->setEnabled(writable);
  m_report->setEnabled(writable || m_reportMenu->actions().size() > 1);
}

QString EvaluatePage::phaseText(const QString& plan) const {
  switch (m_run->state().phase()) {
    case EvaluatePhase::Idle:
      return m_run->planning() ? tr("Planning…") : plan;
    case EvaluatePhase::Starting:
      return tr("Starting…");
    case EvaluatePhase::Running: {
      const auto left = m_forecast.secondsLeft();
      return left ? tr("Running, about %1 left").arg(durationText(*left)) : tr("Running");
    }
    case EvaluatePhase::Paused:
      return tr("Paused in the list of jobs");
    case EvaluatePhase::Stopping:
      return tr("Stopping after this step…");
    case EvaluatePhase::Finished:
      return tr("Finished");
    case EvaluatePhase::Stopped:
      return tr("Stopped: %1").arg(plan);
    case EvaluatePhase::Failed:
      return tr("Ended early: %1").arg(plan);
  }
  return {};
}

void EvaluatePage::chooseCell(const QString& detector, const QString& attack) {
  const RecipeResult& result = m_grid->result();
  const auto place = [](const std::vector<std::string>& names, const QString& name) {
    return static_cast<int>(std::find(names.begin(), names.end(), name.toStdString()) - names.begin());
  };
  const QModelIndex index = m_grid->index(place(result.detectors, detector), place(result.attacks, attack));
  if (index.isValid()) m_table->setCurrentIndex(index);
}

}  // namespace whorl::ui
