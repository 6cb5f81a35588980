// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/train_page.h"

#include <QDateTime>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollArea>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>

#include <utility>

#include "ui/jobs/format.h"
#include "ui/pages/notice_bar.h"
#include "ui/pages/train_curves.h"
#include "ui/pages/train_form.h"
#include "ui/pages/train_run.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

namespace {

double figure(const TrainEvent& event, const char* name) {
  for (const Metric& one : event.metrics) {
    if (one.name == name) return one.value;
  }
  return 0;
}

}  // namespace

TrainPage::TrainPage(EngineSession* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_run(new TrainRun(session, this)),
      m_form(new TrainForm(session)),
      m_curves(new TrainCurves),
      m_scroll(new QScrollArea),
      m_start(new QPushButton(tr("Start training"))),
      m_continue(new QToolButton),
      m_continueMenu(new QMenu(this)),
      m_pause(new QPushButton(tr("Pause"))),
      m_keep(new QPushButton(tr("Stop and keep"))),
      m_cancel(new QPushButton(tr("Cancel"))),
      m_phase(new QLabel),
      m_figures(new QLabel),
      m_bar(new QProgressBar),
      m_result(new NoticeBar),
      m_problem(new InlineMessage),
      m_obstacle(new QLabel) {
  auto* splitter = new QSplitter(Qt::Horizontal);
  splitter->addWidget(makeFormSide());
  splitter->addWidget(makeRunSide());
  splitter->setStretchFactor(0, 0);
  splitter->setStretchFactor(1, 1);
  splitter->setChildrenCollapsible(false);
  splitter->setSizes({440, 720});
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(splitter);

  connect(m_form, &TrainForm::changed, this, &TrainPage::showPhase);
  connect(m_form, &TrainForm::fetched, this, &TrainPage::reload);
  connect(m_start, &QPushButton::clicked, this, &TrainPage::start);
  connectRun();
  connect(session, &EngineSession::engineReady, this, &TrainPage::reload);
  connect(session, &EngineSession::engineFailed, this, [this](const QString& message) { m_problem->setText(message); });
  if (session->ready()) reload();
  showPhase();
}

QWidget* TrainPage::makeFormSide() {
  m_scroll->setWidgetResizable(true);
  m_scroll->setFrameShape(QFrame::NoFrame);
  m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_scroll->setWidget(m_form);
  m_scroll->setMinimumWidth(330);
  m_obstacle->setWordWrap(true);
  m_obstacle->setObjectName(QStringLiteral("obstacle"));
  m_start->setObjectName(QStringLiteral("start"));
  m_start->setDefault(true);
  m_continue->setObjectName(QStringLiteral("continue"));
  m_continue->setText(tr("Continue"));
  m_continue->setToolTip(tr("Goes on with a run that was broken off, from its last checkpoint, to the same numbers."));
  m_continue->setPopupMode(QToolButton::InstantPopup);
  m_continue->setMenu(m_continueMenu);
  m_continue->setSizePolicy(QSizePolicy::Minimum, QSizePolicy::Preferred);
  auto* buttons = new QHBoxLayout;
  buttons->addWidget(m_start, 1);
  buttons->addWidget(m_continue);
  auto* side = new QWidget;
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(m_scroll, 1);
  auto* foot = new QVBoxLayout;
  foot->setContentsMargins(12, 4, 12, 10);
  foot->addWidget(m_obstacle);
  foot->addLayout(buttons);
  column->addLayout(foot);
  return side;
}

QWidget* TrainPage::makeRunSide() {
  m_figures->setTextInteractionFlags(Qt::TextSelectableByMouse);
  m_bar->setRange(0, 1000);
  m_bar->setTextVisible(true);
  m_bar->setAccessibleName(tr("Progress of the training"));
  auto* side = new QWidget;
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(6, 12, 12, 8);
  column->setSpacing(8);
  column->addWidget(makeControls());
  column->addWidget(m_bar);
  column->addWidget(m_problem);
  column->addWidget(m_result);
  column->addWidget(m_curves, 1);
  return side;
}

QWidget* TrainPage::makeControls() {
  QFont bold = m_phase->font();
  bold.setBold(true);
  m_phase->setFont(bold);
  m_phase->setObjectName(QStringLiteral("phase"));
  m_pause->setObjectName(QStringLiteral("pause"));
  m_keep->setObjectName(QStringLiteral("keep"));
  m_cancel->setObjectName(QStringLiteral("cancel"));
  m_pause->setToolTip(tr("Holds the run between two steps."));
  m_keep->setToolTip(tr("Ends the run after this step, tests the network as it is, and saves it as a model."));
  m_cancel->setToolTip(tr("Ends the run without a model. Its last checkpoint stays, so it can be continued."));
  auto* box = new QWidget;
  auto* line = new QHBoxLayout(box);
  line->setContentsMargins(0, 0, 0, 0);
  auto* words = new QVBoxLayout;
  words->setSpacing(1);
  words->addWidget(m_phase);
  words->addWidget(m_figures);
  line->addLayout(words, 1);
  line->addWidget(m_pause);
  line->addWidget(m_keep);
  line->addWidget(m_cancel);
  return box;
}

void TrainPage::connectRun() {
  connect(m_pause, &QPushButton::clicked, m_run,
          [this] { m_run->state().canResume() ? m_run->resume() : m_run->pause(); });
  connect(m_keep, &QPushButton::clicked, m_run, [this] { m_run->stopAndKeep(); });
  connect(m_cancel, &QPushButton::clicked, m_run, [this] { m_run->cancel(); });
  connect(m_run, &TrainRun::phaseChanged, this, &TrainPage::showPhase);
  connect(m_run, &TrainRun::eventsArrived, this, &TrainPage::showEvents);
  connect(m_run, &TrainRun::finished, this, &TrainPage::showResult);
  connect(m_run, &TrainRun::failed, this, &TrainPage::showFailure);
  connect(m_curves, &TrainCurves::exportFailed, m_problem, &InlineMessage::setText);
  connect(m_result, &NoticeBar::actionClicked, this, [this] {
    if (const auto run = std::exchange(m_offered, std::nullopt)) {
      m_result->dismiss();
      continueRun(*run);
    } else {
      Q_EMIT openInExplore(m_resultModel);
    }
  });
}

void TrainPage::reload() {
  m_session->run(
      this, Lane::Interactive, tr("List what can be trained"), loadTrainLists,
      [this](const TrainLists& lists) {
        m_form->setLists(lists);
        fillContinueMenu();
        showPhase();
        tellBrokenOff();
      },
      [this](const Error& error) {
        if (error.kind() != ErrorKind::Cancelled) m_problem->setText(errorText(error));
      });
}

void TrainPage::fillContinueMenu() {
  m_continueMenu->clear();
  const QLocale english(QLocale::English);
  for (const BrokenOffRun& run : m_form->lists().brokenOff) {
    const QString when = english.toString(run.when, QStringLiteral("d MMM yyyy, HH:mm"));
    m_continueMenu->addAction(tr("%1 (%2)").arg(run.title, when), this, [this, run] { continueRun(run); });
  }
  if (!m_continueMenu->isEmpty()) m_continueMenu->addSeparator();
  m_continueMenu->addAction(tr("Choose a checkpoint file…"), this, &TrainPage::chooseCheckpoint);
}

void TrainPage::tellBrokenOff() {
  const auto& runs = m_form->lists().brokenOff;
  if (std::exchange(m_told, true) || runs.empty() || !m_run->state().canStart()) return;
  m_offered = runs.front();
  const QString when = QLocale(QLocale::English).toString(m_offered->when, QStringLiteral("d MMM yyyy, HH:mm"));
  m_result->showNotice(
      tr("“%1” was stopped before its end (%2). It can go on from its last checkpoint.").arg(m_offered->title, when),
      tr("Continue"));
}

void TrainPage::start() {
  TrainRequest request = m_form->request();
  if (request.modelName.empty()) {
    request.modelName = request.dataset.substr(request.dataset.find_last_of('/') + 1) + " " + request.objective;
  }
  const std::string& folder = m_form->lists().info.userFolder;
  if (!folder.empty()) {
    request.checkpoint =
        newCheckpointPath(folder, QString::fromStdString(request.modelName), QDateTime::currentDateTime());
  }
  launch(request);
}

void TrainPage::continueRun(const BrokenOffRun& run) {
  if (!m_run->state().canStart()) return;
  m_form->setRequest(run.request);
  launch(run.request);
}

void TrainPage::chooseCheckpoint() {
  auto* dialog = new QFileDialog(this, tr("Checkpoint to continue from, with the values of the form"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setFileMode(QFileDialog::ExistingFile);
  dialog->setNameFilters({tr("Checkpoints (*.checkpoint)"), tr("All files (*)")});
  connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
    TrainRequest request = m_form->request();
    request.checkpoint = path.toStdString();
    request.resume = true;
    launch(request);
  });
  dialog->open();
}

void TrainPage::launch(const TrainRequest& request) {
  if (!m_run->state().canStart() || !m_form->obstacle().isEmpty()) return;
  m_problem->setText({});
  m_result->dismiss();
  m_offered.reset();
  m_curves->clear();
  m_bar->setValue(0);
  m_figures->clear();
  m_run->start(request);
}

void TrainPage::showPhase() {
  const TrainState& state = m_run->state();
  const QString obstacle = m_form->obstacle();
  m_form->setEnabled(state.canStart());
  m_start->setEnabled(state.canStart() && obstacle.isEmpty());
  const bool explain = state.canStart() && !m_form->lists().datasets.empty();
  m_obstacle->setText(obstacle);
  m_obstacle->setVisible(explain && !obstacle.isEmpty());
  m_continue->setEnabled(state.canStart() && m_session->ready());
  m_pause->setEnabled(state.canPause() || state.canResume());
  m_pause->setText(state.canResume() ? tr("Resume") : tr("Pause"));
  m_keep->setEnabled(state.canKeep());
  m_cancel->setEnabled(state.canCancel());
  for (QPushButton* button : {m_pause, m_keep, m_cancel}) button->setVisible(state.active());
  m_bar->setVisible(state.phase() != TrainPhase::Idle);
  switch (state.phase()) {
    case TrainPhase::Idle:
      m_phase->setText(m_session->ready() ? tr("Ready to train") : tr("Loading the engine…"));
      m_figures->setText(
          tr("Choose a preset, change what you like, and start. Curves appear here as the network learns."));
      break;
    case TrainPhase::Starting:
      m_phase->setText(tr("Starting: loading the data set…"));
      break;
    case TrainPhase::Running:
      m_phase->setText(tr("Training"));
      break;
    case TrainPhase::Pausing:
      m_phase->setText(tr("Pausing after this step…"));
      break;
    case TrainPhase::Paused:
      m_phase->setText(tr("Paused"));
      break;
    case TrainPhase::Keeping:
      m_phase->setText(tr("Stopping: testing and saving the network…"));
      break;
    case TrainPhase::Cancelling:
      m_phase->setText(tr("Cancelling after this step…"));
      break;
    case TrainPhase::Finished:
      m_phase->setText(tr("Finished"));
      break;
    case TrainPhase::Cancelled:
      m_phase->setText(tr("Cancelled"));
      break;
    case TrainPhase::Failed:
      m_phase->setText(tr("Failed"));
      break;
  }
}

void TrainPage::showEvents(const std::vector<TrainEvent>& events) {
  m_curves->add(events);
  const TrainEvent& last = events.back();
  if (last.steps > 0) m_bar->setValue(static_cast<int>(last.step * 1000 / last.steps));
  m_bar->setFormat(tr("step %1 of %2").arg(countText(last.step), countText(last.steps)));
  QStringList figures{tr("epoch %1").arg(last.epoch)};
  const double rate = figure(last, "images_per_second");
  if (rate > 0) figures << tr("%1 images/s").arg(countText(static_cast<std::int64_t>(rate)));
  if (const auto left = m_run->secondsLeft()) figures << tr("%1 left").arg(durationText(*left));
  m_figures->setText(figures.join(QStringLiteral(" · ")));
}

void TrainPage::showResult(const TrainResult& result) {
  m_offered.reset();
  m_resultModel = QString::fromStdString(result.model);
  m_figures->setText(tr("%1 at %2 images/s on %3")
                         .arg(durationText(result.seconds),
                              countText(static_cast<std::int64_t>(result.imagesPerSecond)),
                              QString::fromStdString(result.device)));
  m_result->showNotice(tr("%1 of the test images are classified correctly. The model is %2")
                           .arg(percentText(result.testAccuracy), m_resultModel),
                       tr("Open in Explore"));
  reload();
  Q_EMIT modelTrained(m_resultModel);
}

void TrainPage::showFailure(const QString& problem) {
  if (m_run->state().phase() == TrainPhase::Cancelled) {
    m_figures->setText(tr("The last checkpoint was kept: “Continue” goes on from there."));
  } else {
    m_problem->setText(problem);
  }
  reload();
}

}  // namespace whorl::ui
