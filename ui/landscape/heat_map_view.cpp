// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/heat_map_view.h"

#include <QEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QTextDocumentFragment>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

#include "ui/image/qimage_convert.h"
#include "ui/jobs/format.h"
#include "ui/landscape/point_tip.h"
#include "ui/landscape/relief_view.h"

namespace whorl::ui {
namespace {

/// What axes, colour scale and legend take beside the square.
constexpr QSize kBeside(176, 106);
constexpr int kContours = 9;
/// Regions that are narrower than this share of the picture have no room for a name.
constexpr double kRoomForName = 0.025;

/// For screen readers, which would read the marks aloud.
QString spoken(const QString& html) { return QTextDocumentFragment::fromHtml(html).toPlainText(); }

}  // namespace

HeatMapView::HeatMapView(QWidget* parent)
    : QWidget(parent),
      m_placeholder(new QLabel(this)),
      m_tip(new PointTip(this)),
      m_relief(new ReliefView(this)),
      m_fromTheSide(new QToolButton(this)) {
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Landscape"));
  setMinimumSize(300, 260);
  m_canvas.widget()->setParent(this);
  m_canvas.widget()->installEventFilter(this);
  m_canvas.widget()->setFocusPolicy(Qt::NoFocus);
  m_canvas.widget()->hide();
  m_placeholder->setAlignment(Qt::AlignCenter);
  m_placeholder->setWordWrap(true);
  m_placeholder->setObjectName(QStringLiteral("landscape_placeholder"));
  m_placeholder->setForegroundRole(QPalette::PlaceholderText);
  m_relief->hide();
  m_fromTheSide->setObjectName(QStringLiteral("from_the_side"));
  m_fromTheSide->setText(tr("3-D"));
  m_fromTheSide->setCheckable(true);
  m_fromTheSide->setToolTip(tr("As a relief, whose height is the value"));
  m_fromTheSide->hide();
  connect(m_fromTheSide, &QToolButton::toggled, this, &HeatMapView::showRelief);
  m_tip->raise();
  m_canvas.applyPalette(palette());
}

HeatMapView::~HeatMapView() { m_canvas.widget()->removeEventFilter(this); }

void HeatMapView::setColours(const LandscapeColours& colours) {
  m_canvas.setColours(colours);
  m_relief->setColours(colours);
}

void HeatMapView::setAxes(const QString& x, const QString& y) {
  m_canvas.setAxisTitles(x, y);
  m_relief->setAxes(x, y);
  m_canvas.replot();
}

void HeatMapView::setAlignedLegend(bool aligned) {
  m_canvas.setLegendRows(aligned ? 2 : 0);
  m_canvas.replot();
}

void HeatMapView::setPlane(const SharedPlane& plane, const QStringList& classNames, const QString& attack) {
  const bool sameImage = m_plane && m_plane->images.middle == plane->images.middle;
  m_plane = plane;
  m_surface.reset();
  m_names = classNames;
  m_attack = attack;
  if (!sameImage) m_picked = {0, 0};
}

void HeatMapView::setSurface(const SharedSurface& surface) {
  if (!m_plane) return;  // it was cleared: nobody knows any more what these values are of
  m_surface = surface;
  m_placeholder->hide();
  drawField();
  drawOverlays();
  m_canvas.setPinned(picked()->place());
  m_canvas.replot();
  showRelief();
  setAccessibleDescription(spoken(describe(*picked())));
}

void HeatMapView::setLayer(const std::string& layer, const QString& title) {
  m_layer = layer;
  m_layerTitle = title;
  if (empty()) return;
  drawField();
  drawOverlays();
  m_canvas.replot();
  showRelief();
}

void HeatMapView::setThreshold(std::optional<double> threshold) {
  m_threshold = threshold;
  if (empty()) return;
  drawAccepted();
  m_canvas.replot();
}

void HeatMapView::setOverlays(const HeatMapOverlays& overlays) {
  m_overlays = overlays;
  if (empty()) return;
  drawOverlays();
  m_canvas.replot();
  showRelief();
}

void HeatMapView::setCommonRange(const std::optional<std::pair<double, double>>& range) {
  if (range == m_common) return;
  m_common = range;
  if (empty()) return;
  drawField();
  drawOverlays();
  m_canvas.replot();
  showRelief();
}

std::optional<std::pair<double, double>> HeatMapView::valueRange() const {
  const SurfaceLayer* layer = empty() ? nullptr : findLayer(*m_surface, m_layer);
  if (!layer) return std::nullopt;
  const auto [least, largest] = std::minmax_element(layer->values.begin(), layer->values.end());
  return std::pair(*least, *largest);
}

void HeatMapView::clear(const QString& why) {
  m_plane.reset();
  m_surface.reset();
  hideTip();
  showRelief();
  m_placeholder->setText(why);
  m_placeholder->show();
}

void HeatMapView::setRelief(bool on) { m_fromTheSide->setChecked(on); }

void HeatMapView::showRelief() {
  const bool fromTheSide = m_fromTheSide->isChecked();
  m_fromTheSide->setVisible(!empty());
  m_canvas.widget()->setVisible(!empty() && !fromTheSide);
  m_relief->setVisible(!empty() && fromTheSide);
  if (!m_relief->isVisibleTo(this)) return m_relief->clear();
  hideTip();
  m_relief->setSurface(m_surface, pathPoints());
  m_relief->setLayer(m_layer, m_layerTitle, m_shown.first, m_shown.second);
}

std::optional<LandscapePoint> HeatMapView::picked() const {
  if (empty()) return std::nullopt;
  return nearestPoint(*m_surface, m_picked);
}

void HeatMapView::pick(QPointF point) {
  if (empty()) return;
  m_picked = nearestPoint(*m_surface, point).place();
  m_canvas.setPinned(m_picked);
  m_canvas.replotPinned();
  setAccessibleDescription(spoken(describe(*picked())));
  Q_EMIT pickedChanged();
}

void HeatMapView::drawField() {
  const SurfaceLayer* layer = findLayer(*m_surface, m_layer);
  if (!layer) return;
  const Surface& surface = *m_surface;
  const QRectF place(QPointF(surface.x.front(), surface.y.front()), QPointF(surface.x.back(), surface.y.back()));
  const std::size_t columns = surface.x.size();
  // A coarse level's points are not quite evenly spaced: each place takes the nearest one's value. Found once a row and
  // once a column: a grid of 513 x 513 is drawn within a frame.
  const auto share = [](std::size_t i, std::size_t count) {
    return static_cast<double>(i) / static_cast<double>(count - 1);
  };
  std::vector<std::size_t> nearest;
  for (std::size_t column = 0; column < columns; ++column) {
    nearest.push_back(surface.nearest(place.left() + place.width() * share(column, columns), place.top()) % columns);
  }
  std::vector<double>& values = m_field;
  values.clear();
  values.reserve(layer->values.size());
  for (std::size_t row = 0; row < surface.y.size(); ++row) {
    const double y = place.top() + place.height() * share(row, surface.y.size());
    const std::size_t first = surface.nearest(place.left(), y) / columns * columns;
    for (const std::size_t column : nearest) values.push_back(layer->values[first + column]);
  }
  const bool classes = m_layer == "predicted";
  m_canvas.setField(values, static_cast<int>(columns), place, !classes && m_layer != "accepted");
  const auto [least, largest] = m_common.value_or(*valueRange());
  m_shown = {least, largest};
  QStringList names;
  if (classes && m_names.size() > 1) {
    m_shown = {0, static_cast<double>(m_names.size() - 1)};
    if (m_names.size() <= 20) names = m_names;
  } else if (m_layer == "accepted") {
    m_shown = {0, 1};
    names = {tr("rejected"), tr("accepted")};
  }
  m_canvas.setScale(m_layerTitle, m_shown.first, m_shown.second, names);
}

void HeatMapView::drawOverlays() {
  if (const SurfaceLayer* layer = findLayer(*m_surface, m_layer)) drawContours(*layer);
  drawBorders();
  drawAccepted();
  drawPath();
  m_canvas.setMiddle(ofNetworks() ? tr("the network") : tr("the image"));
}

void HeatMapView::drawContours(const SurfaceLayer& layer) {
  std::vector<ContourLine> low;
  std::vector<ContourLine> high;
  if (m_overlays.contours && m_layer != "predicted" && m_layer != "accepted") {
    const auto [least, largest] = m_common.value_or(*valueRange());
    const std::vector<double> levels = contourLevels(least, largest, kContours);
    auto lines = contourLines(*m_surface, layer.values, levels);
    for (std::size_t i = 0; i < levels.size(); ++i) {
      auto& group = levels[i] < (least + largest) / 2 ? low : high;
      std::move(lines[i].begin(), lines[i].end(), std::back_inserter(group));
    }
  }
  m_canvas.setLines(HeatMapCanvas::Lines::Low, low, {});
  m_canvas.setLines(HeatMapCanvas::Lines::High, high, {});
}

void HeatMapView::drawBorders() {
  std::vector<ContourLine> borders;
  std::vector<ClassPlace> names;
  const SurfaceLayer* predicted = findLayer(*m_surface, "predicted");
  const SurfaceLayer* margin = findLayer(*m_surface, "margin");
  if (m_overlays.borders && predicted) {
    // The image's class has a margin, whose zero line is smooth; between the others it is known which point is whose.
    std::optional<int> own;
    if (margin) own = m_plane->label;
    borders = classBorders(*m_surface, predicted->values, own);
    if (margin) {
      auto lines = contourLines(*m_surface, margin->values, 0);
      std::move(lines.begin(), lines.end(), std::back_inserter(borders));
    }
    for (const ClassPlace& place : classPlaces(*m_surface, predicted->values)) {
      if (place.depth >= kRoomForName * static_cast<double>(m_surface->x.size())) names.push_back(place);
    }
  }
  m_canvas.setLines(HeatMapCanvas::Lines::Borders, borders, tr("class borders"));
  m_canvas.setNames(names, m_names);
}

void HeatMapView::drawAccepted() {
  const SurfaceLayer* distance = findLayer(*m_surface, "fingerprint_distance");
  std::vector<ContourLine> lines;
  if (m_overlays.accepted && m_threshold && distance) lines = contourLines(*m_surface, distance->values, *m_threshold);
  m_canvas.setLines(HeatMapCanvas::Lines::Accepted, lines,
                    tr("accepted below τ = %1").arg(m_threshold ? numberText(*m_threshold, 3) : QString()));
}

std::vector<QPointF> HeatMapView::pathPoints() const {
  std::vector<QPointF> points;
  if (!m_overlays.path || m_plane->path.empty()) return points;
  if (!ofNetworks()) points.emplace_back(0, 0);  // the image itself; of networks the last one is in the middle
  for (const LandscapePlace& place : m_plane->path) points.emplace_back(place.x, place.y);
  return points;
}

void HeatMapView::drawPath() {
  ContourLine path;
  for (const QPointF& point : pathPoints()) path.push_back({point.x(), point.y()});
  m_canvas.setPath(path, m_attack);
}

QString HeatMapView::describe(const LandscapePoint& point) const {
  QStringList parts;
  const QString seen = classAt(*m_surface, point, m_names);
  const auto confidence = valueAt(*m_surface, "confidence", point);
  if (!seen.isEmpty()) {
    parts << QStringLiteral("<b>%1</b> %2")
                 .arg(seen.toHtmlEscaped(), confidence ? percentText(*confidence, 1) : QString());
  }
  const auto value = valueAt(*m_surface, m_layer, point);
  if (value && m_layer != "confidence" && m_layer != "predicted") {
    parts << QStringLiteral("%1 %2").arg(m_layerTitle.toHtmlEscaped(), numberText(*value, 3));
  }
  const auto distance = valueAt(*m_surface, "fingerprint_distance", point);
  if (distance && m_threshold) parts << (*distance < *m_threshold ? tr("accepted") : tr("rejected"));
  parts << placeText(point);
  return parts.join(QStringLiteral("<br>"));
}

void HeatMapView::showTip(const QPoint& position) {
  const QPoint inPlot = m_canvas.widget()->mapFrom(this, position);
  if (empty() || !m_canvas.contains(inPlot)) return hideTip();
  const LandscapePoint point = nearestPoint(*m_surface, m_canvas.pointAt(inPlot));
  const QImage image = ofNetworks() ? QImage() : toQImage(m_plane->images.at(point.x, point.y));
  m_tip->showAt(position, image, describe(point));
  Q_EMIT hovered(point);
}

void HeatMapView::hideTip() {
  if (m_tip->isHidden()) return;
  m_tip->hide();
  Q_EMIT hovered(std::nullopt);
}

void HeatMapView::place() {
  const int side = std::max(120, std::min(width() - kBeside.width(), height() - kBeside.height()));
  const QSize wanted(side + kBeside.width(), side + kBeside.height());
  m_canvas.widget()->setGeometry(
      QRect(QPoint((width() - wanted.width()) / 2, (height() - wanted.height()) / 2), wanted));
  m_placeholder->setGeometry(rect().adjusted(24, 24, -24, -24));
  m_relief->setGeometry(rect());
  const QSize button = m_fromTheSide->sizeHint();
  m_fromTheSide->setGeometry(QRect(QPoint(width() - button.width() - 4, 4), button));
  m_fromTheSide->raise();
}

void HeatMapView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  place();
}

void HeatMapView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() != QEvent::PaletteChange && event->type() != QEvent::FontChange) return;
  m_canvas.applyPalette(palette());
  m_canvas.replot();
}

bool HeatMapView::eventFilter(QObject* watched, QEvent* event) {
  if (watched != m_canvas.widget()) return QWidget::eventFilter(watched, event);
  const auto positionOf = [this](QEvent* each) {
    return m_canvas.widget()->mapTo(this, static_cast<QMouseEvent*>(each)->position().toPoint());
  };
  switch (event->type()) {
    case QEvent::MouseMove:
      if (static_cast<QMouseEvent*>(event)->buttons() == Qt::NoButton) {
        showTip(positionOf(event));
      } else {
        hideTip();
      }
      return false;
    case QEvent::Leave:
      hideTip();
      return false;
    case QEvent::MouseButtonPress:
      setFocus(Qt::MouseFocusReason);
      m_pressed = positionOf(event);
      return false;
    case QEvent::MouseButtonRelease: {
      constexpr int kStill = 4;
      const QPoint released = positionOf(event);
      const QPoint inPlot = m_canvas.widget()->mapFrom(this, released);
      const bool still = (released - m_pressed).manhattanLength() <= kStill;
      if (static_cast<QMouseEvent*>(event)->button() == Qt::LeftButton && still && m_canvas.contains(inPlot)) {
        pick(m_canvas.pointAt(inPlot));
      }
      return false;
    }
    case QEvent::MouseButtonDblClick:
      if (!empty() && m_canvas.contains(m_canvas.widget()->mapFrom(this, positionOf(event)))) Q_EMIT chosen();
      return true;
    default:
      return false;
  }
}

}  // namespace whorl::ui
