// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/evaluate/evaluate_run.h"

#include <algorithm>
#include <mutex>
#include <optional>

namespace whorl::ui {

/// What the worker and the GUI thread share of one run. It outlives both, as each holds it.
struct EvaluateRun::Channel {
  std::mutex mutex;
  std::optional<RecipeResult> grid;
  CellNews waiting;

  void put(std::size_t index, const RecipeCell& cell) {
    const std::lock_guard lock(mutex);
    const auto known =
        std::find_if(waiting.begin(), waiting.end(), [&](const auto& one) { return one.first == index; });
    if (known != waiting.end()) waiting.erase(known);
    waiting.emplace_back(index, cell);
  }
  void put(const RecipeResult& plan) {
    const std::lock_guard lock(mutex);
    grid = plan;
  }
  std::pair<std::optional<RecipeResult>, CellNews> take() {
    const std::lock_guard lock(mutex);
    return {std::exchange(grid, std::nullopt), std::exchange(waiting, {})};
  }
};

EvaluateRun::EvaluateRun(EngineSession* session, QObject* parent)
    : QObject(parent), m_session(session), m_follower(session) {
  connect(&m_follower, &JobFollower::beat, this, &EvaluateRun::handOver);
  connect(&m_follower, &JobFollower::stateChanged, this, &EvaluateRun::follow);
}

EvaluateRun::~EvaluateRun() {
  if (m_plan) m_plan->cancel();
}

bool EvaluateRun::plan(RecipeRequest request) {
  if (!m_session->ready() || m_state.active()) return false;
  if (m_plan) m_plan->cancel();
  request.dryRun = true;
  request.report.clear();
  const int question = ++m_question;
  m_plan = m_session->run(
      this, Lane::Interactive, tr("Plan"),
      [request](Engine& engine, const JobContext& context) { return engine.runRecipe(request, context); },
      [this, question](const RecipeResult& result) {
        if (question != m_question) return;
        m_plan.reset();
        Q_EMIT planned(result);
        Q_EMIT phaseChanged();
      },
      [this, question](const Error& error) {
        if (question != m_question) return;
        m_plan.reset();
        if (error.kind() != ErrorKind::Cancelled) Q_EMIT planFailed(errorText(error));
        Q_EMIT phaseChanged();
      });
  Q_EMIT phaseChanged();
  return true;
}

bool EvaluateRun::start(const RecipeRequest& request, const QString& title) {
  if (!m_session->ready() || !m_state.start()) return false;
  ++m_question;
  if (m_plan) m_plan->cancel();
  m_plan.reset();
  m_channel = std::make_shared<Channel>();
  const auto work = [request, channel = m_channel](Engine& engine, const JobContext& context) {
    RecipeHooks hooks;
    hooks.onPlan = [channel](const RecipeResult& plan) { channel->put(plan); };
    hooks.onCell = [channel](std::size_t index, const RecipeCell& cell) { channel->put(index, cell); };
    return engine.runRecipe(request, context, hooks);
  };
  const auto done = [this](const RecipeResult& result) {
    m_state.jobFinishes();
    Q_EMIT finished(result);
    Q_EMIT phaseChanged();
  };
  const auto failed = [this](const Error& error) {
    error.kind() == ErrorKind::Cancelled ? m_state.jobCancels() : m_state.jobFails();
    Q_EMIT this->failed(errorText(error));
    Q_EMIT phaseChanged();
  };
  m_follower.run(Lane::Batch, tr("Evaluate %1").arg(title), work, done, failed);
  Q_EMIT phaseChanged();
  return true;
}

bool EvaluateRun::stop() {
  if (!m_state.stop()) return false;
  m_follower.job()->cancel();
  Q_EMIT phaseChanged();
  return true;
}

void EvaluateRun::follow(JobState state) {
  const EvaluatePhase before = m_state.phase();
  switch (state) {
    case JobState::Running:
      m_state.jobRuns();
      break;
    case JobState::Paused:
      m_state.jobPauses();
      break;
    case JobState::Stopping:
      m_state.stop();
      break;
    default:
      break;  // its end is told by done and failed
  }
  if (m_state.phase() != before) Q_EMIT phaseChanged();
}

void EvaluateRun::handOver() {
  auto [grid, cells] = m_channel->take();
  if (grid) Q_EMIT planned(*grid);
  if (!cells.empty()) Q_EMIT cellsChanged(cells);
}

}  // namespace whorl::ui
