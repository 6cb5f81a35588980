// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/heat_map_canvas.h"

#include <QFontMetrics>
#include <QSaveFile>
#include <QSvgGenerator>

#include <algorithm>
#include <array>
#include <limits>

#include "ui/plots/plot_colours.h"
#include "ui/plots/qcp.h"

namespace whorl::ui {
namespace {

constexpr QSize kExportSize(760, 690);
constexpr std::size_t kKinds = 5;
/// Ground of the legend, dark in any theme: the lines are light, as they lie on viridis.
constexpr QRgb kLegendGround = 0xFF2A2F3A;

/// A light line with a dark edge is seen on dark blue and on yellow; dashes and dots tell the kinds apart for those who
/// don't see their colours.
struct Style {
  QColor colour;
  QColor edge;
  double width;
  Qt::PenStyle dashes;
};

Style styleOf(HeatMapCanvas::Lines kind) {
  const QColor dark(0, 0, 0, 190);
  switch (kind) {
    case HeatMapCanvas::Lines::High:
      return {QColor(0, 0, 0, 95), {}, 0.9, Qt::SolidLine};
    case HeatMapCanvas::Lines::Low:
      return {QColor(255, 255, 255, 95), {}, 0.9, Qt::SolidLine};
    case HeatMapCanvas::Lines::Borders:
      return {Qt::white, dark, 1.8, Qt::SolidLine};
    case HeatMapCanvas::Lines::Accepted:
      return {QColor(0xFF9EDB), dark, 2.2, Qt::DashLine};
    case HeatMapCanvas::Lines::Path:
      return {QColor(0xFF8A4C), dark, 2.0, Qt::SolidLine};
  }
  return {};
}

QCPScatterStyle mark(QCPScatterStyle::ScatterShape shape, const QColor& fill, double size) {
  return {shape, QPen(QColor(0, 0, 0, 220), 1), QBrush(fill), size};
}

}  // namespace

struct HeatMapCanvas::Parts {
  QCustomPlot* plot = nullptr;
  QCPColorMap* map = nullptr;
  QCPColorScale* scale = nullptr;
  std::array<QCPCurve*, kKinds> edges{};
  std::array<QCPCurve*, kKinds> lines{};
  std::array<std::size_t, kKinds> counts{};
  QCPCurve* end = nullptr;
  QCPCurve* middle = nullptr;
  std::array<QCPItemStraightLine*, 2> cross{};
  std::vector<QCPItemText*> names;
  QRectF place;  ///< of the field: none yet
  QPalette palette;

  QCPCurve* curve(const QPen& pen) const {
    auto* made = new QCPCurve(plot->xAxis, plot->yAxis);
    made->setPen(pen);
    made->setSelectable(QCP::stNone);
    return made;
  }
  void inLegend(QCPAbstractPlottable* plottable, const QString& name, bool shown) const {
    plottable->setName(name);
    const bool there = plot->legend->hasItemWithPlottable(plottable);
    if (shown && !there) plottable->addToLegend();
    if (!shown && there) plottable->removeFromLegend();
  }
};

HeatMapCanvas::HeatMapCanvas() : m_parts(std::make_unique<Parts>()) {
  auto* plot = m_parts->plot = new QCustomPlot;
  plot->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
  plot->setContextMenuPolicy(Qt::NoContextMenu);  // the view's
  plot->setAutoAddPlottableToLegend(false);
  plot->setMouseTracking(true);
  plot->axisRect()->setupFullAxesBox(true);
  plot->xAxis->grid()->setVisible(false);
  plot->yAxis->grid()->setVisible(false);
  plot->xAxis->setNumberFormat(QStringLiteral("gb"));
  plot->yAxis->setNumberFormat(QStringLiteral("gb"));

  m_parts->map = new QCPColorMap(plot->xAxis, plot->yAxis);
  m_parts->map->setTightBoundary(true);
  m_parts->map->setSelectable(QCP::stNone);
  m_parts->scale = new QCPColorScale(plot);
  m_parts->scale->setBarWidth(16);
  m_parts->scale->setRangeDrag(false);
  m_parts->scale->setRangeZoom(false);
  m_parts->scale->axis()->setNumberFormat(QStringLiteral("gb"));
  plot->plotLayout()->addElement(0, 1, m_parts->scale);
  m_parts->map->setColorScale(m_parts->scale);
  auto* margins = new QCPMarginGroup(plot);
  plot->axisRect()->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
  m_parts->scale->setMarginGroup(QCP::msBottom | QCP::msTop, margins);

  plot->axisRect()->insetLayout()->take(plot->legend);
  plot->plotLayout()->addElement(1, 0, plot->legend);
  plot->plotLayout()->setRowStretchFactor(1, 0.001);
  plot->legend->setFillOrder(QCPLayoutGrid::foColumnsFirst);
  plot->legend->setWrap(2);  // four names don't fit beside each other at 1280 pixels
  plot->legend->setBrush(QColor(kLegendGround));
  plot->legend->setBorderPen(Qt::NoPen);
  plot->legend->setTextColor(Qt::white);
  plot->legend->setMargins(QMargins(8, 3, 8, 3));
  plot->legend->setVisible(true);

  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const Style style = styleOf(static_cast<Lines>(kind));
    if (style.edge.isValid()) m_parts->edges[kind] = m_parts->curve(QPen(style.edge, style.width + 1.8));
    m_parts->lines[kind] = m_parts->curve(QPen(style.colour, style.width, style.dashes));
  }
  auto* path = m_parts->lines[static_cast<std::size_t>(Lines::Path)];
  path->setScatterStyle(mark(QCPScatterStyle::ssDisc, path->pen().color(), 5));
  m_parts->end = m_parts->curve(Qt::NoPen);
  m_parts->end->setScatterStyle(mark(QCPScatterStyle::ssDiamond, path->pen().color(), 13));
  m_parts->middle = m_parts->curve(Qt::NoPen);
  m_parts->middle->setScatterStyle(mark(QCPScatterStyle::ssCircle, Qt::white, 10));
  for (QCPItemStraightLine*& line : m_parts->cross) {
    line = new QCPItemStraightLine(plot);
    line->setLayer(QStringLiteral("overlay"));
    line->setPen(QPen(QColor(255, 255, 255, 190), 1, Qt::DotLine));
    line->setVisible(false);
  }
  applyPalette(QPalette());
}

HeatMapCanvas::~HeatMapCanvas() = default;

QWidget* HeatMapCanvas::widget() const { return m_parts->plot; }

void HeatMapCanvas::setColours(const LandscapeColours& colours) {
  QCPColorGradient gradient(QCPColorGradient::gpGrayscale);
  if (colours.size() > 1) {
    gradient.clearColorStops();
    for (std::size_t i = 0; i < colours.size(); ++i) {
      const auto& [red, green, blue] = colours[i];
      gradient.setColorStopAt(static_cast<double>(i) / static_cast<double>(colours.size() - 1),
                              QColor::fromRgbF(red, green, blue));
    }
  }
  m_parts->scale->setGradient(gradient);
}

void HeatMapCanvas::setField(const std::vector<double>& values, int columns, const QRectF& place, bool smooth) {
  const int rows = static_cast<int>(values.size()) / columns;
  QCPColorMapData* data = m_parts->map->data();
  data->setSize(columns, rows);
  data->setRange(QCPRange(place.left(), place.right()), QCPRange(place.top(), place.bottom()));
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      data->setCell(column, row, values[static_cast<std::size_t>(row) * columns + column]);
    }
  }
  m_parts->map->setInterpolate(smooth);
  const bool moved = place != m_parts->place;
  m_parts->place = place;
  if (moved) showAll();
}

void HeatMapCanvas::setScale(const QString& title, double low, double high, const QStringList& names) {
  QCPAxis* axis = m_parts->scale->axis();
  axis->setLabel(title);
  if (names.isEmpty()) {
    axis->setTicker(QSharedPointer<QCPAxisTicker>::create());
  } else {
    auto ticker = QSharedPointer<QCPAxisTickerText>::create();
    for (qsizetype i = 0; i < names.size(); ++i) ticker->addTick(static_cast<double>(i), names[i]);
    axis->setTicker(ticker);
  }
  m_parts->scale->setDataRange(QCPRange(low, high > low ? high : low + 1e-12));
}

void HeatMapCanvas::setLegendRows(int rows) {
  QCPLegend* legend = m_parts->plot->legend;
  const QMargins margins = legend->margins();
  const int row = std::max(legend->iconSize().height(), QFontMetrics(legend->font()).height());
  const int height = rows * row + (rows - 1) * legend->rowSpacing() + margins.top() + margins.bottom();
  legend->setMinimumSize(0, rows > 0 ? height : 0);
}

void HeatMapCanvas::setAxisTitles(const QString& x, const QString& y) {
  m_parts->plot->xAxis->setLabel(x);
  m_parts->plot->yAxis->setLabel(y);
}

void HeatMapCanvas::setLines(Lines kind, const std::vector<ContourLine>& lines, const QString& name) {
  constexpr double kGap = std::numeric_limits<double>::quiet_NaN();
  const auto index = static_cast<std::size_t>(kind);
  QVector<QCPCurveData> data;
  for (const ContourLine& line : lines) {
    for (const ContourPoint& point : line)
      data.append(QCPCurveData(static_cast<double>(data.size()), point.x, point.y));
    data.append(QCPCurveData(static_cast<double>(data.size()), kGap, kGap));
  }
  if (m_parts->edges[index]) m_parts->edges[index]->data()->set(data, true);
  m_parts->lines[index]->data()->set(data, true);
  m_parts->counts[index] = lines.size();
  m_parts->inLegend(m_parts->lines[index], name, !lines.empty() && !name.isEmpty());
}

void HeatMapCanvas::setPath(const ContourLine& path, const QString& name) {
  setLines(Lines::Path, path.empty() ? std::vector<ContourLine>{} : std::vector<ContourLine>{path}, name);
  m_parts->end->data()->clear();
  if (!path.empty()) m_parts->end->addData(path.back().x, path.back().y);
}

void HeatMapCanvas::setNames(const std::vector<ClassPlace>& places, const QStringList& names) {
  for (QCPItemText* item : m_parts->names) m_parts->plot->removeItem(item);
  m_parts->names.clear();
  for (const ClassPlace& place : places) {
    auto* item = new QCPItemText(m_parts->plot);
    item->setText(names.value(place.number, QString::number(place.number)));
    item->position->setCoords(place.x, place.y);
    item->setColor(Qt::white);
    item->setBrush(QColor(0, 0, 0, 130));
    item->setPadding(QMargins(5, 1, 5, 1));
    item->setClipToAxisRect(true);
    item->setSelectable(false);
    m_parts->names.push_back(item);
  }
}

void HeatMapCanvas::setMiddle(const QString& name) {
  m_parts->middle->data()->clear();
  if (!name.isEmpty()) m_parts->middle->addData(0, 0);
  m_parts->inLegend(m_parts->middle, name, !name.isEmpty());
}

void HeatMapCanvas::setPinned(std::optional<QPointF> point) {
  for (std::size_t i = 0; i < 2; ++i) {
    QCPItemStraightLine* line = m_parts->cross[i];
    line->setVisible(point.has_value());
    if (!point) continue;
    line->point1->setCoords(*point);
    line->point2->setCoords(*point + (i == 0 ? QPointF(1, 0) : QPointF(0, 1)));
  }
}

QPointF HeatMapCanvas::pointAt(QPointF position) const {
  return {m_parts->plot->xAxis->pixelToCoord(position.x()), m_parts->plot->yAxis->pixelToCoord(position.y())};
}

QPointF HeatMapCanvas::positionOf(QPointF point) const {
  return {m_parts->plot->xAxis->coordToPixel(point.x()), m_parts->plot->yAxis->coordToPixel(point.y())};
}

bool HeatMapCanvas::contains(QPointF position) const {
  const QPointF point = pointAt(position);
  const QRectF& place = m_parts->place;
  return m_parts->plot->axisRect()->rect().contains(position.toPoint()) && point.x() >= place.left() &&
         point.x() <= place.right() && point.y() >= place.top() && point.y() <= place.bottom();
}

void HeatMapCanvas::showAll() {
  m_parts->plot->xAxis->setRange(m_parts->place.left(), m_parts->place.right());
  m_parts->plot->yAxis->setRange(m_parts->place.top(), m_parts->place.bottom());
}

void HeatMapCanvas::zoom(double factor) {
  m_parts->plot->xAxis->scaleRange(factor);
  m_parts->plot->yAxis->scaleRange(factor);
}

void HeatMapCanvas::pan(double x, double y) {
  m_parts->plot->xAxis->moveRange(x * m_parts->plot->xAxis->range().size());
  m_parts->plot->yAxis->moveRange(y * m_parts->plot->yAxis->range().size());
}

void HeatMapCanvas::applyPalette(const QPalette& palette) {
  m_parts->palette = palette;
  applyColours(palette, false);
}

void HeatMapCanvas::applyColours(const QPalette& palette, bool paper) {
  QCustomPlot* plot = m_parts->plot;
  PlotColours colours = paper ? PlotColours::paper() : PlotColours::of(palette);
  if (!paper) colours.background = palette.color(QPalette::Window);
  plot->setBackground(colours.background);
  for (QCPAxis* axis : {plot->xAxis, plot->yAxis, plot->xAxis2, plot->yAxis2, m_parts->scale->axis()}) {
    axis->setBasePen(QPen(colours.axis));
    axis->setTickPen(QPen(colours.axis));
    axis->setSubTickPen(Qt::NoPen);
    axis->setTickLabelColor(colours.text);
    axis->setLabelColor(colours.text);
    axis->setTickLabelFont(plot->font());
    axis->setLabelFont(plot->font());
  }
  plot->legend->setFont(plot->font());
  for (QCPItemText* item : m_parts->names) item->setFont(plot->font());
}

void HeatMapCanvas::replot() { m_parts->plot->replot(QCustomPlot::rpQueuedReplot); }

void HeatMapCanvas::replotPinned() { m_parts->plot->layer(QStringLiteral("overlay"))->replot(); }

QPixmap HeatMapCanvas::pixmap() { return m_parts->plot->toPixmap(0, 0, 2.0); }

bool HeatMapCanvas::save(const QString& path, const QString& title) {
  QCustomPlot* plot = m_parts->plot;
  applyColours(m_parts->palette, true);
  bool written = false;
  if (path.endsWith(u".png", Qt::CaseInsensitive)) {
    written = plot->savePng(path, kExportSize.width(), kExportSize.height(), 2.0);
  } else if (path.endsWith(u".pdf", Qt::CaseInsensitive)) {
    written = plot->savePdf(path, kExportSize.width(), kExportSize.height());
  } else {
    QSaveFile file(path);
    QSvgGenerator generator;
    QCPPainter painter;
    generator.setSize(kExportSize);
    generator.setViewBox(QRect(QPoint(), kExportSize));
    generator.setTitle(title);
    if (file.open(QIODevice::WriteOnly)) {
      generator.setOutputDevice(&file);
      if (painter.begin(&generator)) {
        painter.setMode(QCPPainter::pmVectorized);
        painter.setMode(QCPPainter::pmNoCaching);
        plot->toPainter(&painter, kExportSize.width(), kExportSize.height());
        painter.end();
        written = file.commit();
      }
    }
  }
  applyColours(m_parts->palette, false);
  replot();
  return written;
}

double HeatMapCanvas::fieldAt(int column, int row) const { return m_parts->map->data()->cell(column, row); }

QRgb HeatMapCanvas::colourAt(double value) const {
  QCPColorGradient gradient = m_parts->scale->gradient();
  return gradient.color(value, m_parts->scale->dataRange());
}

std::size_t HeatMapCanvas::lineCount(Lines kind) const { return m_parts->counts[static_cast<std::size_t>(kind)]; }

QStringList HeatMapCanvas::nameTexts() const {
  QStringList texts;
  for (const QCPItemText* item : m_parts->names) texts << item->text();
  return texts;
}

}  // namespace whorl::ui
