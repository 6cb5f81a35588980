// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/evaluate_page.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QSplitter>
#include <QStackedLayout>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/evaluate/evaluate_plots.h"
#include "ui/evaluate/grid_delegate.h"
#include "ui/evaluate/grid_model.h"
#include "ui/evaluate/recipe_bar.h"
#include "ui/jobs/format.h"
#include "ui/pages/notice_bar.h"
#include "ui/session/engine_session.h"
#include "ui/style/icons.h"
#include "ui/widgets/elided_label.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

EvaluatePage::EvaluatePage(EngineSession* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_run(new EvaluateRun(session, this)),
      m_grid(new GridModel(this)),
      m_bar(new RecipeBar),
      m_start(new QPushButton(tr("Run"))),
      m_stop(new QPushButton(tr("Stop"))),
      m_report(new QToolButton),
      m_reportMenu(new QMenu(this)),
      m_metric(new QComboBox),
      m_phase(new QLabel),
      m_summary(new ElidedLabel),
      m_progress(new QProgressBar),
      m_problem(new InlineMessage),
      m_notice(new NoticeBar),
      m_table(new QTableView),
      m_halves(new QSplitter(Qt::Vertical)),
      m_plots(new EvaluatePlots),
      m_empty(new EmptyState(this)) {
  setAcceptDrops(true);
  m_halves->addWidget(makeGrid());
  m_halves->addWidget(m_plots);
  m_halves->setChildrenCollapsible(false);
  m_halves->setStretchFactor(0, 1);
  m_halves->setStretchFactor(1, 1);
  m_halves->setSizes({330, 300});
  auto* content = new QWidget(this);
  auto* column = new QVBoxLayout(content);
  column->setContentsMargins(12, 10, 12, 8);
  column->setSpacing(6);
  column->addWidget(makeTop());
  column->addWidget(m_problem);
  column->addWidget(m_notice);
  column->addWidget(m_halves, 1);
  m_layers = new QStackedLayout(this);
  m_layers->addWidget(content);
  m_layers->addWidget(m_empty);
  m_empty->set(QStringLiteral("evaluate"), tr("Starting the engine…"), {});
  m_layers->setCurrentIndex(1);

  makeActions();
  connectRun();
  connect(session, &EngineSession::engineReady, this, &EvaluatePage::reload);
  connect(session, &EngineSession::engineFailed, this, [this](const QString& message) {
    m_empty->set(QStringLiteral("warning"), tr("The engine could not be started"), message);
  });
  if (session->ready()) reload();
  showPhase();
}

QWidget* EvaluatePage::makeTop() {
  m_start->setObjectName(QStringLiteral("run"));
  m_start->setIcon(icon(QStringLiteral("play")));
  m_start->setDefault(true);
  m_stop->setObjectName(QStringLiteral("stop"));
  m_stop->setIcon(icon(QStringLiteral("stop")));
  m_stop->setToolTip(tr("Ends the run after this step. What is finished is kept: “Resume” goes on from there."));
  m_report->setObjectName(QStringLiteral("report"));
  m_report->setText(tr("Report"));
  m_report->setIcon(icon(QStringLiteral("export")));
  m_report->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  m_report->setPopupMode(QToolButton::InstantPopup);
  m_report->setMenu(m_reportMenu);
  auto* line = new QHBoxLayout;
  line->addWidget(m_bar, 1);
  line->addSpacing(8);
  line->addWidget(m_start);
  line->addWidget(m_stop);
  line->addWidget(m_report);
  auto* compare = new QPushButton(tr("Trained models…"));
  compare->setObjectName(QStringLiteral("comparisons"));
  compare->setToolTip(tr("Compares trained models under natural perturbations"));
  connect(compare, &QPushButton::clicked, this, &EvaluatePage::openComparisons);
  line->addWidget(compare);
  m_phase->setObjectName(QStringLiteral("evaluate_phase"));
  QFont bold = m_phase->font();
  bold.setBold(true);
  m_phase->setFont(bold);
  m_summary->setObjectName(QStringLiteral("evaluate_summary"));
  m_summary->setForegroundRole(QPalette::PlaceholderText);
  m_progress->setAccessibleName(tr("Cells that are finished"));
  m_progress->setMaximumHeight(16);
  m_progress->setMinimumWidth(180);
  auto* words = new QHBoxLayout;
  words->addWidget(m_phase);
  words->addWidget(m_progress);
  words->addWidget(m_summary, 1);
  auto* top = new QWidget;
  auto* column = new QVBoxLayout(top);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  column->addLayout(line);
  column->addLayout(words);
  connect(m_bar, &RecipeBar::chosen, this, &EvaluatePage::recipeChosen);
  connect(m_bar, &RecipeBar::openWanted, this, &EvaluatePage::chooseRecipeFile);
  connect(m_bar, &RecipeBar::editWanted, this, &EvaluatePage::editRecipe);
  connect(m_start, &QPushButton::clicked, this, [this] { start({}, false); });
  return top;
}

QWidget* EvaluatePage::makeGrid() {
  for (const MetricInfo& info : metrics()) {
    m_metric->addItem(info.title, info.id);
    m_metric->setItemData(m_metric->count() - 1, info.tip, Qt::ToolTipRole);
  }
  m_metric->setObjectName(QStringLiteral("metric"));
  m_metric->setAccessibleName(tr("What the cells show"));
  m_metric->setToolTip(metrics().front().tip);
  connect(m_metric, qOverload<int>(&QComboBox::activated), this,
          [this] { setMetric(metricFromId(m_metric->currentData().toString())); });
  auto* label = new QLabel(tr("&Show"));
  label->setBuddy(m_metric);
  auto* legend = new QLabel(tr("per cent; below it ▲ above or ▼ below the published figure, in points"));
  legend->setObjectName(QStringLiteral("legend"));
  legend->setForegroundRole(QPalette::PlaceholderText);
  auto* line = new QHBoxLayout;
  line->addWidget(label);
  line->addWidget(m_metric);
  line->addWidget(legend);
  line->addStretch(1);

  m_table->setModel(m_grid);
  m_table->setItemDelegate(new GridDelegate(m_table));
  m_table->setAccessibleName(tr("Detectors against attacks"));
  m_table->setTabKeyNavigation(false);
  m_table->setSelectionMode(QAbstractItemView::ExtendedSelection);
  m_table->setWordWrap(false);
  m_table->setCornerButtonEnabled(false);
  m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
  m_table->horizontalHeader()->setMinimumSectionSize(112);
  m_table->horizontalHeader()->setMaximumSectionSize(240);
  m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignCenter | static_cast<Qt::Alignment>(Qt::TextWordWrap));
  m_table->horizontalHeader()->setHighlightSections(false);
  m_table->verticalHeader()->setHighlightSections(false);
  m_table->verticalHeader()->setDefaultSectionSize(2 * m_table->fontMetrics().height() + 10);
  m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  m_table->verticalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
  m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
  m_table->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &EvaluatePage::showChoice);
  connect(m_table, &QTableView::doubleClicked, this, &EvaluatePage::openImages);

  auto* box = new QWidget;
  auto* column = new QVBoxLayout(box);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  column->addLayout(line);
  column->addWidget(m_table, 1);
  return box;
}

void EvaluatePage::connectRun() {
  connect(m_stop, &QPushButton::clicked, m_run, [this] { m_run->stop(); });
  connect(m_run, &EvaluateRun::phaseChanged, this, &EvaluatePage::showPhase);
  connect(m_run, &EvaluateRun::planned, this, &EvaluatePage::showGrid);
  connect(m_run, &EvaluateRun::planFailed, m_problem, &InlineMessage::setText);
  connect(m_run, &EvaluateRun::cellsChanged, this, &EvaluatePage::showCells);
  connect(m_run, &EvaluateRun::finished, this, &EvaluatePage::showResult);
  connect(m_run, &EvaluateRun::failed, this, &EvaluatePage::showFailure);
  connect(&m_beat, &QTimer::timeout, this, &EvaluatePage::showPhase);
  m_beat.setInterval(500);
  connect(m_plots, &EvaluatePlots::exportFailed, m_problem, &InlineMessage::setText);
  // Later: the choice draws the heat map anew, which is in the middle of telling it.
  connect(m_plots, &EvaluatePlots::cellChosen, this, &EvaluatePage::chooseCell, Qt::QueuedConnection);
  connect(m_notice, &NoticeBar::actionClicked, this, &EvaluatePage::openReport);
}

void EvaluatePage::reload() {
  if (!m_session->ready() || m_run->state().active()) return;
  m_session->run(
      this, Lane::Interactive, tr("List recipes"),
      [](Engine& engine, const JobContext&) {
        return Lists{engine.recipes(), engine.info()};
      },
      [this](const Lists& lists) {
        m_info = lists.info;
        m_loaded = true;
        m_bar->setRecipes(lists.recipes);
        m_layers->setCurrentIndex(m_bar->recipe() ? 0 : 1);
        m_empty->set(
            QStringLiteral("evaluate"), tr("No recipe yet"),
            tr("A recipe names a model, attacks and detectors, and the published figures to compare with. Open "
               "a recipe file, or drop one here."),
            tr("Open a recipe…"));
        const QString wanted = std::exchange(m_wantedRecipe, {});
        if (wanted.isEmpty() || !m_bar->choose(wanted, m_wantedPreset)) {
          recipeChosen();
          if (wanted.endsWith(u".toml")) openRecipe(wanted);
        }
      },
      [this](const Error& error) {
        m_empty->set(QStringLiteral("warning"), tr("The recipes could not be listed"), errorText(error));
      });
}

void EvaluatePage::recipeChosen() {
  m_run->forget();
  m_problem->setText({});
  m_notice->dismiss();
  showReports({});
  m_grid->setResult({});
  showChoice();
  const RecipeInfo* recipe = m_bar->recipe();
  m_summary->setText(recipe ? QString::fromStdString(recipe->summary) : QString());
  if (recipe && !recipe->problem.empty()) m_problem->setText(QString::fromStdString(recipe->problem));
  if (recipe && recipe->problem.empty()) m_run->plan(request());
  showPhase();
}

RecipeRequest EvaluatePage::request() const {
  RecipeRequest request;
  if (const RecipeInfo* recipe = m_bar->recipe()) request.recipe = recipe->id;
  request.preset = m_bar->preset().toStdString();
  return request;
}

void EvaluatePage::start(const std::vector<std::string>& only, bool again) {
  const RecipeInfo* recipe = m_bar->recipe();
  if (!recipe || !recipe->problem.empty() || !m_run->state().canStart()) return;
  m_problem->setText({});
  m_notice->dismiss();
  RecipeRequest request = this->request();
  request.only = only;
  if (again) request.rerun = only;
  request.report = reportFolder();
  startForecast(request);
  const auto begun =
      connect(m_session, &EngineSession::jobAdded, this, [this](const std::shared_ptr<Job>& job) { m_job = job; });
  m_run->start(request, QString::fromStdString(recipe->title.empty() ? recipe->id : recipe->title));
  disconnect(begun);
}

void EvaluatePage::startChosen(bool again) {
  std::vector<std::string> names;
  for (const RecipeCell* cell : chosen()) names.push_back(cell->detector + "/" + cell->attack);
  if (!names.empty()) start(names, again);
}

void EvaluatePage::showGrid(const RecipeResult& news) {
  const RecipeResult& known = m_grid->result();
  const bool same =
      news.detectors == known.detectors && news.attacks == known.attacks && news.cells.size() == known.cells.size();
  RecipeResult result = news;
  // A run tells of the cells that it visits; what others are known to be stays.
  for (std::size_t i = 0; i < result.cells.size() && same; ++i) {
    const bool untouched = result.cells[i].state == CellState::Waiting;
    if (untouched && known.cells[i].state == CellState::Done) result.cells[i] = known.cells[i];
  }
  m_grid->setResult(result);
  m_plots->showChecks(result.checks);
  if (!m_table->currentIndex().isValid() && m_grid->rowCount() > 0 && m_grid->columnCount() > 0) {
    m_table->setCurrentIndex(m_grid->index(0, 0));
    giveRoom();
  }
  showChoice();
  if (!m_run->state().active()) findReports();
  showPhase();
}

void EvaluatePage::giveRoom() {
  QHeaderView* header = m_table->horizontalHeader();
  bool wrapped = false;
  for (int column = 0; column < m_grid->columnCount(); ++column) {
    const QString name = m_grid->headerData(column, Qt::Horizontal, Qt::DisplayRole).toString();
    wrapped |= header->fontMetrics().horizontalAdvance(name) + 10 > header->sectionSize(column);
  }
  header->setMinimumHeight(wrapped ? 2 * header->fontMetrics().height() + 8 : 0);
  // As much as the rows need, where there is that much: the curves get the rest.
  const int rows = m_grid->rowCount() * m_table->verticalHeader()->defaultSectionSize();
  const int above = m_metric->sizeHint().height() + std::max(header->sizeHint().height(), header->minimumHeight()) + 24;
  const int all = m_halves->sizes().value(0) + m_halves->sizes().value(1);
  const int wanted = std::min(rows + above, all * 3 / 5);
  m_halves->setSizes({wanted, all - wanted});
}

void EvaluatePage::showCells(const EvaluateRun::CellNews& cells) {
  const auto shown = chosen();
  passTime();
  bool redraw = false;
  for (const auto& [index, cell] : cells) {
    m_grid->setCell(index, cell);
    cell.state == CellState::Running ? m_forecast.begin(index) : m_forecast.end(index);
    redraw |= std::any_of(shown.begin(), shown.end(), [&cell = cell](const RecipeCell* one) {
      return one->detector == cell.detector && (one->attack == cell.attack || one->attackFamily == cell.attackFamily);
    });
  }
  if (redraw) showChoice();
  showPhase();
}

void EvaluatePage::showResult(const RecipeResult& result) {
  showGrid(result);
  showReports(result.reports);
  const auto failures = std::count_if(result.cells.begin(), result.cells.end(),
                                      [](const RecipeCell& cell) { return cell.state == CellState::Failed; });
  const QString time = durationText(result.seconds);
  const QString text = failures == 0 ? tr("Finished in %1.").arg(time)
                       : failures == 1
                           ? tr("Finished in %1; one cell failed: its tooltip says why.").arg(time)
                           : tr("Finished in %1; %2 cells failed: their tooltips say why.").arg(time).arg(failures);
  m_notice->showNotice(text, m_reportPage.isEmpty() ? QString() : tr("Open the report"));
}

void EvaluatePage::showFailure(const QString& problem) {
  // What was being computed when it ended is not computed.
  for (std::size_t i = 0; i < m_grid->result().cells.size(); ++i) {
    RecipeCell cell = m_grid->result().cells[i];
    if (cell.state != CellState::Running) continue;
    cell.state = CellState::Waiting;
    m_grid->setCell(i, cell);
  }
  showChoice();
  if (m_run->state().phase() != EvaluatePhase::Stopped) m_problem->setText(problem);
  m_run->plan(request());  // parts of a cell may be finished: how long is the rest?
}

std::vector<const RecipeCell*> EvaluatePage::chosen() const {
  std::vector<const RecipeCell*> cells;
  const QModelIndex current = m_table->currentIndex();
  QModelIndexList indexes = m_table->selectionModel()->selectedIndexes();
  std::sort(indexes.begin(), indexes.end(), [&](const QModelIndex& a, const QModelIndex& b) {
    const auto key = [&](const QModelIndex& i) { return std::tuple(i != current, i.row(), i.column()); };
    return key(a) < key(b);
  });
  for (const QModelIndex& index : indexes) {
    if (const RecipeCell* cell = m_grid->cell(index)) cells.push_back(cell);
  }
  return cells;
}

void EvaluatePage::showChoice() { m_plots->showCells(m_grid->result(), chosen(), m_grid->metric()); }

void EvaluatePage::setMetric(GridMetric metric) {
  m_grid->setMetric(metric);
  showChoice();
  const MetricInfo info = metricInfo(metric);
  m_metric->setCurrentIndex(m_metric->findData(info.id));
  m_metric->setToolTip(info.tip);
  findChild<QLabel*>(QStringLiteral("legend"))
      ->setText(metric == GridMetric::AucSuccessful
                    ? tr("per cent; below it ▲ above or ▼ below the published figure, in points")
                    : tr("per cent; below it the 95 % interval"));
}

QString EvaluatePage::recipeId() const {
  const RecipeInfo* recipe = m_bar->recipe();
  return recipe ? QString::fromStdString(recipe->id) : m_wantedRecipe;
}

QString EvaluatePage::presetName() const { return m_loaded ? m_bar->preset() : m_wantedPreset; }

QString EvaluatePage::metricId() const { return metricInfo(m_grid->metric()).id; }

void EvaluatePage::restore(const QString& recipe, const QString& preset, const QString& metric) {
  setMetric(metricFromId(metric));
  m_wantedPreset = preset;
  if (!m_loaded) {
    m_wantedRecipe = recipe;
  } else if (!m_run->state().active()) {
    m_bar->choose(recipe, preset);
  }
}

}  // namespace whorl::ui
