// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/cross_sections.h"

#include <QVBoxLayout>

#include <algorithm>

#include "ui/plots/curve_plot.h"

namespace whorl::ui {
namespace {

constexpr int kSoonMs = 25;

/// Values on the way along one axis.
struct Section {
  const std::vector<double>& places;
  std::size_t first;   ///< index of its first value
  std::size_t stride;  ///< from one to the next
  double here;
};

}  // namespace

CrossSections::CrossSections(QWidget* parent)
    : QWidget(parent),
      m_across(new CurvePlot(tr("Left to right"), tr("x"), CurvePlot::Scale::Linear)),
      m_upwards(new CurvePlot(tr("Bottom to top"), tr("y"), CurvePlot::Scale::Linear)) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  for (CurvePlot* plot : {m_across, m_upwards}) {
    plot->setXScale(CurvePlot::XScale::Numbers);
    plot->setQuietLegend(true);
    column->addWidget(plot, 1);
    connect(plot, &CurvePlot::exportFailed, this, &CrossSections::exportFailed);
  }
  m_across->setObjectName(QStringLiteral("section_across"));
  m_upwards->setObjectName(QStringLiteral("section_upwards"));
  m_timer.setSingleShot(true);
  m_timer.setInterval(kSoonMs);
  connect(&m_timer, &QTimer::timeout, this, &CrossSections::draw);
}

void CrossSections::setSurface(const SharedSurface& surface, const std::string& layer, const QString& title) {
  m_surface = surface;
  m_layer = layer;
  m_title = title;
}

void CrossSections::setLevel(std::optional<double> level, const QString& name) {
  m_level = level;
  m_levelName = name;
}

void CrossSections::showAt(QPointF point) {
  m_point = point;
  if (!m_timer.isActive()) m_timer.start();
}

void CrossSections::clear() {
  m_timer.stop();
  m_surface.reset();
  m_across->clear();
  m_upwards->clear();
}

void CrossSections::draw() {
  const SurfaceLayer* layer = m_surface ? findLayer(*m_surface, m_layer) : nullptr;
  if (!layer) return;
  const LandscapePoint point = nearestPoint(*m_surface, m_point);
  const std::size_t columns = m_surface->x.size();
  auto [low, high] = std::pair(*std::min_element(layer->values.begin(), layer->values.end()),
                               *std::max_element(layer->values.begin(), layer->values.end()));
  const double room = high > low ? 0.05 * (high - low) : 0.5;
  const Section sections[] = {{m_surface->x, point.index / columns * columns, 1, point.x},
                              {m_surface->y, point.index % columns, columns, point.y}};
  CurvePlot* plots[] = {m_across, m_upwards};
  for (std::size_t which = 0; which < 2; ++which) {
    const Section& section = sections[which];
    CurvePlot* plot = plots[which];
    plot->clear();
    plot->declare(QStringLiteral("value"), m_title, CurvePlot::Line::Solid);
    for (std::size_t i = 0; i < section.places.size(); ++i) {
      plot->append(QStringLiteral("value"), section.places[i], layer->values[section.first + i * section.stride]);
    }
    if (m_level) {
      plot->declare(QStringLiteral("level"), m_levelName, CurvePlot::Line::Dashed);
      plot->append(QStringLiteral("level"), section.places.front(), *m_level);
      plot->append(QStringLiteral("level"), section.places.back(), *m_level);
    }
    plot->addMark(section.here);
    // The whole landscape's range in both, so that the lines can be compared as the cursor moves.
    plot->setFrame(QRectF(section.places.front(), low - room, section.places.back() - section.places.front(),
                          high - low + 2 * room));
  }
}

}  // namespace whorl::ui
