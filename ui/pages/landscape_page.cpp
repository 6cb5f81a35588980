// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/pages/landscape_page.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QStackedLayout>
#include <QTabBar>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/landscape/ball_view.h"
#include "ui/landscape/beside_map.h"
#include "ui/landscape/cross_sections.h"
#include "ui/landscape/point_panel.h"
#include "ui/landscape/view_head.h"
#include "ui/landscape/weight_form.h"
#include "ui/landscape/weight_view.h"
#include "ui/pages/explore_page.h"
#include "ui/session/engine_session.h"
#include "ui/style/icons.h"
#include "ui/widgets/column_area.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/inline_message.h"

namespace whorl::ui {

LandscapePage::LandscapePage(EngineSession* session, ExplorePage* explore, StepStack* steps, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_explore(explore),
      m_steps(steps),
      m_controller(new LandscapeController(session, this)),
      m_form(new LandscapeForm),
      m_map(new HeatMapView),
      m_point(new PointPanel),
      m_sections(new CrossSections),
      m_beside(new BesideMap(session, m_map)),
      m_besideModel(new QComboBox),
      m_message(new InlineMessage),
      m_empty(new EmptyState(this)),
      m_weights(new WeightView(session)),
      m_ball(new BallView(session)),
      m_spaces(new QTabBar),
      m_summary(new QLabel),
      m_progress(new QProgressBar),
      m_stop(new QPushButton(icon(QStringLiteral("stop")), tr("Stop"))),
      m_export(new QToolButton),
      m_contours(new QCheckBox(tr("Contours"))),
      m_borders(new QCheckBox(tr("Classes"))),
      m_accepted(new QCheckBox(tr("Accept region"))),
      m_path(new QCheckBox(tr("Attack’s path"))) {
  build();
  connectParts();
  m_empty->set(QStringLiteral("landscape"), tr("Starting the engine…"), {});
  showEmpty(true);
  if (session->ready()) loadLists();
}

void LandscapePage::build() {
  auto* area = new ColumnArea;
  area->setWidget(m_form);
  area->setMinimumWidth(286);
  auto* middle = new QWidget;
  auto* column = new QVBoxLayout(middle);
  column->setContentsMargins(6, 10, 6, 8);
  column->setSpacing(6);
  column->addWidget(makeTop());
  column->addWidget(m_message);
  auto* maps = new QHBoxLayout;
  maps->setSpacing(6);
  auto* first = new QVBoxLayout;
  first->setSpacing(2);
  first->addWidget(m_beside->firstName());
  first->addWidget(m_map, 1);
  maps->addLayout(first, 1);
  maps->addWidget(m_beside, 1);
  column->addLayout(maps, 1);
  m_message->setObjectName(QStringLiteral("landscape_message"));
  auto* splitter = new QSplitter(Qt::Horizontal);
  splitter->setChildrenCollapsible(false);
  splitter->addWidget(area);
  splitter->addWidget(middle);
  m_right = makeRight();
  splitter->addWidget(m_right);
  splitter->setStretchFactor(0, 0);
  splitter->setStretchFactor(1, 1);
  splitter->setStretchFactor(2, 0);
  splitter->setSizes({290, 600, 290});
  m_spaces->setObjectName(QStringLiteral("landscape_space"));
  m_spaces->setAccessibleName(tr("What the landscape is of"));
  m_spaces->addTab(tr("Around the image"));
  m_spaces->addTab(tr("Around the network"));
  m_spaces->addTab(tr("In random directions"));
  m_spaces->setTabToolTip(0, tr("What one network says of images on a plane"));
  m_spaces->setTabToolTip(1, tr("What networks on a plane or between models say of a data set"));
  m_spaces->setTabToolTip(2, tr("What one network says of images in a ball around the image"));
  m_spaces->setExpanding(false);
  m_spaces->setDrawBase(false);
  auto* stack = new QWidget;
  m_layers = new QStackedLayout(stack);
  m_layers->addWidget(splitter);
  m_layers->addWidget(m_empty);
  m_layers->addWidget(m_weights);
  m_layers->addWidget(m_ball);
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->setSpacing(0);
  whole->addWidget(m_spaces);
  whole->addWidget(stack, 1);
}

PageState LandscapePage::state() const {
  if (!m_loaded) return m_restored;  // nothing was read yet that could have changed
  PageState state = m_form->state();
  state.merge(m_weights->form()->state());
  state.merge(m_ball->state());
  state["shown"] = {{"contours", m_contours->isChecked()},      {"borders", m_borders->isChecked()},
                    {"accepted", m_accepted->isChecked()},      {"path", m_path->isChecked()},
                    {"weights", m_spaces->currentIndex() == 1}, {"ball", m_spaces->currentIndex() == 2}};
  const QString beside = m_wantedBeside.isEmpty() ? m_besideModel->currentData().toString() : m_wantedBeside;
  state["shown"].set("beside", beside.toStdString());
  return state;
}

void LandscapePage::restore(const PageState& state) {
  m_restored = state;
  m_form->restore(state);
  m_weights->form()->restore(state);
  m_ball->restore(state);
  m_contours->setChecked(keptFlag(state, "shown", "contours", true));
  m_borders->setChecked(keptFlag(state, "shown", "borders", true));
  m_accepted->setChecked(keptFlag(state, "shown", "accepted", true));
  m_path->setChecked(keptFlag(state, "shown", "path", true));
  m_wantedBeside = QString::fromStdString(keptText(state, "shown", "beside"));
  m_spaces->setCurrentIndex(keptFlag(state, "shown", "weights", false) ? 1
                            : keptFlag(state, "shown", "ball", false)  ? 2
                                                                       : 0);
}

void LandscapePage::showSpace() {
  const int space = m_spaces->currentIndex();
  m_layers->setCurrentIndex(space > 0 ? space + 1 : m_nothing ? 1 : 0);
}

void LandscapePage::showEmpty(bool empty) {
  m_nothing = empty;
  showSpace();
}

bool LandscapePage::lookedAt() const { return isVisible() && m_spaces->currentIndex() == 0; }

QWidget* LandscapePage::makeTop() {
  prepareHead({m_summary, m_progress, m_stop, m_export}, QStringLiteral("landscape"),
              [this](QMenu* menu) { m_map->fillMenu(menu); });
  m_progress->setAccessibleName(tr("Points that are computed"));
  m_stop->setToolTip(tr("Leaves the picture as fine as it is."));
  m_contours->setToolTip(tr("Lines of equal value, at round numbers"));
  m_borders->setToolTip(tr("Where the model’s answer changes, and what it answers there"));
  m_accepted->setToolTip(
      tr("Where the fingerprint distance is below τ: there the model’s answer is believed. Fingerprints "
         "take some ten times as long as the rest."));
  m_path->setToolTip(tr("The attack’s iterates, each drawn at the point of this plane that is nearest to it"));
  auto* line = new QHBoxLayout;
  line->setSpacing(8);
  for (QCheckBox* box : {m_contours, m_borders, m_accepted, m_path}) {
    box->setChecked(true);
    line->addWidget(box);
  }
  m_contours->setObjectName(QStringLiteral("show_contours"));
  m_borders->setObjectName(QStringLiteral("show_borders"));
  m_accepted->setObjectName(QStringLiteral("show_accepted"));
  m_path->setObjectName(QStringLiteral("show_path"));
  m_besideModel->setObjectName(QStringLiteral("beside_model"));
  m_besideModel->setAccessibleName(tr("A second model, beside the first"));
  m_besideModel->setToolTip(tr("The same plane as a second model sees it, in the same colours"));
  m_besideModel->setFocusPolicy(Qt::StrongFocus);
  m_besideModel->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  m_besideModel->setMinimumContentsLength(14);
  line->addStretch(1);
  line->addWidget(m_export);
  auto* top = new QWidget;
  auto* column = new QVBoxLayout(top);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(6);
  auto* head = new QHBoxLayout;
  head->setSpacing(8);
  head->addWidget(m_summary, 1);
  head->addWidget(m_progress);
  head->addWidget(m_stop);
  head->addWidget(m_besideModel, 0, Qt::AlignTop);
  column->addLayout(head);
  column->addLayout(line);
  return top;
}

QWidget* LandscapePage::makeRight() {
  auto* right = new QWidget;
  right->setMinimumWidth(270);
  auto* column = new QVBoxLayout(right);
  column->setContentsMargins(6, 10, 12, 8);
  column->setSpacing(10);
  column->addWidget(m_point);
  column->addWidget(m_sections, 1);
  return right;
}

void LandscapePage::connectParts() {
  connect(m_session, &EngineSession::engineReady, this, &LandscapePage::loadLists);
  connect(m_session, &EngineSession::engineFailed, this, [this](const QString& message) {
    m_empty->set(QStringLiteral("warning"), tr("The engine could not be started"), message);
  });
  connect(m_explore, &ExplorePage::pictureShown, this, &LandscapePage::follow);
  connect(m_explore, &ExplorePage::failed, this, [this](const QString& message) {
    if (m_explore->result() || !m_session->ready()) return;
    m_exploreProblem = message;
    m_empty->set(QStringLiteral("landscape"), tr("Nothing to look around in yet"), message,
                 tr("Go to the Explore page"));
    Q_EMIT failed(message);
  });
  connect(m_empty, &EmptyState::actionWanted, this, &LandscapePage::exploreWanted);

  connect(m_spaces, &QTabBar::currentChanged, this, [this] {
    showSpace();
    if (!lookedAt()) {
      leave();
    } else if (m_due) {
      follow();
    }
  });
  m_soon.setSingleShot(true);
  m_soon.setInterval(kDebounceMs);
  connect(&m_soon, &QTimer::timeout, this, &LandscapePage::askNow);
  connect(m_besideModel, &QComboBox::currentIndexChanged, this, [this] {
    m_wantedBeside.clear();
    chooseBeside();
  });
  connect(m_session, &EngineSession::modelsChanged, this, &LandscapePage::loadLists);
  connect(m_form, &LandscapeForm::changed, this, &LandscapePage::askSoon);
  connect(m_form, &LandscapeForm::layerChanged, this, &LandscapePage::showLayer);
  connect(m_form, &LandscapeForm::thresholdChanged, this, &LandscapePage::showThreshold);
  connect(m_form, &LandscapeForm::attackEdited, this, &LandscapePage::editAttack);
  for (QCheckBox* box : {m_contours, m_borders, m_accepted, m_path}) {
    connect(box, &QCheckBox::toggled, this, &LandscapePage::showOverlays);
  }

  connect(m_controller, &LandscapeController::busyChanged, this, &LandscapePage::showBusy);
  connect(m_beside, &BesideMap::busyChanged, this, &LandscapePage::showBusy);
  connect(m_controller, &LandscapeController::started, this,
          [this](std::uint64_t, const SharedPlane& plane) { showPlane(plane); });
  connect(m_controller, &LandscapeController::refined, this,
          [this](std::uint64_t, const SharedSurface& surface) { showSurface(surface); });
  connect(m_controller, &LandscapeController::progressed, this, [this](std::int64_t done, std::int64_t total) {
    m_progress->setRange(0, static_cast<int>(total));
    m_progress->setValue(static_cast<int>(done));
  });
  connect(m_controller, &LandscapeController::finished, this, [this] {
    m_complete = true;
    Q_EMIT completed();
  });
  connect(m_controller, &LandscapeController::failed, this,
          [this](std::uint64_t, const Error& error) { showFailure(error); });
  connect(m_stop, &QPushButton::clicked, this, [this] {
    m_soon.stop();
    m_controller->cancel();
    m_beside->cancel();
  });

  connect(m_map, &HeatMapView::hovered, this, [this](const std::optional<LandscapePoint>& point) {
    if (const auto shown = point ? point : m_map->picked()) m_sections->showAt(shown->place());
  });
  connect(m_map, &HeatMapView::pickedChanged, this, &LandscapePage::showPoint);
  connect(m_map, &HeatMapView::chosen, this, &LandscapePage::openPicked);
  connect(m_map, &HeatMapView::exportFailed, m_message, &InlineMessage::setText);
  connect(m_map, &HeatMapView::exportDataWanted, this, &LandscapePage::exportDataWithDialog);
  connect(m_point, &PointPanel::openWanted, this, &LandscapePage::openPicked);
  connect(m_sections, &CrossSections::exportFailed, m_message, &InlineMessage::setText);
}

void LandscapePage::showPlane(const SharedPlane& plane) {
  m_shown = m_coming;
  m_map->setAxes(m_shown.across, m_shown.upwards);
  m_beside->setAxes(m_shown.across, m_shown.upwards);
  m_map->setPlane(plane, m_classNames, m_attackTitle);
  m_summary->setText(summary(*plane));
  askBeside();
}

void LandscapePage::showSurface(const SharedSurface& surface) {
  m_seen = true;
  const LayerChoice layer = m_form->layer();
  m_map->setLayer(layer.layer, layer.title);
  m_map->setSurface(surface);
  m_beside->setLayer(layer.layer, layer.title);
  m_sections->setSurface(surface, layer.layer, layer.title);
  showPoint();
}

void LandscapePage::showLayer() {
  if (!m_sinceAsked.isValid()) return;  // nothing was asked for yet
  LandscapeRequest wanted;
  m_form->fill(wanted, m_accepted->isChecked());
  const auto known = [this](const std::string& value) {
    return std::find(m_asked.values.begin(), m_asked.values.end(), value) != m_asked.values.end();
  };
  if (wanted.detector != m_asked.detector || !std::all_of(wanted.values.begin(), wanted.values.end(), known)) {
    return askSoon();
  }
  if (!m_seen) return;  // its first level comes with what is chosen then
  const LayerChoice layer = m_form->layer();
  m_map->setLayer(layer.layer, layer.title);
  m_beside->setLayer(layer.layer, layer.title);
  m_sections->setSurface(m_map->surface(), layer.layer, layer.title);
  showThreshold();
}

void LandscapePage::showThreshold() {
  const auto threshold = m_form->threshold();
  m_map->setThreshold(threshold);
  // The accept region as a picture of its own is computed with τ.
  const auto& values = m_asked.values;
  if (m_sinceAsked.isValid() && threshold != m_asked.threshold &&
      std::find(values.begin(), values.end(), "accepted") != values.end()) {
    askSoon();
  }
  if (!m_map->empty()) showPoint();
}

void LandscapePage::showOverlays() {
  const HeatMapOverlays overlays{m_contours->isChecked(), m_borders->isChecked(), m_accepted->isChecked(),
                                 m_path->isChecked()};
  m_map->setOverlays(overlays);
  m_beside->map()->setOverlays(overlays);
  showLayer();
}

void LandscapePage::showPoint() {
  const auto picked = m_map->picked();
  if (!picked) return;
  const bool middle = picked->x == 0 && picked->y == 0;
  m_point->showPoint(middle ? tr("The image,") : tr("Picked point,"), *m_map->plane(), *m_map->surface(), *picked,
                     m_classNames, m_form->threshold());
  const bool distances = m_form->layer().layer.starts_with("fingerprint_distance");
  m_sections->setLevel(distances ? m_form->threshold() : std::nullopt, tr("τ"));
  m_sections->showAt(picked->place());
}

void LandscapePage::showBusy() {
  const bool busy = m_controller->busy() || m_beside->busy();
  m_progress->setVisible(busy);
  m_stop->setVisible(busy);
  if (busy) m_progress->setRange(0, 0);
}

void LandscapePage::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (m_due) follow();
}

void LandscapePage::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  leave();
}

void LandscapePage::leave() {
  const bool quick = m_asked.resolution <= LandscapeController::kQuickResolution;
  if (!m_soon.isActive() && !((m_controller->busy() || m_beside->busy()) && quick)) return;
  // Nobody looks: the engine is for whoever is looked at now. A long job of its own goes on.
  m_soon.stop();
  m_controller->cancel();
  m_beside->cancel();
  m_due = true;
}

}  // namespace whorl::ui
