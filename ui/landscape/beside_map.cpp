// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/beside_map.h"

#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

#include "ui/explore/choices.h"
#include "ui/landscape/heat_map_view.h"
#include "ui/session/engine_session.h"

namespace whorl::ui {

BesideMap::BesideMap(EngineSession* session, HeatMapView* first, QWidget* parent)
    : QWidget(parent),
      m_controller(new LandscapeController(session, this)),
      m_first(first),
      m_map(new HeatMapView),
      m_firstName(new QLabel(this)),
      m_name(new QLabel) {
  m_firstName->setObjectName(QStringLiteral("first_name"));
  m_name->setObjectName(QStringLiteral("beside_name"));
  for (QLabel* name : {m_firstName, m_name}) {
    name->setTextFormat(Qt::PlainText);
    name->setAlignment(Qt::AlignCenter);
  }
  m_firstName->hide();
  m_map->setObjectName(QStringLiteral("beside_map"));
  m_map->setAccessibleName(tr("Landscape of the second model"));
  m_map->setAlignedLegend(true);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addWidget(m_name);
  column->addWidget(m_map, 1);
  hide();
  connect(m_controller, &LandscapeController::started, this, [this](std::uint64_t, const SharedPlane& plane) {
    auto own = std::make_shared<LandscapeResult>(*plane);
    if (m_plane) own->path = m_plane->path;  // it is one plane
    m_own = own;
    m_surface.reset();
  });
  connect(m_controller, &LandscapeController::refined, this, [this](std::uint64_t, const SharedSurface& surface) {
    m_surface = surface;
    if (!m_map->empty()) m_map->setPlane(m_own, classNames(*m_model), tr("the first’s attack"));
    show();
  });
  connect(m_controller, &LandscapeController::busyChanged, this, &BesideMap::busyChanged);
  connect(m_controller, &LandscapeController::finished, this, &BesideMap::completed);
  connect(m_controller, &LandscapeController::failed, this, [this](std::uint64_t, const Error& error) {
    if (error.kind() == ErrorKind::Cancelled) return;
    clear(errorText(error));
    Q_EMIT failed(errorText(error));
  });
  connect(m_first, &HeatMapView::pickedChanged, this, [this] { pickAlike(m_first, m_map); });
  connect(m_map, &HeatMapView::pickedChanged, this, [this] { pickAlike(m_map, m_first); });
}

void BesideMap::show() {
  if (!m_model || !m_surface) return;
  if (!findLayer(*m_surface, m_map->layer())) {
    m_map->clear(tr("%1 doesn’t have this value: choose another one.").arg(m_name->text()));
  } else {
    if (m_map->empty()) m_map->setPlane(m_own, classNames(*m_model), tr("the first’s attack"));
    m_map->setSurface(m_surface);
  }
  shareScale();
}

void BesideMap::pickAlike(const HeatMapView* from, HeatMapView* to) {
  const auto picked = from->picked(), other = to->picked();
  if (picked && other && picked->place() != other->place()) to->pick(picked->place());
}

void BesideMap::setModel(const std::optional<ModelInfo>& model) {
  m_model = model;
  setVisible(model.has_value());
  m_firstName->setVisible(model.has_value());
  m_first->setAlignedLegend(model.has_value());
  m_name->setText(model ? QString::fromStdString(model->name) : QString());
  clear(tr("Computing the first picture…"));
}

void BesideMap::clear(const QString& why) {
  m_controller->cancel();
  m_plane.reset();
  m_own.reset();
  m_surface.reset();
  m_map->clear(why);
  shareScale();
}

void BesideMap::setColours(const LandscapeColours& colours) { m_map->setColours(colours); }

void BesideMap::setAxes(const QString& x, const QString& y) { m_map->setAxes(x, y); }

void BesideMap::ask(LandscapeRequest request, const QString& name, const SharedPlane& plane,
                    const std::vector<LandscapeValueInfo>& values, std::shared_ptr<const Image> image) {
  if (!m_model) return;
  m_firstName->setText(name);
  m_plane = plane;
  std::erase_if(request.values, [&](const std::string& name) {
    const auto info =
        std::find_if(values.begin(), values.end(), [&](const auto& each) { return each.spec.name == name; });
    if (info == values.end()) return false;
    return (info->needsFingerprints && m_model->fingerprints == 0) || (info->needsThreshold && !m_model->threshold) ||
           (info->needsGradients && !m_model->differentiable);
  });
  if (request.values.empty()) return clear(tr("The second model doesn’t have this value."));
  request.model = m_model->id;
  request.label = plane->label;
  request.plane = plane->images;
  request.attack.reset();
  request.threshold = m_model->threshold;
  m_map->setThreshold(m_model->fingerprints > 0 ? m_model->threshold : std::nullopt);
  m_controller->ask(std::move(request), std::move(image),
                    tr("Landscape of %1").arg(QString::fromStdString(m_model->name)));
}

void BesideMap::setLayer(const std::string& layer, const QString& title) {
  m_map->setLayer(layer, title);
  m_surface ? show() : shareScale();
}

void BesideMap::shareScale() {
  const auto first = m_first->valueRange(), other = m_model ? m_map->valueRange() : std::nullopt;
  std::optional<std::pair<double, double>> common;
  if (first && other && m_first->layer() == m_map->layer()) {
    common = {std::min(first->first, other->first), std::max(first->second, other->second)};
  }
  m_first->setCommonRange(common);
  m_map->setCommonRange(common);
}

}  // namespace whorl::ui
