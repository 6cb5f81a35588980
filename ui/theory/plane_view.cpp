// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theory/plane_view.h"

#include <QEvent>
#include <QMouseEvent>

#include <algorithm>

#include "ui/plots/plot_colours.h"
#include "ui/plots/qcp.h"
#include "ui/theory/plane_view_parts.h"

namespace whorl::ui {
namespace {

/// Nine of viridis' colours (Smith and van der Walt 2015), evenly.
QCPColorGradient viridis() {
  constexpr QRgb kStops[] = {0xFF440154, 0xFF472D7B, 0xFF3B528B, 0xFF2C728E, 0xFF21918C,
                             0xFF28AE80, 0xFF5EC962, 0xFFADDC30, 0xFFFDE725};
  QCPColorGradient gradient;
  gradient.clearColorStops();
  for (int i = 0; i < 9; ++i) gradient.setColorStopAt(i / 8.0, QColor::fromRgb(kStops[i]));
  return gradient;
}

/// What is accepted gets lighter (1); told apart, what is accepted falsely turns orange (2).
QCPColorGradient shade() {
  QCPColorGradient gradient;
  gradient.clearColorStops();
  gradient.setColorStopAt(0, QColor(255, 255, 255, 0));
  gradient.setColorStopAt(0.5, QColor(255, 255, 255, 105));
  gradient.setColorStopAt(1, QColor(230, 97, 0, 175));
  return gradient;
}

/// Curves keep the order in which points come; graphs would sort them.
QCPCurve* marks(QCustomPlot* plot, const QCPScatterStyle& style) {
  auto* curve = new QCPCurve(plot->xAxis, plot->yAxis);
  curve->setLineStyle(QCPCurve::lsNone);
  curve->setScatterStyle(style);
  curve->setSelectable(QCP::stNone);
  return curve;
}

}  // namespace

QColor planarClassColour(int label, const QPalette& palette) {
  return PlotColours::of(palette).colour(static_cast<std::size_t>(label));
}

PlaneView::PlaneView(QWidget* parent) : QWidget(parent), m_parts(std::make_unique<Parts>()) {
  auto* plot = m_parts->plot = new QCustomPlot(this);
  plot->setInteraction(QCP::iRangeZoom);
  plot->setMouseTracking(true);
  plot->setFocusPolicy(Qt::NoFocus);
  plot->installEventFilter(this);
  plot->axisRect()->setupFullAxesBox();
  for (QCPAxis* axis : {plot->xAxis, plot->yAxis}) {
    axis->grid()->setVisible(false);
    axis->setNumberFormat(QStringLiteral("gb"));
  }
  m_parts->field = new QCPColorMap(plot->xAxis, plot->yAxis);
  m_parts->field->setGradient(viridis());
  m_parts->accepted = new QCPColorMap(plot->xAxis, plot->yAxis);
  m_parts->accepted->setGradient(shade());
  m_parts->accepted->setInterpolate(false);
  m_parts->accepted->setDataRange({0, 2});
  for (QCPColorMap* map : {m_parts->field, m_parts->accepted}) map->setSelectable(QCP::stNone);
  m_parts->border = marks(plot, {QCPScatterStyle::ssDisc, QPen(QColor(0, 0, 0, 200)), QBrush(Qt::black), 2.5});
  for (QCPCurve*& curve : m_parts->points) curve = marks(plot, QCPScatterStyle(QCPScatterStyle::ssCircle, 6));
  m_parts->rings = marks(plot, {QCPScatterStyle::ssCircle, QPen(QColor(230, 97, 0), 2), Qt::NoBrush, 12});
  m_parts->path = new QCPCurve(plot->xAxis, plot->yAxis);
  m_parts->path->setPen(QPen(QColor(0xFFE14D), 2));
  m_parts->path->setScatterStyle({QCPScatterStyle::ssCircle, QPen(QColor(0, 0, 0, 200)), QBrush(QColor(0xFFE14D)), 5});
  m_parts->end = marks(plot, {QCPScatterStyle::ssDiamond, QPen(Qt::black), QBrush(QColor(0xFFE14D)), 13});
  m_parts->cross = marks(plot, {QCPScatterStyle::ssCrossCircle, QPen(Qt::white, 1.5), QBrush(QColor(0, 0, 0, 60)), 16});
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(220, 220);
  applyColours();
  clearField();
  showAll();
}

PlaneView::~PlaneView() = default;

void PlaneView::setData(const PlanarData& data, const PlanarBox& box) {
  m_data = data;
  m_classes.clear();
  m_scores.clear();
  m_nearestLabel.clear();
  drawRings();
  const bool moved = !(box == m_box);
  m_box = box;
  for (QCPCurve* curve : m_parts->points) curve->data()->clear();
  for (const PlanarSample& sample : data) {
    m_parts->points[static_cast<std::size_t>(sample.label)]->addData(sample.at.x, sample.at.y);
  }
  moved ? showAll() : redraw();
}

void PlaneView::setField(const PlanarField& field, double top, double threshold) {
  const bool otherGrid = !(field.box == m_field.box) || field.resolution != m_field.resolution;
  m_field = field;
  m_threshold = threshold;
  if (otherGrid) m_nearestLabel.clear();
  const QCPRange x(field.box.low.x, field.box.low.x + field.box.side);
  const QCPRange y(field.box.low.y, field.box.low.y + field.box.side);
  for (QCPColorMap* map : {m_parts->field, m_parts->accepted}) {
    map->data()->setSize(field.resolution, field.resolution);
    map->data()->setRange(x, y);
    map->setVisible(true);
  }
  for (int row = 0; row < field.resolution; ++row) {
    for (int column = 0; column < field.resolution; ++column) {
      m_parts->field->data()->setCell(column, row, field.scores[field.index(column, row)]);
    }
  }
  m_parts->field->setDataRange({0, std::max(top, 1e-9)});
  drawBorder();
  drawAccepted();
  drawRings();
  redraw();
}

void PlaneView::setThreshold(double threshold) {
  m_threshold = threshold;
  drawAccepted();
  drawRings();
  redraw();
}

void PlaneView::clearField() {
  m_field = {};
  m_classes.clear();
  m_scores.clear();
  drawRings();
  m_parts->field->setVisible(false);
  m_parts->accepted->setVisible(false);
  m_parts->border->data()->clear();
  setPath({});
}

/// Between neighbours of different classes.
void PlaneView::drawBorder() {
  m_parts->border->data()->clear();
  for (int row = 0; row + 1 < m_field.resolution; ++row) {
    for (int column = 0; column + 1 < m_field.resolution; ++column) {
      const int here = m_field.classes[m_field.index(column, row)];
      const PlanarPoint at = m_field.at(column, row);
      if (here != m_field.classes[m_field.index(column + 1, row)]) {
        m_parts->border->addData((at.x + m_field.at(column + 1, row).x) / 2, at.y);
      }
      if (here != m_field.classes[m_field.index(column, row + 1)]) {
        m_parts->border->addData(at.x, (at.y + m_field.at(column, row + 1).y) / 2);
      }
    }
  }
}

void PlaneView::drawAccepted() {
  if (m_coloured) findNearest();
  for (int row = 0; row < m_field.resolution; ++row) {
    for (int column = 0; column < m_field.resolution; ++column) {
      const std::size_t index = m_field.index(column, row);
      const bool accepted = m_field.scores[index] < m_threshold;
      const bool falsely = m_coloured && !m_nearestLabel.empty() && m_nearestLabel[index] != m_field.classes[index];
      m_parts->accepted->data()->setCell(column, row, accepted ? (falsely ? 2 : 1) : 0);
    }
  }
}

void PlaneView::setVerdicts(const std::vector<int>& classes, const std::vector<double>& scores) {
  m_classes = classes;
  m_scores = scores;
  drawRings();
  redraw();
}

void PlaneView::setRegions(bool coloured) {
  m_coloured = coloured;
  findNearest();
  if (m_field.resolution > 0) drawAccepted();
  redraw();
}

void PlaneView::setArrows(const PlanarFingerprints& fingerprints) {
  for (QCPItemLine* arrow : m_parts->arrows) m_parts->plot->removeItem(arrow);
  m_parts->arrows.clear();
  PlanarPoint from;
  double count = 0;
  for (const PlanarSample& sample : m_data) {
    if (sample.label == 0) from = from + sample.at, ++count;
  }
  if (count > 0) from = from * (1 / count);
  for (const PlanarPoint& dx : fingerprints.dx) {
    auto* arrow = new QCPItemLine(m_parts->plot);
    arrow->start->setCoords(from.x, from.y);
    arrow->end->setCoords(from.x + dx.x, from.y + dx.y);
    arrow->setHead(QCPLineEnding(QCPLineEnding::esSpikeArrow, 9, 11));
    arrow->setPen(QPen(Qt::white, 1.6));
    arrow->setSelectable(false);
    m_parts->arrows.push_back(arrow);
  }
  redraw();
}

void PlaneView::setPath(const std::optional<PlanarTrajectory>& path) {
  m_parts->path->data()->clear();
  m_parts->end->data()->clear();
  if (path && !path->steps.empty()) {
    for (const PlanarStep& step : path->steps) m_parts->path->addData(step.at.x, step.at.y);
    m_parts->end->addData(path->steps[path->best].at.x, path->steps[path->best].at.y);
  }
  redraw();
}

void PlaneView::showAll() {
  m_parts->plot->xAxis->setRange(m_box.low.x, m_box.low.x + m_box.side);
  m_parts->plot->yAxis->setRange(m_box.low.y, m_box.low.y + m_box.side);
  redraw();
}

int PlaneView::shownRegion(int column, int row) const {
  return m_parts->accepted->visible() ? static_cast<int>(m_parts->accepted->data()->cell(column, row)) : 0;
}
int PlaneView::shownFalselyAccepted() const { return m_parts->rings->data()->size(); }
double PlaneView::shownScore(int column, int row) const { return m_parts->field->data()->cell(column, row); }
bool PlaneView::shownAccepted(int column, int row) const {
  return m_parts->accepted->visible() && m_parts->accepted->data()->cell(column, row) > 0.5;
}
int PlaneView::shownPoints(int label) const { return m_parts->points[static_cast<std::size_t>(label)]->data()->size(); }
int PlaneView::shownArrows() const { return static_cast<int>(m_parts->arrows.size()); }
int PlaneView::shownSteps() const { return m_parts->path->data()->size(); }

QPointF PlaneView::positionOf(const PlanarPoint& point) const {
  const QPointF inside(m_parts->plot->xAxis->coordToPixel(point.x), m_parts->plot->yAxis->coordToPixel(point.y));
  return m_parts->plot->mapToParent(inside.toPoint());
}

bool PlaneView::eventFilter(QObject* watched, QEvent* event) {
  if (watched != m_parts->plot) return QWidget::eventFilter(watched, event);
  if (event->type() == QEvent::Leave) Q_EMIT hovered({});
  if (event->type() == QEvent::MouseButtonDblClick) showAll();
  if (event->type() != QEvent::MouseButtonPress && event->type() != QEvent::MouseMove) return false;
  const auto* mouse = static_cast<QMouseEvent*>(event);
  if (!m_parts->plot->axisRect()->rect().contains(mouse->position().toPoint())) return false;
  const QPointF place(m_parts->plot->xAxis->pixelToCoord(mouse->position().x()),
                      m_parts->plot->yAxis->pixelToCoord(mouse->position().y()));
  Q_EMIT hovered(place);
  if (mouse->buttons() & Qt::LeftButton) Q_EMIT pressed(place, event->type() == QEvent::MouseMove);
  return false;
}

void PlaneView::applyColours() {
  QCustomPlot* plot = m_parts->plot;
  const PlotColours colours = PlotColours::of(palette());
  plot->setBackground(palette().color(QPalette::Window));
  plot->axisRect()->setBackground(colours.background);
  for (QCPAxis* axis : {plot->xAxis, plot->yAxis, plot->xAxis2, plot->yAxis2}) {
    axis->setBasePen(QPen(colours.axis));
    axis->setTickPen(QPen(colours.axis));
    axis->setSubTickPen(Qt::NoPen);
    axis->setTickLabelColor(colours.text);
    axis->setTickLabelFont(font());
  }
  for (std::size_t label = 0; label < m_parts->points.size(); ++label) {
    const QColor colour = colours.colour(label);
    m_parts->points[label]->setScatterStyle({QCPScatterStyle::ssCircle, QPen(Qt::white, 1), QBrush(colour), 6});
  }
}

void PlaneView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) {
    applyColours();
    redraw();
  }
}

void PlaneView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  // As wide as high, so that distances look the same in every direction.
  const int side = std::min(width(), height());
  m_parts->plot->setGeometry((width() - side) / 2, 0, side, side);
  redraw();
}

void PlaneView::redraw() {
  if (!m_parts->plot->viewport().isEmpty()) m_parts->plot->replot(QCustomPlot::rpQueuedReplot);
}

}  // namespace whorl::ui
