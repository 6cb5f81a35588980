// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QStringList>

#include <memory>
#include <optional>

#include "core/service/even_trace.h"
#include "ui/explore/trace.h"

namespace whorl::ui {

class EngineSession;
class StepPanel;
class Timeline;
class TraceJudge;
class VerdictPanel;
class ViewsPanel;

/// What was asked, as far as it is needed to tell the answer.
struct Question {
  std::string model;
  QStringList classNames;
  std::optional<int> label;
  QString detail;         ///< how the network's input was made of the source
  bool attacked = false;  ///< an attack is among the steps that are switched on
  QString fromRun = {};   ///< the attack whose image the steps begin with; "" where they begin with the original
};

/// Shows what the engine answers: the iterates of a running attack, then its result; and any iterate that somebody
/// goes back to, with what the model makes of it. GUI thread only.
class ResultPresenter : public QObject {
  Q_OBJECT

 public:
  struct Parts {
    ViewsPanel* views;
    VerdictPanel* verdict;
    StepPanel* steps;
    Timeline* timeline;
  };

  ResultPresenter(EngineSession* session, const Parts& parts, QObject* parent = nullptr);

  /// A new question is on its way: what follows belongs to it. What is shown stays until then.
  void ask(const Question& question);
  void showLive(const ExploreResult& soFar, const std::vector<ExploreStep>& steps);
  void showResult(const ExploreResult& result, const Trace& trace);
  /// The attack that was under way was stopped: its last iterate stays, and those before it can be gone back to.
  void stopped();
  /// Takes away what belongs to another model; `why` stands there until there is news.
  void clear(const QString& why);
  /// The newest question has no answer; what is shown is no longer told to be under way.
  void showNothing();

 Q_SIGNALS:
  void failed(const QString& message);

 private:
  void showIterate(std::optional<std::size_t> index);
  void show(const ExploreResult& shown, const QString& title, const QString& summary);
  void setTrace(const Trace& trace);
  void judged(const std::vector<std::size_t>& indices);

  Parts m_parts;
  TraceJudge* m_judge;
  Question m_asked;
  Question m_shown;
  std::optional<ExploreResult> m_result;
  Trace m_trace;
  std::optional<std::size_t> m_livePlace;  ///< in the stack, of the attack that is under way
  std::optional<ExploreResult> m_live;     ///< its newest iterate, as shown
  EvenTrace<AttackTracePoint> m_livePoints{ExploreResult::kMostTracePoints};
};

/// What the model makes of an iterate: "Step 12: the model sees “3”, and the fingerprint gives it away." Plain text.
QString summariseIterate(const Verdict& verdict, std::int64_t step, const QStringList& classNames);

}  // namespace whorl::ui
