// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QPushButton>
#include <QWidget>

#include <optional>

#include "ui/pages/train_lists.h"

class QLabel;
class QMenu;
class QProgressBar;
class QScrollArea;
class QToolButton;

namespace whorl::ui {

class EngineSession;
class InlineMessage;
class NoticeBar;
class TrainCurves;
class TrainForm;
class TrainRun;

/// The Train page: form to the left, the run with its live curves to the right. GUI thread only.
class TrainPage : public QWidget {
  Q_OBJECT

 public:
  explicit TrainPage(EngineSession* session, QWidget* parent = nullptr);

  TrainForm* form() const { return m_form; }
  TrainRun* run() const { return m_run; }
  TrainCurves* curves() const { return m_curves; }
  /// What the buttons do, for commands: nothing where the button can't be pressed.
  void startTraining() { m_start->click(); }
  void pauseOrResume() { m_pause->click(); }
  void stopAndKeep() { m_keep->click(); }

 Q_SIGNALS:
  /// A run has ended with a model: its id (the file's path).
  void modelTrained(const QString& modelId);
  /// A person wants to look at it.
  void openInExplore(const QString& modelId);

 private:
  QWidget* makeFormSide();
  QWidget* makeRunSide();
  QWidget* makeControls();
  void connectRun();
  void reload();
  void start();
  void continueRun(const BrokenOffRun& run);
  void chooseCheckpoint();
  void launch(const TrainRequest& request);
  void fillContinueMenu();
  /// Tells of a run of an earlier session that can be gone on with, once.
  void tellBrokenOff();
  void showPhase();
  void showEvents(const std::vector<TrainEvent>& events);
  void showResult(const TrainResult& result);
  void showFailure(const QString& problem);

  EngineSession* m_session;
  TrainRun* m_run;
  TrainForm* m_form;
  TrainCurves* m_curves;
  QScrollArea* m_scroll;
  QPushButton* m_start;
  QToolButton* m_continue;
  QMenu* m_continueMenu;
  QPushButton* m_pause;
  QPushButton* m_keep;
  QPushButton* m_cancel;
  QLabel* m_phase;
  QLabel* m_figures;
  QProgressBar* m_bar;
  NoticeBar* m_result;
  InlineMessage* m_problem;
  QLabel* m_obstacle;
  QString m_resultModel;
  std::optional<BrokenOffRun> m_offered;  ///< by the notice: to go on with it
  bool m_told = false;                    ///< of runs of earlier sessions
};

}  // namespace whorl::ui
