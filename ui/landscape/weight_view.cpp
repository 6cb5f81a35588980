// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/weight_view.h"

#include <QLabel>
#include <QMenu>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QStackedLayout>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

#include "ui/landscape/cross_sections.h"
#include "ui/landscape/heat_map_view.h"
#include "ui/landscape/surface_export.h"
#include "ui/landscape/view_head.h"
#include "ui/landscape/weight_form.h"
#include "ui/plots/curve_plot.h"
#include "ui/session/engine_session.h"
#include "ui/style/icons.h"
#include "ui/widgets/column_area.h"
#include "ui/widgets/inline_message.h"
#include "ui/widgets/save_dialog.h"

namespace whorl::ui {

WeightView::WeightView(EngineSession* session, QWidget* parent)
    : QWidget(parent),
      m_session(session),
      m_controller(new LandscapeController(session, this)),
      m_form(new WeightForm),
      m_map(new HeatMapView),
      m_curve(
          new CurvePlot(tr("Between networks"), tr("from the model (−1) to the other (1)"), CurvePlot::Scale::Linear)),
      m_sections(new CrossSections),
      m_message(new InlineMessage),
      m_summary(new QLabel),
      m_progress(new QProgressBar),
      m_stop(new QPushButton(icon(QStringLiteral("stop")), tr("Stop"))),
      m_export(new QToolButton) {
  build();
  connectParts();
  m_map->clear(tr("Computing the first picture…"));
  if (session->ready()) loadLists();
}

void WeightView::build() {
  auto* area = new ColumnArea;
  area->setWidget(m_form);
  area->setMinimumWidth(286);
  auto* pictures = new QWidget;
  m_pictures = new QStackedLayout(pictures);
  m_pictures->addWidget(m_map);
  m_pictures->addWidget(m_curve);
  m_curve->setObjectName(QStringLiteral("weight_curve"));
  m_curve->setXScale(CurvePlot::XScale::Numbers);
  m_message->setObjectName(QStringLiteral("weight_message"));
  auto* middle = new QWidget;
  auto* column = new QVBoxLayout(middle);
  column->setContentsMargins(6, 10, 6, 8);
  column->setSpacing(6);
  column->addWidget(makeTop());
  column->addWidget(m_message);
  column->addWidget(pictures, 1);
  m_sections->setMinimumWidth(270);
  m_sections->setContentsMargins(6, 10, 12, 8);
  auto* splitter = new QSplitter(Qt::Horizontal, this);
  splitter->setChildrenCollapsible(false);
  splitter->addWidget(area);
  splitter->addWidget(middle);
  splitter->addWidget(m_sections);
  splitter->setStretchFactor(0, 0);
  splitter->setStretchFactor(1, 1);
  splitter->setStretchFactor(2, 0);
  splitter->setSizes({290, 600, 290});
  auto* whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->addWidget(splitter);
}

QWidget* WeightView::makeTop() {
  prepareHead({m_summary, m_progress, m_stop, m_export}, QStringLiteral("weight"), [this](QMenu* menu) {
    if (m_pictures->currentIndex() == 0) return m_map->fillMenu(menu);
    addValueExports(menu, this, [this](const QString& suffix) { exportDataWithDialog(suffix); });
  });
  m_progress->setAccessibleName(tr("Images that have judged"));
  m_stop->setToolTip(tr("Leaves the picture as it is."));
  return headRow({m_summary, m_progress, m_stop, m_export});
}

void WeightView::connectParts() {
  connect(m_session, &EngineSession::engineReady, this, &WeightView::loadLists);
  connect(m_session, &EngineSession::modelsChanged, this, &WeightView::loadLists);
  m_soon.setSingleShot(true);
  m_soon.setInterval(kDebounceMs);
  connect(&m_soon, &QTimer::timeout, this, &WeightView::ask);
  connect(m_form, &WeightForm::changed, this, &WeightView::askSoon);
  connect(m_form, &WeightForm::layerChanged, this, &WeightView::showLayer);
  connect(m_controller, &LandscapeController::busyChanged, this, [this](bool busy) {
    m_progress->setVisible(busy);
    m_stop->setVisible(busy);
    if (busy) m_progress->setRange(0, 0);
    if (!busy) showProgress();
  });
  connect(m_controller, &LandscapeController::started, this,
          [this](std::uint64_t, const SharedPlane& plane) { showPlane(plane); });
  connect(m_controller, &LandscapeController::refined, this,
          [this](std::uint64_t, const SharedSurface& surface) { showSurface(surface); });
  connect(m_controller, &LandscapeController::progressed, this, [this](std::int64_t done, std::int64_t total) {
    // In thousandths: points times images may be more than an int holds.
    m_progress->setRange(0, total > 0 ? 1000 : 0);
    if (total > 0) m_progress->setValue(static_cast<int>(1000 * done / total));
  });
  connect(m_controller, &LandscapeController::finished, this, [this] {
    m_complete = m_whole = true;
    showProgress();
    Q_EMIT completed();
  });
  connect(m_controller, &LandscapeController::failed, this, [this](std::uint64_t, const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) return;  // what is there stays
    m_message->setText(errorText(error));
    m_map->clear(tr("There is no such landscape."));
    m_curve->clear();
    m_surface.reset();
    m_sections->clear();
    m_summary->clear();
    Q_EMIT failed(errorText(error));
  });
  connect(m_stop, &QPushButton::clicked, this, [this] {
    m_soon.stop();
    m_controller->cancel();
  });
  connect(m_map, &HeatMapView::hovered, this, [this](const std::optional<LandscapePoint>& point) {
    if (const auto shown = point ? point : m_map->picked()) m_sections->showAt(shown->place());
  });
  connect(m_map, &HeatMapView::pickedChanged, this, [this] {
    if (const auto picked = m_map->picked()) m_sections->showAt(picked->place());
  });
  connect(m_map, &HeatMapView::exportFailed, m_message, &InlineMessage::setText);
  connect(m_map, &HeatMapView::exportDataWanted, this, &WeightView::exportDataWithDialog);
  connect(m_curve, &CurvePlot::exportFailed, m_message, &InlineMessage::setText);
  connect(m_sections, &CrossSections::exportFailed, m_message, &InlineMessage::setText);
}

void WeightView::loadLists() {
  m_session->run(
      this, Lane::Interactive, tr("Lists"),
      [](Engine& engine, const JobContext&) {
        return WeightLists{engine.weightDirections(), engine.weightValues(), engine.models(), engine.datasets()};
      },
      [this](const WeightLists& lists) {
        m_form->setLists(lists);
        const bool first = !m_loaded;
        m_loaded = true;
        if (first) askSoon();
      },
      [this](const Error& error) { m_message->setText(errorText(error)); });
}

void WeightView::setColours(const LandscapeColours& colours) { m_map->setColours(colours); }

void WeightView::setModel(const ModelInfo& model) {
  const bool other = model.id != m_form->model().id;
  m_form->setModel(model);
  if (other) askSoon();
}

void WeightView::askSoon() {
  m_due = true;
  if (isVisible()) m_soon.start();
}

void WeightView::ask() {
  if (!isVisible() || !m_loaded || m_form->model().id.empty()) return;
  m_due = false;
  m_message->setText({});
  const QString problem = m_form->problem();
  if (!problem.isEmpty()) {
    m_controller->cancel();
    m_surface.reset();
    m_curve->clear();
    m_pictures->setCurrentIndex(0);
    m_map->clear(problem);
    m_sections->clear();
    m_summary->clear();
    return;
  }
  LandscapeRequest request;
  m_form->fill(request);
  m_asked = request;
  const WeightDirectionInfo* direction = m_form->direction();
  m_coming = {QString::fromStdString(m_form->model().name), m_form->otherNames().value(0),
              direction ? QString::fromStdString(direction->spec.title) : QString()};
  m_complete = false;
  m_controller->ask(std::move(request), nullptr,
                    tr("Landscape of %1").arg(QString::fromStdString(m_form->model().name)));
}

void WeightView::showPlane(const SharedPlane& plane) {
  m_shown = m_coming;
  m_whole = false;
  const QString name = m_shown.value(2);
  m_map->setAxes(tr("%1, first").arg(name), tr("%1, second").arg(name));
  m_map->setPlane(plane, {}, tr("the training’s path"));
  m_surface.reset();
}

void WeightView::showSurface(const SharedSurface& surface) {
  m_surface = surface;
  const bool line = surface->isLine();
  m_pictures->setCurrentIndex(line ? 1 : 0);
  m_sections->setVisible(!line);
  m_map->setLayer(m_form->layer(), m_form->layerTitle());
  if (line) {
    drawCurve();
  } else {
    m_map->setSurface(surface);
    m_sections->setSurface(surface, m_form->layer(), m_form->layerTitle());
    if (const auto picked = m_map->picked()) m_sections->showAt(picked->place());
  }
  showProgress();
}

void WeightView::showLayer() {
  const std::string layer = m_form->layer();
  if (!m_surface || std::find(m_asked.values.begin(), m_asked.values.end(), layer) == m_asked.values.end()) {
    return askSoon();
  }
  m_map->setLayer(layer, m_form->layerTitle());
  if (m_surface->isLine()) return drawCurve();
  m_sections->setSurface(m_surface, layer, m_form->layerTitle());
  if (const auto picked = m_map->picked()) m_sections->showAt(picked->place());
}

void WeightView::drawCurve() {
  const SurfaceLayer* layer = findLayer(*m_surface, m_form->layer());
  m_curve->clear();
  if (!layer) return;
  m_curve->declare(QStringLiteral("value"), m_form->layerTitle(), CurvePlot::Line::Solid);
  for (std::size_t i = 0; i < m_surface->x.size(); ++i) {
    m_curve->append(QStringLiteral("value"), m_surface->x[i], layer->values[i]);
  }
  const auto [least, largest] = std::minmax_element(layer->values.begin(), layer->values.end());
  const double room = *largest > *least ? 0.05 * (*largest - *least) : 0.5;
  m_curve->setFrame(QRectF(m_surface->x.front(), *least - room, m_surface->x.back() - m_surface->x.front(),
                           *largest - *least + 2 * room));
}

void WeightView::showProgress() {
  if (!m_surface) return;
  const QString images = QString::number(m_surface->images);
  QString text = m_surface->isLine() ? tr("From %1 (−1) to %2 (1)").arg(m_shown.value(0), m_shown.value(1))
                                     : tr("In the middle is %1").arg(m_shown.value(0));
  text += m_whole ? tr(". Every network is judged by %1 images.").arg(images)
          : m_controller->busy()
              ? tr(". Judged by %1 images so far; more follow.").arg(images)
              : tr(". Stopped: judged by %1 images. Any change of the form begins anew.").arg(images);
  m_summary->setText(text);
}

void WeightView::exportData(const QString& path) {
  if (!m_surface) return;
  saveSurface(m_session, this, m_surface, path, [this](const QString& problem) { m_message->setText(problem); });
}

void WeightView::exportDataWithDialog(const QString& suffix) {
  askWhereToSave(this, tr("Export the landscape’s values"), suffix, [this](const QString& path) { exportData(path); });
}

void WeightView::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  if (m_due) m_soon.start();
}

void WeightView::hideEvent(QHideEvent* event) {
  QWidget::hideEvent(event);
  // A landscape that is being computed goes on: it is in the list of jobs.
  m_soon.stop();
}

}  // namespace whorl::ui
