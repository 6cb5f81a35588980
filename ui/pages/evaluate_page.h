// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QPushButton>
#include <QTimer>
#include <QWidget>

#include <memory>
#include <string>
#include <vector>

#include "core/service/run_forecast.h"
#include "core/service/types.h"
#include "ui/evaluate/evaluate_run.h"
#include "ui/evaluate/metric.h"

class QAction;
class QComboBox;
class QLabel;
class QMenu;
class QProgressBar;
class QSplitter;
class QStackedLayout;
class QTableView;
class QToolButton;

namespace whorl::ui {

class ComparisonDialog;
class ElidedLabel;
class EmptyState;
class EngineSession;
class EvaluatePlots;
class GridModel;
class InlineMessage;
class NoticeBar;
class RecipeBar;
enum class GridFormat;

/// The Evaluate page: a recipe's grid of detectors x attacks that fills in while it runs, and curves of the chosen
/// cells below it. GUI thread only.
class EvaluatePage : public QWidget {
  Q_OBJECT

 public:
  explicit EvaluatePage(EngineSession* session, QWidget* parent = nullptr);

  EvaluateRun* run() const { return m_run; }
  GridModel* grid() const { return m_grid; }
  QTableView* table() const { return m_table; }
  EvaluatePlots* plots() const { return m_plots; }
  RecipeBar* recipes() const { return m_bar; }

  /// What the buttons do, for commands: nothing where the button can't be pressed.
  void startRun() { m_start->click(); }
  void stopRun() { m_stop->click(); }
  void chooseRecipeFile();
  /// A shipped name or a file.
  void openRecipe(const QString& idOrPath);
  /// Trained models under natural perturbations: a window of its own, which stays open.
  void openComparisons();
  /// In the editor of the system.
  void editRecipe();
  /// Reads the recipes again.
  void reload();
  /// The attacked images of the current cell.
  void openImages();
  /// The web page of the last report, or, where there is none of what is finished, writes it.
  void openReport();
  /// Where the chosen recipe's report lies or will: each recipe and preset has a folder of its own. "" for none.
  std::string reportFolder() const;
  void setMetric(GridMetric metric);
  /// The grid to the clipboard.
  void copyTable(GridFormat format);
  /// By the ending: csv, md, tex, txt. "" or what went wrong.
  QString exportTable(const QString& path);
  void exportTableWithDialog();

  // What the session remembers; before the engine is ready, what to take up then.
  QString recipeId() const;
  QString presetName() const;
  QString metricId() const;
  void restore(const QString& recipe, const QString& preset, const QString& metric);

 Q_SIGNALS:
  /// A person wants to look at a cell's attacked images.
  void imagesWanted(const QString& file, const QString& modelFile, const QString& title);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  struct Lists {
    std::vector<RecipeInfo> recipes;
    EngineInfo info;
  };

  QWidget* makeTop();
  QWidget* makeGrid();
  void makeActions();
  void connectRun();
  void recipeChosen();
  RecipeRequest request() const;
  void start(const std::vector<std::string>& only, bool again);
  void startChosen(bool again);
  void showGrid(const RecipeResult& news);
  void giveRoom();
  void showCells(const EvaluateRun::CellNews& cells);
  void showResult(const RecipeResult& result);
  void showFailure(const QString& problem);
  void showPhase();
  QString phaseText(const QString& plan) const;
  void showRunButtons(int cells, int ended);
  void startForecast(const RecipeRequest& request);
  /// Lets the time pass that went by since the last call.
  void passTime();
  void showChoice();
  void chooseCell(const QString& detector, const QString& attack);
  QString planText() const;
  void showReports(const std::vector<std::string>& reports);
  void findReports();
  void writeReport();
  void openFile(const QString& path);
  std::vector<const RecipeCell*> chosen() const;

  EngineSession* m_session;
  EvaluateRun* m_run;
  GridModel* m_grid;
  RecipeBar* m_bar;
  ComparisonDialog* m_comparisons = nullptr;  ///< made when it is first asked for
  QPushButton* m_start;
  QPushButton* m_stop;
  QToolButton* m_report;
  QMenu* m_reportMenu;
  QAction* m_writeReport = nullptr;
  QComboBox* m_metric;
  QLabel* m_phase;
  ElidedLabel* m_summary;
  QProgressBar* m_progress;
  InlineMessage* m_problem;
  NoticeBar* m_notice;
  QTableView* m_table;
  QSplitter* m_halves;
  EvaluatePlots* m_plots;
  EmptyState* m_empty;
  QStackedLayout* m_layers = nullptr;
  EngineInfo m_info;
  QString m_wantedRecipe;  ///< to be taken up when the recipes are known
  QString m_wantedPreset;
  QString m_reportPage;
  RunForecast m_forecast;
  std::shared_ptr<Job> m_job;  ///< the run that is under way
  QElapsedTimer m_sinceBeat;
  QTimer m_beat;  ///< while a run is under way
  bool m_loaded = false;
};

}  // namespace whorl::ui
