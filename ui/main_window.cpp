// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window.h"

#include <QAction>
#include <QActionGroup>
#include <QFile>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenuBar>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTimer>
#include <QUndoStack>

#include <algorithm>

#include <unistd.h>

#include "ui/commands/command_palette.h"
#include "ui/commands/command_registry.h"
#include "ui/explore/explore_commands.h"
#include "ui/explore/step_stack.h"
#include "ui/help_windows.h"
#include "ui/jobs/jobs_dock.h"
#include "ui/pages/evaluate_page.h"
#include "ui/pages/explore_page.h"
#include "ui/pages/landscape_page.h"
#include "ui/pages/models_page.h"
#include "ui/pages/similar_page.h"
#include "ui/pages/theory_page.h"
#include "ui/pages/train_page.h"
#include "ui/session/engine_session.h"
#include "ui/style/icons.h"
#include "ui/widgets/side_bar.h"

namespace whorl::ui {
namespace {

constexpr int kSettingsVersion = 1;

/// Resident memory of the program in bytes; 0 where it can't be told.
double residentBytes() {
  QFile file(QStringLiteral("/proc/self/statm"));
  if (!file.open(QIODevice::ReadOnly)) return 0;
  const QList<QByteArray> fields = file.readAll().split(' ');
  return fields.size() > 1 ? fields[1].toDouble() * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace

MainWindow::MainWindow(EngineSession* session, const Options& options, QWidget* parent)
    : QMainWindow(parent),
      m_session(session),
      m_options(options),
      m_store(options.sessionFolder),
      m_commands(new CommandRegistry(this)),
      m_steps(new StepStack(this)) {
  setWindowTitle(tr("Whorl"));
  setWindowIcon(icon(QStringLiteral("whorl")));
  registerExploreCommands(m_commands, m_steps, [this] {
    showPage(QStringLiteral("explore"));
    return m_explore;
  });
  addPages();
  auto* jobs = m_jobs = new JobsDock(session, this);
  if (jobs->objectName().isEmpty()) jobs->setObjectName(QStringLiteral("jobs"));
  addDockWidget(Qt::BottomDockWidgetArea, jobs);
  m_commands->adopt({QStringLiteral("view.jobs"),
                     tr("&Jobs"),
                     tr("View"),
                     QStringLiteral("jobs"),
                     {QKeySequence(Qt::CTRL | Qt::Key_J)},
                     tr("Show or hide the list of jobs")},
                    jobs->toggleViewAction());
  jobs->hide();
  connect(session, &EngineSession::jobAdded, jobs, &QWidget::show);
  addWindowCommands();
  addThemeCommands();
  fillMenus();
  addStatus();
  m_palette = new CommandPalette(m_commands, this);
  resize(1280, 800);
  if (m_options.remember) restoreSession();
  jobs->hide();  // whatever it was the last time: nothing runs yet
}

MainWindow::~MainWindow() = default;

void MainWindow::addPages() {
  auto* middle = new QWidget(this);
  auto* row = new QHBoxLayout(middle);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(0);
  m_sideBar = new SideBar(middle);
  m_pages = new QStackedWidget(middle);
  m_pageActions = new QActionGroup(this);
  row->addWidget(m_sideBar);
  row->addWidget(m_pages, 1);
  setCentralWidget(middle);

  m_explore = new ExplorePage(m_session, m_commands, m_steps, m_pages);
  auto* train = m_train = new TrainPage(m_session, m_pages);
  auto* models = new ModelsPage(m_session, m_pages);
  m_landscape = new LandscapePage(m_session, m_explore, m_steps, m_pages);
  addPage(QStringLiteral("explore"), tr("Explore"), m_explore);
  addPage(QStringLiteral("landscape"), tr("Landscape"), m_landscape);
  m_theory = new TheoryPage(m_session, m_pages);
  addPage(QStringLiteral("theory"), tr("Theory"), m_theory);
  addPage(QStringLiteral("train"), tr("Train"), train);
  m_evaluate = new EvaluatePage(m_session, m_pages);
  addPage(QStringLiteral("evaluate"), tr("Evaluate"), m_evaluate);
  m_similar = new SimilarPage(m_session, m_pages);
  addPage(QStringLiteral("similar"), tr("Similar"), m_similar);
  addPage(QStringLiteral("models"), tr("Models"), models);
  m_pageActions->actions().first()->setChecked(true);

  const auto explore = [this](const QString& id) {
    m_explore->showModel(id);
    showPage(QStringLiteral("explore"));
  };
  connect(m_explore, &ExplorePage::trainWanted, this, [this] { showPage(QStringLiteral("train")); });
  connect(m_explore, &ExplorePage::statusChanged, this, &MainWindow::showStatus);
  connect(m_landscape, &LandscapePage::exploreWanted, this, [this] { showPage(QStringLiteral("explore")); });
  addPageCommands(train, models);
  addLandscapeCommands();
  addEvaluateCommands();
  addSimilarCommands();
  connect(m_similar, &SimilarPage::openWanted, this,
          [this](const Image& image, const QString& title, std::optional<int> label) {
            m_explore->openMade(image, title, label);
            showPage(QStringLiteral("explore"));
          });
  // Undo is about the steps that one sees.
  connect(m_pages, &QStackedWidget::currentChanged, this,
          [this] { m_steps->undoStack()->setActive(m_pages->currentWidget() == m_explore); });
  connect(train, &TrainPage::openInExplore, this, explore);
  connect(models, &ModelsPage::openInExplore, this, explore);
  connect(m_evaluate, &EvaluatePage::imagesWanted, this,
          [this](const QString& file, const QString& model, const QString& title) {
            m_explore->openAttacked(file, model, title);
            showPage(QStringLiteral("explore"));
          });
}

void MainWindow::addPage(const QString& name, const QString& title, QWidget* page) {
  page->setProperty("pageName", name);
  const int number = m_pages->addWidget(page) + 1;
  auto* action = new QAction(this);
  action->setCheckable(true);
  m_pageActions->addAction(action);
  m_commands->adopt({QStringLiteral("page.") + name,
                     title,
                     tr("Go"),
                     name,
                     {QKeySequence(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_0 + number))},
                     tr("The %1 page").arg(title)},
                    action);
  connect(action, &QAction::triggered, this, [this, page] { m_pages->setCurrentWidget(page); });
  m_sideBar->addPage(action);
}

bool MainWindow::showPage(const QString& name) {
  QAction* action = m_commands->action(QStringLiteral("page.") + name);
  if (!action) return false;
  action->trigger();
  return true;
}

QString MainWindow::currentPage() const { return m_pages->currentWidget()->property("pageName").toString(); }

void MainWindow::addWindowCommands() {
  const QString help = tr("Help");
  m_commands->add({QStringLiteral("help.palette"),
                   tr("&Command palette…"),
                   help,
                   QStringLiteral("search"),
                   {QKeySequence(Qt::CTRL | Qt::Key_K)},
                   tr("Find any command by its name")},
                  this, [this] { m_palette->open(); });
  m_commands->add({QStringLiteral("help.shortcuts"),
                   tr("&Keyboard shortcuts"),
                   help,
                   QStringLiteral("keyboard"),
                   {QKeySequence(Qt::Key_F1)},
                   {}},
                  this, [this] { showShortcuts(); });
  m_commands->add({QStringLiteral("help.about"), tr("&About Whorl"), help, QStringLiteral("info"), {}, {}}, this,
                  [this] { showAbout(); });
  m_commands->add({QStringLiteral("file.quit"), tr("&Quit"), tr("File"), {}, {QKeySequence(Qt::CTRL | Qt::Key_Q)}, {}},
                  this, [this] { close(); });
  m_commands->addSwitch(
      {QStringLiteral("view.full_screen"), tr("&Full screen"), tr("View"), {}, {QKeySequence(Qt::Key_F11)}, {}}, this,
      [this](bool on) { on ? showFullScreen() : showNormal(); });
}

void MainWindow::addPageCommands(TrainPage* train, ModelsPage* models) {
  const auto add = [this](const char* id, const QString& text, const QString& group, const char* icon,
                          const QString& tip, const char* page, auto act) {
    m_commands->add({QString::fromLatin1(id), text, group, QString::fromLatin1(icon), {}, tip}, this,
                    [this, page, act] {
                      showPage(QString::fromLatin1(page));
                      act();
                    });
  };
  const QString training = tr("Training");
  add("train.start", tr("&Start training"), training, "play", tr("Start a run with the values of the form"), "train",
      [train] { train->startTraining(); });
  add("train.pause", tr("&Pause or resume training"), training, "pause", tr("Hold the run between two steps, or go on"),
      "train", [train] { train->pauseOrResume(); });
  add("train.keep", tr("Stop training and &keep the model"), training, "keep",
      tr("End the run and save the network as it is"), "train", [train] { train->stopAndKeep(); });
  const QString group = tr("Models");
  add("models.import", tr("&Import a model…"), group, "import", tr("Take in a foreign model file"), "models",
      [models] { models->showImport(); });
  add("models.export_table", tr("&Export the table of models…"), group, "export", tr("As CSV or Markdown"), "models",
      [models] { models->exportTableWithDialog(); });
}

void MainWindow::addLandscapeCommands() {
  const auto add = [this](const char* id, const QString& text, const char* icon, const QString& tip, auto act) {
    m_commands->add({QString::fromLatin1(id), text, tr("Landscape"), QString::fromLatin1(icon), {}, tip}, this,
                    [this, act] {
                      showPage(QStringLiteral("landscape"));
                      act(*m_landscape);
                    });
  };
  add("landscape.open_point", tr("Open the picked &point in Explore"), "explore",
      tr("Make the picked point of the landscape the current image"), [](LandscapePage& page) { page.openPicked(); });
  add("landscape.copy", tr("&Copy the landscape"), "copy", tr("The picture to the clipboard"),
      [](LandscapePage& page) { page.map()->copyToClipboard(); });
  add("landscape.export", tr("E&xport the landscape’s values…"), "export", tr("As CSV"),
      [](LandscapePage& page) { page.exportDataWithDialog(QStringLiteral("csv")); });
}

void MainWindow::addThemeCommands() {
  auto* group = new QActionGroup(this);
  const std::pair<Theme, QString> kinds[] = {
      {Theme::System, tr("As the &system")}, {Theme::Light, tr("&Light")}, {Theme::Dark, tr("&Dark")}};
  for (const auto& [theme, text] : kinds) {
    auto* action = new QAction(this);
    action->setCheckable(true);
    action->setChecked(theme == Theme::System);
    group->addAction(action);
    m_commands->adopt({QStringLiteral("theme.") + themeName(theme), text, tr("Theme"), {}, {}, {}}, action);
    connect(action, &QAction::triggered, this, [this, theme = theme] { setTheme(theme); });
  }
}

void MainWindow::setTheme(Theme theme) {
  m_theme = theme;
  m_commands->action(QStringLiteral("theme.") + themeName(theme))->setChecked(true);
  applyTheme(theme);
}

void MainWindow::fillMenus() {
  QMenu* file = menuBar()->addMenu(tr("&File"));
  QMenu* edit = menuBar()->addMenu(tr("&Edit"));
  QMenu* view = menuBar()->addMenu(tr("&View"));
  QMenu* go = menuBar()->addMenu(tr("&Go"));
  QMenu* run = menuBar()->addMenu(tr("&Run"));
  QMenu* help = menuBar()->addMenu(tr("&Help"));
  const auto put = [this](QMenu* menu, std::initializer_list<const char*> ids) {
    for (const char* id : ids) {
      if (*id) {
        menu->addAction(m_commands->action(QString::fromLatin1(id)));
      } else {
        menu->addSeparator();
      }
    }
  };
  put(file, {"image.open", "image.save", "", "file.quit"});
  put(edit, {"edit.undo", "edit.redo", "", "image.copy", "image.paste", "", "edit.add_step"});
  put(view,
      {"view.zoom_in", "view.zoom_out", "view.zoom_all", "view.blink", "view.sort", "view.compare", "", "view.jobs"});
  put(view->addMenu(icon(QStringLiteral("theme")), tr("&Theme")), {"theme.system", "theme.light", "theme.dark"});
  put(view, {"view.full_screen"});
  put(go, {"page.explore", "page.landscape", "page.theory", "page.train", "page.evaluate", "page.similar",
           "page.models", "", "image.previous", "image.next", "image.random"});
  put(run, {"train.start", "train.pause", "train.keep", ""});
  put(run, {"evaluate.run", "evaluate.stop", "evaluate.open", "evaluate.comparisons", "evaluate.images",
            "evaluate.report", "evaluate.export_table", ""});
  put(run, {"landscape.open_point", "landscape.copy", "landscape.export", ""});
  put(run, {"similar.index", "similar.folder", "similar.query", "similar.measure", ""});
  put(run, {"models.import", "models.export_table"});
  put(help, {"help.palette", "help.shortcuts", "", "help.about"});
}

void MainWindow::addStatus() {
  for (QLabel** label : {&m_modelStatus, &m_imageStatus, &m_deviceStatus, &m_memoryStatus}) {
    *label = new QLabel(this);
    (*label)->setContentsMargins(8, 0, 8, 0);
    (*label)->setForegroundRole(QPalette::PlaceholderText);
  }
  m_modelStatus->setText(tr("Loading the engine…"));
  m_modelStatus->setAccessibleName(tr("Model"));
  statusBar()->addWidget(m_modelStatus);
  statusBar()->addWidget(m_imageStatus, 1);
  statusBar()->addPermanentWidget(m_deviceStatus);
  statusBar()->addPermanentWidget(m_memoryStatus);
  m_memoryStatus->setToolTip(tr("Memory that Whorl uses"));
  auto* timer = new QTimer(this);
  connect(timer, &QTimer::timeout, this, &MainWindow::showMemory);
  timer->start(2000);
  showMemory();
  connect(m_session, &EngineSession::engineReady, this, &MainWindow::showStatus);
  connect(m_session, &EngineSession::engineFailed, this, [this] { m_modelStatus->setText(tr("No engine")); });
}

void MainWindow::showStatus() {
  const auto& model = m_explore->model();
  m_modelStatus->setText(model ? QString::fromStdString(model->name) : tr("No model"));
  m_imageStatus->setText(m_explore->source() ? m_explore->source()->title : QString());
  const EngineInfo& info = m_explore->engineInfo();
  m_deviceStatus->setText(QString::fromStdString(info.device));
  m_deviceStatus->setToolTip(
      tr("LibTorch %1, %n thread(s)", nullptr, info.threads).arg(QString::fromStdString(info.torchVersion)));
}

void MainWindow::showMemory() {
  const double bytes = residentBytes();
  m_memoryStatus->setText(bytes > 0 ? locale().formattedDataSize(static_cast<qint64>(bytes), 0) : QString());
}

void MainWindow::showShortcuts() { openShortcutWindow(m_commands, this); }

void MainWindow::showAbout() { openAboutWindow(m_explore->engineInfo(), this); }

void MainWindow::restoreSession() {
  const QSettings settings;
  if (settings.value(QStringLiteral("version")).toInt() == kSettingsVersion) {
    restoreGeometry(settings.value(QStringLiteral("window/geometry")).toByteArray());
    restoreState(settings.value(QStringLiteral("window/state")).toByteArray(), kSettingsVersion);
    setTheme(themeFromName(settings.value(QStringLiteral("theme")).toString()));
    showPage(settings.value(QStringLiteral("page")).toString());
  }
  m_evaluate->restore(settings.value(QStringLiteral("evaluate/recipe")).toString(),
                      settings.value(QStringLiteral("evaluate/preset")).toString(),
                      settings.value(QStringLiteral("evaluate/metric")).toString());
  if (const auto state = m_store.read()) {
    m_explore->restore(*state);
    m_landscape->restore(state->landscape);
    m_theory->restore(state->theory);
    m_similar->restore(state->similar);
  }
}

void MainWindow::saveSession() {
  QSettings settings;
  settings.setValue(QStringLiteral("version"), kSettingsVersion);
  settings.setValue(QStringLiteral("window/geometry"), saveGeometry());
  settings.setValue(QStringLiteral("window/state"), saveState(kSettingsVersion));
  settings.setValue(QStringLiteral("theme"), themeName(m_theme));
  settings.setValue(QStringLiteral("page"), currentPage());
  settings.setValue(QStringLiteral("evaluate/recipe"), m_evaluate->recipeId());
  settings.setValue(QStringLiteral("evaluate/preset"), m_evaluate->presetName());
  settings.setValue(QStringLiteral("evaluate/metric"), m_evaluate->metricId());
  if (!m_explore->model()) return;
  SessionState state = m_explore->state();
  state.landscape = m_landscape->state();
  state.theory = m_theory->state();
  state.similar = m_similar->state();
  m_store.write(state);
}

}  // namespace whorl::ui
