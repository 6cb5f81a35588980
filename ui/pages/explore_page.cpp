// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/explore_page.h"

#include <QHBoxLayout>
#include <QMenu>
#include <QRandomGenerator>
#include <QScrollArea>
#include <QSplitter>
#include <QStackedLayout>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

#include "ui/commands/command_registry.h"
#include "ui/explore/choices.h"
#include "ui/explore/explore_controller.h"
#include "ui/explore/filmstrip.h"
#include "ui/explore/result_presenter.h"
#include "ui/explore/source_bar.h"
#include "ui/explore/step_panel.h"
#include "ui/explore/step_stack.h"
#include "ui/explore/thumbnail_model.h"
#include "ui/explore/timeline.h"
#include "ui/explore/verdict_panel.h"
#include "ui/explore/views_panel.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

namespace {
/// So long may a picture of the last model stand under the name of a new one, so that quick ones don't flicker.
constexpr int kPatienceMs = 150;
}  // namespace

ExplorePage::ExplorePage(EngineSession* session, CommandRegistry* commands, StepStack* stack, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_stack(stack),
      m_controller(new ExploreController(session, this)),
      m_images(new ImageSource(session, this)) {
  setAcceptDrops(true);
  build(commands);
  connectParts();
  showEmpty(QStringLiteral("explore"), tr("Starting the engine…"), {});
  if (session->ready()) engineReady();
}

void ExplorePage::build(CommandRegistry* commands) {
  m_layers = new QStackedLayout(this);
  auto* content = new QWidget(this);
  auto* row = new QHBoxLayout(content);
  row->setContentsMargins(12, 10, 12, 8);
  auto* splitter = new QSplitter(Qt::Horizontal, content);
  splitter->setChildrenCollapsible(false);
  splitter->setHandleWidth(14);

  auto* left = new QWidget(splitter);
  auto* column = new QVBoxLayout(left);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  m_bar = new SourceBar(commands, left);
  m_message = new InlineMessage(left);
  m_message->setObjectName(QStringLiteral("explore_message"));
  m_strip = new Filmstrip(left);
  m_strip->setModel(m_images->thumbnails());
  m_views = new ViewsPanel(left);
  m_verdict = new VerdictPanel(left);
  auto* area = new QScrollArea(left);
  area->setWidgetResizable(true);
  area->setFrameShape(QFrame::NoFrame);
  area->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  area->setWidget(m_verdict);
  auto* halves = new QSplitter(Qt::Vertical, left);
  halves->setChildrenCollapsible(false);
  halves->addWidget(m_views);
  halves->addWidget(area);
  halves->setStretchFactor(0, 1);
  halves->setStretchFactor(1, 0);
  halves->setSizes({360, 272});
  column->addWidget(m_bar);
  column->addWidget(m_message);
  column->addWidget(m_strip);
  column->addWidget(halves, 1);

  auto* right = new QSplitter(Qt::Vertical, splitter);
  right->setChildrenCollapsible(false);
  m_steps = new StepPanel(m_stack, right);
  m_timeline = new Timeline(right);
  right->addWidget(m_steps);
  right->addWidget(m_timeline);
  right->setStretchFactor(0, 1);
  right->setStretchFactor(1, 0);
  right->setSizes({480, 250});
  splitter->addWidget(left);
  splitter->addWidget(right);
  splitter->setStretchFactor(0, 1);
  splitter->setStretchFactor(1, 0);
  splitter->setSizes({900, 310});
  row->addWidget(splitter);
  m_presenter = new ResultPresenter(m_session, {m_views, m_verdict, m_steps, m_timeline}, this);
  m_empty = new EmptyState(this);
  m_layers->addWidget(content);
  m_layers->addWidget(m_empty);
}

void ExplorePage::connectParts() {
  connect(m_session, &EngineSession::engineReady, this, &ExplorePage::engineReady);
  connect(m_session, &EngineSession::engineFailed, this, [this](const QString& message) {
    showEmpty(QStringLiteral("warning"), tr("The engine could not be started"), message);
    Q_EMIT failed(message);
  });
  connect(m_session, &EngineSession::modelsChanged, this, [this] { loadLists(false); });
  connect(m_empty, &EmptyState::actionWanted, this, &ExplorePage::trainWanted);
  connect(m_stack, &StepStack::changed, this, &ExplorePage::ask);
  connect(m_steps, &StepPanel::seedChanged, this, &ExplorePage::ask);
  connect(m_bar, &SourceBar::fitChosen, this, &ExplorePage::ask);
  connect(m_bar, &SourceBar::modelChosen, this, &ExplorePage::showModel);
  connect(m_bar, &SourceBar::datasetChosen, this, [this](const QString& name) {
    if (name.isEmpty()) {
      m_images->showFiles();
    } else if (name == ImageSource::kAttacked) {
      m_images->showAttacked();
    } else if (const DatasetInfo* info = findDataset(m_datasets, name)) {
      useDataset(*info, 0);
    }
  });
  connect(m_strip, &Filmstrip::rowChosen, m_images, &ImageSource::choose);
  connect(m_views, &ViewsPanel::neighbourWanted, this, &ExplorePage::neighbour);
  connect(m_images, &ImageSource::sourceChanged, this, [this](int row) {
    m_strip->selectRow(row);
    showLists();
  });
  connect(m_images, &ImageSource::imageChosen, this, [this](const SourceImage& image) {
    m_source = image;
    ask();
    Q_EMIT statusChanged();
  });
  connect(m_images, &ImageSource::failed, this, [this](const QString& message) {
    m_message->setText(message);
    Q_EMIT failed(message);
    const DatasetInfo* info =
        m_source || !m_images->dataset().isEmpty() ? nullptr : chooseDataset(m_datasets, *m_model);
    if (info) useDataset(*info, 0);  // something to look at all the same
  });
  connect(m_controller, &ExploreController::busyChanged, m_views, &ViewsPanel::setBusy);
  connect(m_controller, &ExploreController::stepped, m_presenter,
          [this](std::uint64_t, const ExploreResult& soFar, const std::vector<ExploreStep>& steps) {
            m_loading.stop();
            m_presenter->showLive(soFar, steps);
          });
  connect(m_controller, &ExploreController::finished, this,
          [this](std::uint64_t, const ExploreResult& result, const Trace& trace) { showResult(result, trace); });
  connect(m_controller, &ExploreController::failed, this,
          [this](std::uint64_t, const QString& message) { showProblem(message); });
  m_loading.setSingleShot(true);
  m_loading.setInterval(kPatienceMs);
  connect(&m_loading, &QTimer::timeout, this, &ExplorePage::showLoading);
  connect(m_timeline, &Timeline::stopWanted, this, [this] {
    m_controller->cancel();
    m_presenter->stopped();
  });
  connect(m_timeline, &Timeline::exportFailed, m_message, &InlineMessage::setText);
  connect(m_presenter, &ResultPresenter::failed, m_message, &InlineMessage::setText);
}

void ExplorePage::engineReady() { loadLists(true); }

void ExplorePage::loadLists(bool first) {
  if (!m_session->ready()) return;
  m_session->run(
      this, Lane::Interactive, tr("Lists"),
      [](Engine& engine, const JobContext&) {
        Lists lists{engine.models(), engine.datasets(), {}, engine.info()};
        for (const AttackInfo& attack : engine.attacks()) {
          lists.operations.push_back(
              {attack.spec, true, attack.threatModel, attack.presets, attack.adaptiveParameters});
        }
        for (const PerturbationInfo& each : engine.perturbations()) {
          lists.operations.push_back({each.spec, false, {}, {}, {}, each.family});
        }
        return lists;
      },
      [this, first](const Lists& lists) {
        m_models = lists.models;
        m_models.insert(m_models.end(), m_foreignModels.begin(), m_foreignModels.end());
        m_datasets = lists.datasets;
        m_info = lists.info;
        if (first || !m_model) {
          start(lists);
        } else {
          refresh(lists);
        }
      },
      [this](const Error& error) {
        showEmpty(QStringLiteral("warning"), tr("The engine’s lists could not be read"), errorText(error));
        Q_EMIT failed(errorText(error));
      });
}

void ExplorePage::start(const Lists& lists) {
  m_operations = lists.operations;
  m_steps->setOperations(m_operations);
  const SessionState restored = m_restored.value_or(SessionState{});
  const QString wanted = m_waitingModel.isEmpty() ? restored.model : std::exchange(m_waitingModel, {});
  const ModelInfo* model = chooseModel(m_models, m_datasets, wanted);
  if (!model) {
    showEmpty(QStringLiteral("models"), tr("No model yet"),
              tr("Whorl shows how a trained classifier answers, how it breaks and what gives an attack away. Train one "
                 "first: Glyphs takes a minute and needs no download."),
              tr("Go to the Train page"));
    Q_EMIT failed(tr("There is no model to explore with."));
    return;
  }
  m_bar->setFit(restored.fit);
  m_steps->setSeed(restored.seed);
  const auto steps = usableSteps(m_operations, restored.steps);
  m_stack->replaceAll(m_restored ? steps : defaultSteps(m_operations, model->input));
  m_restored.reset();
  m_model = *model;
  m_layers->setCurrentIndex(0);
  showLoading();
  showLists();
  Q_EMIT statusChanged();
  if (!m_waitingFiles.isEmpty()) {
    openFiles(std::exchange(m_waitingFiles, {}));
  } else if (const DatasetInfo* info = chooseDataset(m_datasets, *model, restored.dataset)) {
    useDataset(*info, restored.dataset == QString::fromStdString(info->name) ? restored.index : 0);
  }
}

/// The lists changed while people work: keep what they look at.
void ExplorePage::refresh(const Lists&) {
  const ModelInfo* same = findModel(m_models, QString::fromStdString(m_model->id));
  if (!same || !same->problem.empty()) {
    if (const ModelInfo* other = chooseModel(m_models, m_datasets, {})) useModel(*other);
  } else if (!m_waitingModel.isEmpty()) {
    const QString wanted = std::exchange(m_waitingModel, {});
    const ModelInfo* model = findModel(m_models, wanted);
    if (model && model->problem.empty()) {
      useModel(*model);
    } else {
      m_message->setText(model ? QString::fromStdString(model->problem)
                               : tr("The model %1 is no longer there: it was deleted or moved.").arg(wanted));
    }
  }
  showLists();
}

void ExplorePage::showLists() {
  m_bar->setModels(m_models, m_model ? QString::fromStdString(m_model->id) : QString());
  m_bar->setDatasets(m_datasets, m_images->hasFiles(), m_images->attackedTitle(), m_images->shown());
}

void ExplorePage::showModel(const QString& id) {
  const ModelInfo* model = findModel(m_models, id);
  if (model && model->problem.empty() && m_model) {
    useModel(*model);
  } else {
    m_waitingModel = id;  // it may be about to appear in the list
    loadLists(false);
  }
}

void ExplorePage::useModel(const ModelInfo& model) {
  const bool untouched = m_model && m_stack->requests() == defaultSteps(m_operations, m_model->input);
  const DatasetInfo* own = chooseDataset(m_datasets, model);
  const bool switchImages = !(m_model && sameImages(m_datasets, *m_model, model)) && !m_images->dataset().isEmpty() &&
                            own && QString::fromStdString(own->name) != m_images->dataset();
  if (!m_model || m_model->id != model.id) m_loading.start();
  m_model = model;
  if (switchImages) m_source.reset();  // nothing is asked until its own images are here
  if (untouched) m_stack->replaceAll(defaultSteps(m_operations, model.input));
  showLists();
  if (switchImages) {
    useDataset(*own, 0);
  } else {
    ask();
  }
  Q_EMIT statusChanged();
}

void ExplorePage::useDataset(const DatasetInfo& info, std::int64_t row) {
  m_images->showDataset(info, row < info.testCount ? static_cast<int>(row) : 0);
}

std::optional<int> ExplorePage::label() const {
  if (!m_source || !m_model || !m_source->label || m_source->classNames != m_model->classNames) return std::nullopt;
  return m_source->label;
}

void ExplorePage::ask() {
  if (!m_session->ready() || !m_model || !m_source) return;
  ExploreQuery query;
  query.image = m_source->image;
  query.clean = m_source->clean;
  query.request.model = m_model->id;
  query.request.fit = m_bar->fit();
  query.request.steps = m_stack->requests();
  query.request.label = label();
  query.request.imageIndex = m_source->index;
  query.request.seed = m_steps->seed();
  query.request.trace = true;
  query.request.tolerant = true;
  Question question{m_model->id, classNames(*m_model), query.request.label,
                    conversionText(m_source->image->shape, m_model->input, query.request.fit)};
  for (const StepRequest& step : query.request.steps) {
    const Operation* operation = findOperation(m_operations, step.operation);
    question.attacked = question.attacked || (operation && operation->attack && step.enabled);
  }
  question.attacked |= m_source->clean != nullptr;
  question.fromRun = m_source->attack;
  m_steps->setModel(*m_model);
  m_presenter->ask(question);
  m_controller->ask(std::move(query));
}

void ExplorePage::showLoading() {
  m_loading.stop();
  m_presenter->clear(tr("Loading %1…").arg(QString::fromStdString(m_model->name)));
}

void ExplorePage::showResult(const ExploreResult& result, const Trace& trace) {
  // Keys act on the picture at once, unless somebody is at work elsewhere on the page already.
  if (!std::exchange(m_everShown, true) && isVisible() && !isAncestorOf(window()->focusWidget())) {
    m_views->focusResult();
  }
  m_loading.stop();
  m_presenter->showResult(result, trace);
  m_steps->setProblem({});
  Q_EMIT pictureShown();
}

void ExplorePage::showProblem(const QString& message) {
  bool aboutSteps = false;
  for (const StepRequest& step : m_stack->requests()) {
    aboutSteps = aboutSteps || message.contains(QString::fromStdString(step.operation));
  }
  if (m_loading.isActive()) showLoading();
  m_presenter->showNothing();
  if (aboutSteps) {
    m_steps->setProblem(message);
  } else {
    m_message->setText(message);
  }
  Q_EMIT failed(message);
}

void ExplorePage::showEmpty(const QString& icon, const QString& title, const QString& text, const QString& action) {
  m_empty->set(icon, title, text, action);
  m_layers->setCurrentIndex(1);
}

const std::optional<ExploreResult>& ExplorePage::result() const { return m_views->result(); }

SessionState ExplorePage::state() const {
  SessionState state;
  if (m_model) state.model = QString::fromStdString(m_model->id);
  if (m_source) {
    state.dataset = m_source->dataset;
    state.index = m_source->index;
  }
  state.fit = m_bar->fit();
  state.seed = m_steps->seed();
  state.steps = m_stack->requests();
  return state;
}

void ExplorePage::neighbour(int direction) {
  const int count = m_images->thumbnails()->rowCount();
  if (count == 0) return;
  const int row = direction == 0 ? static_cast<int>(QRandomGenerator::global()->bounded(count))
                                 : std::clamp(m_strip->currentIndex().row() + direction, 0, count - 1);
  m_strip->selectRow(row);
}

void ExplorePage::openAddMenu() { m_steps->addMenu()->popup(m_steps->mapToGlobal(QPoint(0, 30))); }

}  // namespace whorl::ui
