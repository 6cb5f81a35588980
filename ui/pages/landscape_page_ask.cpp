// SPDX-License-Identifier: GPL-3.0-or-later
// What the Landscape page asks the engine for, and what it gives to others.
#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QSignalBlocker>
#include <QStackedLayout>

#include <algorithm>
#include <memory>
#include <utility>

#include "ui/explore/choices.h"
#include "ui/explore/step_stack.h"
#include "ui/jobs/format.h"
#include "ui/landscape/ball_view.h"
#include "ui/landscape/beside_map.h"
#include "ui/landscape/cross_sections.h"
#include "ui/landscape/direction_box.h"
#include "ui/landscape/point_panel.h"
#include "ui/landscape/surface_export.h"
#include "ui/landscape/weight_view.h"
#include "ui/pages/explore_page.h"
#include "ui/pages/landscape_page.h"
#include "ui/session/engine_session.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/inline_message.h"
#include "ui/widgets/save_dialog.h"

namespace whorl::ui {
namespace {

/// What can be changed of an attack without leaving the page; the rest is Explore's.
bool isBudget(const ParameterSpec& spec) { return spec.name == "epsilon" || spec.name == "steps"; }

/// A picture that is about to come is waited for so long, so that whoever drags a slider sees something.
constexpr int kFirstPictureMs = 500;

}  // namespace

void LandscapePage::loadLists() {
  struct Lists {
    LandscapeLists own;
    std::vector<DatasetInfo> datasets;
    std::vector<ModelInfo> models;
  };
  m_session->run(
      this, Lane::Interactive, tr("Lists"),
      [](Engine& engine, const JobContext&) {
        Lists lists{{engine.landscapeDirections(), engine.landscapeValues(), {}, engine.landscapeColours()},
                    engine.datasets(),
                    engine.models()};
        for (const DetectorInfo& info : engine.detectors()) {
          const bool learns =
              info.needsTrainingImages || info.needsAttackedImages || info.needsTwins || info.companions;
          if (!learns) lists.own.detectors.push_back(info);
        }
        return lists;
      },
      [this](const Lists& lists) {
        m_datasets = lists.datasets;
        m_models = lists.models;
        if (m_loaded) return fillBeside();  // only models change
        m_form->setLists(lists.own);
        m_map->setColours(lists.own.colours);
        m_beside->setColours(lists.own.colours);
        m_weights->setColours(lists.own.colours);
        m_ball->setValues(lists.own.values);
        m_loaded = true;
        follow();
      },
      [this](const Error& error) {
        m_empty->set(QStringLiteral("warning"), tr("The engine’s lists could not be read"), errorText(error));
      });
}

std::optional<LandscapeSubject> LandscapePage::subject() const {
  const auto& result = m_explore->result();
  const auto& model = m_explore->model();
  const auto& source = m_explore->source();
  if (!result || !model || !source || result->input.shape != model->input) return std::nullopt;
  LandscapeSubject subject;
  subject.model = *model;
  subject.image = result->input;
  const DatasetInfo* data = findDataset(m_datasets, source->dataset);
  if (data && data->shape == model->input && data->classNames == model->classNames) subject.images = data->testCount;
  for (const StepRequest& step : m_steps->requests()) {
    const Operation* operation = findOperation(m_explore->operations(), step.operation);
    if (!operation || !operation->attack || !step.enabled) continue;
    subject.attack = step;
    subject.attackTitle = QString::fromStdString(operation->spec.title);
    subject.attackSpecs = stepParameters(*operation, step.threatModel);
    std::erase_if(subject.attackSpecs, [](const ParameterSpec& spec) { return !isBudget(spec); });
  }
  return subject;
}

void LandscapePage::follow() {
  if (!m_loaded) return;
  if (m_explore->model()) m_weights->setModel(*m_explore->model());
  const auto now = subject();
  if (now) {
    m_ball->setSubject(
        {now->model, std::make_shared<const Image>(now->image), m_explore->label(), m_explore->source()->title});
  }
  m_due = !lookedAt();
  if (m_due) return;
  if (!now) {
    if (!m_explore->result() && m_exploreProblem.isEmpty()) {
      m_empty->set(QStringLiteral("landscape"), tr("Waiting for Explore’s image…"), {});
    }
    m_due = true;
    return;
  }
  showEmpty(false);
  m_form->setSubject(*now);
  m_classNames = classNames(now->model);
  fillBeside();
  m_attackTitle = now->attackTitle.isEmpty() ? QString() : tr("path of %1").arg(now->attackTitle);
  m_map->setThreshold(m_form->threshold());
  if (!m_map->plane()) m_map->clear(tr("Computing the first picture…"));  // else its first level is on the way
  askSoon();
}

/// Other models of the same images and as many classes.
void LandscapePage::fillBeside() {
  const auto& own = m_explore->model();
  if (!own) return;
  const QString last = m_wantedBeside.isEmpty() ? m_besideModel->currentData().toString() : m_wantedBeside;
  {
    const QSignalBlocker quiet(m_besideModel);
    m_besideModel->clear();
    m_besideModel->addItem(tr("One model"), QString());
    for (const ModelInfo& info : m_models) {
      const bool fits = info.problem.empty() && info.id != own->id && info.input == own->input &&
                        info.classNames.size() == own->classNames.size();
      if (!fits) continue;
      m_besideModel->addItem(tr("Beside: %1").arg(QString::fromStdString(info.name)), QString::fromStdString(info.id));
    }
    m_besideModel->setCurrentIndex(std::max(0, m_besideModel->findData(last)));
    if (m_besideModel->currentIndex() > 0) m_wantedBeside.clear();
  }
  const QString shown = m_beside->model() ? QString::fromStdString(m_beside->model()->id) : QString();
  if (m_besideModel->currentData().toString() != shown) chooseBeside();
}

void LandscapePage::chooseBeside() {
  const ModelInfo* model = findModel(m_models, m_besideModel->currentData().toString());
  m_beside->setModel(model ? std::optional(*model) : std::nullopt);
  m_right->setVisible(!model);
  const LayerChoice layer = m_form->layer();
  m_beside->setLayer(layer.layer, layer.title);
  askBeside();
}

void LandscapePage::askBeside() {
  if (!m_beside->model() || !m_map->plane() || !m_image) return;
  const ModelInfo* own = findModel(m_models, QString::fromStdString(m_asked.model));
  m_beside->ask(m_asked, own ? QString::fromStdString(own->name) : QString(), m_map->plane(), m_form->lists().values,
                m_image);
}

void LandscapePage::editAttack(const Parameters& parameters, const QString& name) {
  const std::vector<StackStep> steps = m_steps->steps();
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    const Operation* operation = findOperation(m_explore->operations(), step->request.operation);
    if (!operation || !operation->attack || !step->request.enabled) continue;
    Parameters changed = step->request.parameters;
    for (const auto& [key, value] : parameters.values()) changed.set(key, value);
    return m_steps->setParameters(step->id, changed, name);
  }
}

/// Not later than kDebounceMs after the first of many changes: the picture follows a slider that is being dragged.
void LandscapePage::askSoon() {
  if (!m_soon.isActive()) m_soon.start();
}

void LandscapePage::askNow() {
  if (!lookedAt() || !m_loaded) {
    m_due = true;
    return;
  }
  if (m_controller->busy() && !m_seen && m_sinceAsked.isValid() && m_sinceAsked.elapsed() < kFirstPictureMs) {
    return m_soon.start();
  }
  m_axesLeft = m_form->axes();
  m_message->setText(m_form->problem());
  if (!m_form->problem().isEmpty()) return m_controller->cancel();
  ask();
}

void LandscapePage::ask() {
  const auto now = subject();
  if (!now || m_axesLeft.empty()) return;
  const auto [across, upwards] = m_axesLeft.front();
  m_axesLeft.erase(m_axesLeft.begin());
  const SourceImage& source = *m_explore->source();
  LandscapeRequest request;
  request.model = now->model.id;
  if (now->images > 0) request.dataset = source.dataset.toStdString();
  request.index = source.index;
  request.label = m_explore->label();
  request.directions = {across, upwards};
  m_form->fill(request, m_accepted->isChecked());
  m_asked = request;
  m_seen = false;
  m_complete = false;
  m_sinceAsked.start();
  m_coming = {source.title, QString::fromStdString(now->model.name), request.label,
              directionText(across, m_form->lists().directions), directionText(upwards, m_form->lists().directions)};
  m_image = std::make_shared<const Image>(m_explore->result()->input);
  m_controller->ask(std::move(request), m_image, tr("Landscape of %1").arg(source.title));
}

QString LandscapePage::summary(const LandscapeResult& plane) const {
  const auto name = [this](int k) { return QStringLiteral("“%1”").arg(m_classNames.value(k, QString::number(k))); };
  QString text =
      tr("In the middle is %1: %2 sees %3 there.").arg(m_shown.title, m_shown.model, name(plane.middle.predicted));
  if (!plane.attackSucceeded) return text;
  double furthest = 0;
  for (const LandscapePlace& place : plane.path) furthest = std::max(furthest, place.distance);
  text += u' ' + (*plane.attackSucceeded ? tr("The attack succeeds") : tr("The attack fails"));
  return text + tr("; its path is up to L2 %1 away from this plane.").arg(numberText(furthest, 2));
}

void LandscapePage::showFailure(const Error& error) {
  const bool aboutAxes = error.kind() == ErrorKind::Usage || error.kind() == ErrorKind::BadInput;
  if (aboutAxes && !m_axesLeft.empty()) return ask();
  if (error.kind() == ErrorKind::Cancelled) return;  // from the list of jobs: what is there stays
  const QString message = errorText(error);
  m_message->setText(message);
  m_map->clear(tr("There is no such landscape."));
  m_beside->clear(tr("There is no such landscape."));
  m_sections->clear();
  m_point->clear();
  m_summary->clear();
  Q_EMIT failed(message);
}

void LandscapePage::openPicked() {
  const auto picked = m_map->picked();
  if (!picked) return;
  const QString title = m_shown.title.section(QStringLiteral(" ("), 0, 0);
  m_explore->openMade(clipped(m_map->plane()->images.at(picked->x, picked->y)),
                      tr("%1, moved to %2").arg(title, placeText(*picked)), m_shown.label);
  Q_EMIT exploreWanted();
}

void LandscapePage::exportData(const QString& path) {
  if (m_map->empty()) return;
  saveSurface(m_session, this, m_map->surface(), path, [this](const QString& problem) { m_message->setText(problem); });
}

void LandscapePage::exportDataWithDialog(const QString& suffix) {
  askWhereToSave(this, tr("Export the landscape’s values"), suffix, [this](const QString& path) { exportData(path); });
}

}  // namespace whorl::ui
