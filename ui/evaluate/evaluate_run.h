// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <memory>
#include <utility>
#include <vector>

#include "core/service/recipe_types.h"
#include "ui/evaluate/evaluate_state.h"
#include "ui/session/job_follower.h"

namespace whorl::ui {

/// Plans and runs of recipes, seen from the GUI thread. News of cells are collected by the worker and handed over at
/// most 20 times a second, the newest of each cell. GUI thread only.
class EvaluateRun : public QObject {
  Q_OBJECT

 public:
  using CellNews = std::vector<std::pair<std::size_t, RecipeCell>>;

  explicit EvaluateRun(EngineSession* session, QObject* parent = nullptr);
  /// Asks what is under way to stop.
  ~EvaluateRun() override;

  const EvaluateState& state() const { return m_state; }
  bool planning() const { return m_plan != nullptr; }

  /// Asks what the recipe would compute; an older question is dropped. Not while a run is under way (false).
  bool plan(RecipeRequest request);
  // Each returns whether it is allowed now; if not, nothing happens.
  bool start(const RecipeRequest& request, const QString& title);
  bool stop();
  void forget() { m_state.forget(); }

 Q_SIGNALS:
  void phaseChanged();
  /// The grid before anything is computed: of plan(), or of a run that begins.
  void planned(const whorl::RecipeResult& result);
  void planFailed(const QString& problem);
  /// In the order in which they happened; all of a run come before its end is told.
  void cellsChanged(const whorl::ui::EvaluateRun::CellNews& cells);
  void finished(const whorl::RecipeResult& result);
  /// Also when it was stopped (the phase tells). `problem` says what happened and what to do.
  void failed(const QString& problem);

 private:
  struct Channel;
  void handOver();
  void follow(JobState state);

  EngineSession* m_session;
  EvaluateState m_state;
  std::shared_ptr<Job> m_plan;
  std::shared_ptr<Channel> m_channel;
  JobFollower m_follower;
  int m_question = 0;  ///< grows with each plan; answers to older ones are dropped
};

}  // namespace whorl::ui
