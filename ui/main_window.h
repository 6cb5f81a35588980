// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMainWindow>
#include <QStringList>

#include <utility>

#include "ui/session/session_store.h"
#include "ui/style/theme.h"

class QActionGroup;
class QLabel;
class QStackedWidget;

namespace whorl::ui {

class CommandPalette;
class CommandRegistry;
class EngineSession;
class EvaluatePage;
class ExplorePage;
class JobsDock;
class LandscapePage;
class SideBar;
class ModelsPage;
class SimilarPage;
class StepStack;
class TheoryPage;
class TrainPage;

/// The one window: pages in a side bar, the page in the middle, jobs below, and what is at work in the status bar.
class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  struct Options {
    bool remember = true;   ///< take up the last session and keep this one; off for pictures and tests
    QString sessionFolder;  ///< "" for the platform's place
  };

  /// `session` must outlive the window; its engine may still be to be loaded.
  MainWindow(EngineSession* session, const Options& options, QWidget* parent = nullptr);
  ~MainWindow() override;

  ExplorePage* explore() const { return m_explore; }
  LandscapePage* landscape() const { return m_landscape; }
  EvaluatePage* evaluate() const { return m_evaluate; }
  SimilarPage* similar() const { return m_similar; }
  CommandRegistry* commands() const { return m_commands; }
  StepStack* steps() const { return m_steps; }
  /// "explore", "landscape", "theory", "train", "evaluate", "similar", "models"; false for another name.
  bool showPage(const QString& name);
  QString currentPage() const;
  void setTheme(Theme theme);

 protected:
  /// Asks first while jobs are under way.
  void closeEvent(QCloseEvent* event) override;

 private:
  void askToClose();
  /// What is asked, and what comes of it.
  std::pair<QString, QString> closeQuestion() const;
  void addPages();
  /// Below those that are there, with the next number as its key.
  void addPage(const QString& name, const QString& title, QWidget* page);
  void addWindowCommands();
  void addPageCommands(TrainPage* train, ModelsPage* models);
  void addLandscapeCommands();
  void addEvaluateCommands();
  void addSimilarCommands();
  void addThemeCommands();
  void fillMenus();
  void addStatus();
  void showStatus();
  void showMemory();
  void showShortcuts();
  void showAbout();
  void restoreSession();
  void saveSession();

  EngineSession* m_session;
  Options m_options;
  SessionStore m_store;
  CommandRegistry* m_commands;
  StepStack* m_steps;
  SideBar* m_sideBar = nullptr;
  QStackedWidget* m_pages = nullptr;
  QActionGroup* m_pageActions = nullptr;
  ExplorePage* m_explore = nullptr;
  LandscapePage* m_landscape = nullptr;
  TheoryPage* m_theory = nullptr;
  TrainPage* m_train = nullptr;
  EvaluatePage* m_evaluate = nullptr;
  SimilarPage* m_similar = nullptr;
  JobsDock* m_jobs = nullptr;
  CommandPalette* m_palette = nullptr;
  QLabel* m_modelStatus = nullptr;
  QLabel* m_imageStatus = nullptr;
  QLabel* m_deviceStatus = nullptr;
  QLabel* m_memoryStatus = nullptr;
  Theme m_theme = Theme::System;
  bool m_closing = false;  ///< somebody said that what is under way may be stopped
};

}  // namespace whorl::ui
