// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/curve_plot.h"

#include <QApplication>
#include <QClipboard>
#include <QFileInfo>
#include <QLabel>
#include <QSaveFile>
#include <QSvgGenerator>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

#include "ui/jobs/format.h"
#include "ui/plots/qcp.h"

namespace whorl::ui {

namespace {

constexpr QSize kExportSize(900, 420);
/// What a logarithmic axis shows at the least.
constexpr double kSmallest = 1e-12;

/// Ticks of shares, as per cent.
class PercentTicker : public QCPAxisTicker {
 protected:
  QString getTickLabel(double tick, const QLocale&, QChar, int) override {
    return QString::number(tick * 100, 'g', 6) + QStringLiteral(" %");
  }
};

/// The same where powers of ten are marked.
class LogarithmicPercentTicker : public QCPAxisTickerLog {
 protected:
  QString getTickLabel(double tick, const QLocale&, QChar, int) override {
    return QString::number(tick * 100, 'g', 6) + QStringLiteral(" %");
  }
};

/// Moves a range by a share of itself.
void moveBy(QCPAxis* axis, double share) {
  const QCPRange range = axis->range();
  if (axis->scaleType() == QCPAxis::stLinear) return axis->moveRange(share * range.size());
  const double factor = std::pow(range.upper / range.lower, share);
  axis->setRange(range.lower * factor, range.upper * factor);
}

}  // namespace

struct CurvePlot::Canvas {
  QCustomPlot* plot = nullptr;
  QCPItemStraightLine* cursor = nullptr;
  QSharedPointer<QCPAxisTickerText> marks{new QCPAxisTickerText};
};

CurvePlot::CurvePlot(const QString& title, const QString& xLabel, Scale scale, QWidget* parent)
    : QWidget(parent),
      m_title(title),
      m_xLabel(xLabel),
      m_scale(scale),
      m_canvas(std::make_unique<Canvas>()),
      m_legend(new QLabel) {
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(title);
  setToolTip(tr("Wheel zooms, dragging pans, double click shows all. Right click copies and exports."));
  auto* plot = new QCustomPlot;
  m_canvas->plot = plot;
  plot->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
  plot->setContextMenuPolicy(Qt::NoContextMenu);  // ours
  plot->xAxis->setLabel(xLabel);
  plot->xAxis2->setVisible(true);
  plot->xAxis2->setTicker(m_canvas->marks);
  plot->xAxis2->setTickLabels(false);
  plot->xAxis2->grid()->setVisible(true);
  plot->yAxis->grid()->setZeroLinePen(Qt::NoPen);
  plot->xAxis->grid()->setVisible(false);
  plot->axisRect()->setupFullAxesBox(false);
  plot->yAxis2->setVisible(false);
  plot->axisRect()->setMinimumMargins(QMargins(64, 8, 8, 0));
  plot->setMinimumHeight(90);
  m_canvas->cursor = new QCPItemStraightLine(plot);
  m_canvas->cursor->setVisible(false);
  plot->installEventFilter(this);
  connect(plot->xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), plot->xAxis2,
          qOverload<const QCPRange&>(&QCPAxis::setRange));
  const auto touched = [this] { m_follow = false; };
  connect(plot, &QCustomPlot::mouseWheel, this, touched);

  m_legend->setTextFormat(Qt::RichText);
  m_legend->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  m_legend->setContentsMargins(8, 4, 8, 0);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addWidget(m_legend);
  column->addWidget(plot, 1);

  m_timer.setSingleShot(true);
  m_timer.setInterval(kRedrawMs);
  connect(&m_timer, &QTimer::timeout, this, &CurvePlot::redraw);
  setScale(scale);
  applyColours(PlotColours::of(palette()));
  updateLegend();
}

CurvePlot::~CurvePlot() { m_canvas->plot->removeEventFilter(this); }

void CurvePlot::declare(const QString& key, const QString& label, Line line) {
  auto known = std::find_if(m_curves.begin(), m_curves.end(), [&](const auto& c) { return c->key == key; });
  if (known == m_curves.end()) {
    m_curves.push_back(std::make_unique<Curve>());
    known = m_curves.end() - 1;
    (*known)->graph = m_canvas->plot->addGraph();
  }
  Curve& curve = **known;
  curve.key = key;
  curve.label = label;
  curve.line = line;
  curve.graph->setName(label);
  curve.graph->setLineStyle(line == Line::Steps ? QCPGraph::lsStepLeft : QCPGraph::lsLine);
  curve.graph->setScatterStyle(line == Line::Points ? QCPScatterStyle(QCPScatterStyle::ssDisc, 6) : QCPScatterStyle());
  applyColours(m_colours);
}

void CurvePlot::append(const QString& key, double x, double y) {
  Curve& grown = curve(key);
  grown.series.append(x, y);
  grown.dirty = true;
  redrawSoon();
}

void CurvePlot::addMark(double x) {
  m_marks.push_back(x);
  m_canvas->marks->addTick(x, QString());
  redrawSoon();
}

void CurvePlot::clear() {
  m_canvas->plot->clearGraphs();
  m_curves.clear();
  m_marks.clear();
  m_canvas->marks->clear();
  m_follow = true;
  updateLegend();
  redrawSoon();
}

void CurvePlot::setScale(Scale scale) {
  m_scale = scale;
  QCPAxis* axis = m_canvas->plot->yAxis;
  const bool logarithmic = scale == Scale::Logarithmic;
  axis->setScaleType(logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
  // "0.5" and "20" as people write them; powers of ten only where they are shorter.
  axis->setNumberFormat(QStringLiteral("gb"));
  axis->setNumberPrecision(4);
  if (logarithmic) {
    axis->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
  } else if (scale == Scale::Share) {
    axis->setTicker(QSharedPointer<PercentTicker>::create());
  } else {
    axis->setTicker(QSharedPointer<QCPAxisTicker>::create());
  }
  axis->ticker()->setTickCount(scale == Scale::Linear ? 2 : 3);
  redrawSoon();
}

void CurvePlot::setXScale(XScale scale) {
  m_xScale = scale;
  const bool logarithmic = scale == XScale::LogarithmicShare;
  QCPAxis* axis = m_canvas->plot->xAxis;
  for (QCPAxis* each : {axis, m_canvas->plot->xAxis2}) {
    each->setScaleType(logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
  }
  axis->setNumberFormat(QStringLiteral("gb"));
  if (logarithmic) {
    axis->setTicker(QSharedPointer<LogarithmicPercentTicker>::create());
  } else if (scale == XScale::Share) {
    axis->setTicker(QSharedPointer<PercentTicker>::create());
  } else {
    axis->setTicker(QSharedPointer<QCPAxisTicker>::create());
  }
  axis->grid()->setVisible(scale != XScale::Counts);
  m_canvas->plot->axisRect()->setMinimumMargins(QMargins(64, 8, scale == XScale::Counts ? 8 : 26, 0));
  redrawSoon();
}

void CurvePlot::setFrame(const QRectF& frame) {
  m_frame = frame;
  resetView();
}

void CurvePlot::setQuietLegend(bool quiet) {
  m_quiet = quiet;
  m_legend->setWordWrap(quiet);
  applyColours(m_colours);
  updateLegend();
}

void CurvePlot::redrawSoon() {
  if (!m_timer.isActive()) m_timer.start();
}

void CurvePlot::redraw() {
  for (const auto& curve : m_curves) {
    if (!curve->dirty) continue;
    curve->dirty = false;
    QVector<QCPGraphData> data;
    for (const CurvePoint& point : curve->series.points()) data.append(QCPGraphData(point.x, point.y));
    curve->graph->data()->set(data, true);
  }
  if (m_follow) fitView();
  updateLegend();
  ++m_redraws;
  m_canvas->plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::fitView() {
  if (m_frame) {
    m_canvas->plot->xAxis->setRange(m_frame->left(), m_frame->right());
    m_canvas->plot->yAxis->setRange(m_frame->top(), m_frame->bottom());
    return;
  }
  double left = INFINITY, right = 0, low = INFINITY, high = -INFINITY;
  for (const auto& curve : m_curves) {
    for (const CurvePoint& point : curve->series.points()) {
      left = std::min(left, point.x);
      right = std::max(right, point.x);
      if (m_scale == Scale::Logarithmic && point.y < kSmallest) continue;
      low = std::min(low, point.y);
      high = std::max(high, point.y);
    }
  }
  if (!(left > right * 0.1)) left = 0;  // a continued run doesn't begin at its first step
  if (low > high) {
    low = m_scale == Scale::Logarithmic ? 0.01 : 0;
    high = 1;
  }
  if (m_scale == Scale::Logarithmic) {
    const double room = std::max(std::pow(high / low, 0.05), 1.1);
    low /= room;
    high *= room;
  } else {
    const double room = high > low ? (high - low) * 0.06 : std::max(std::abs(high) * 0.1, 1e-9);
    low = m_scale == Scale::Linear && low >= 0 ? 0 : low - room;
    high += room;
    if (m_scale == Scale::Share) high = std::min(high, 1.005);
  }
  m_canvas->plot->xAxis->setRange(left, right > left ? right * 1.01 : 100);
  m_canvas->plot->yAxis->setRange(low, high);
}

void CurvePlot::resetView() {
  m_follow = true;
  redrawSoon();
}

void CurvePlot::applyColours(const PlotColours& colours) {
  m_colours = colours;
  QCustomPlot* plot = m_canvas->plot;
  plot->setBackground(colours.background);
  for (QCPAxis* axis : {plot->xAxis, plot->yAxis, plot->xAxis2}) {
    axis->setBasePen(QPen(colours.axis));
    axis->setTickPen(QPen(colours.axis));
    axis->setSubTickPen(Qt::NoPen);
    axis->setTickLabelColor(colours.text);
    axis->setLabelColor(colours.text);
    axis->grid()->setPen(QPen(colours.grid));
    axis->setTickLabelFont(font());
    axis->setLabelFont(font());
  }
  plot->xAxis2->setTickPen(Qt::NoPen);
  plot->xAxis2->setBasePen(Qt::NoPen);
  plot->xAxis2->grid()->setPen(QPen(m_quiet ? colours.axis : colours.grid, 1, Qt::DashLine));
  m_canvas->cursor->setPen(QPen(colours.axis, 1, Qt::DotLine));
  for (std::size_t i = 0; i < m_curves.size(); ++i) {
    const Curve& curve = *m_curves[i];
    QPen pen(colours.colour(i), curve.line == Line::Solid ? 1.5 : 1.8);
    if (curve.line == Line::Dashed) pen.setStyle(Qt::DashLine);
    curve.graph->setPen(pen);
    QColor fill = colours.colour(i);
    fill.setAlpha(90);
    curve.graph->setBrush(curve.line == Line::Steps ? QBrush(fill) : QBrush(Qt::NoBrush));
  }
}

void CurvePlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) {
    applyColours(PlotColours::of(palette()));
    redrawSoon();
  }
}

bool CurvePlot::eventFilter(QObject* watched, QEvent* event) {
  if (watched != m_canvas->plot) return QWidget::eventFilter(watched, event);
  switch (event->type()) {
    case QEvent::MouseMove: {
      const auto* move = static_cast<QMouseEvent*>(event);
      if (move->buttons() & Qt::LeftButton) m_follow = false;
      m_cursor = m_canvas->plot->xAxis->pixelToCoord(move->position().x());
      break;
    }
    case QEvent::Leave:
      m_cursor.reset();
      break;
    case QEvent::MouseButtonPress:
      setFocus(Qt::MouseFocusReason);
      return false;
    case QEvent::MouseButtonDblClick:
      resetView();
      return true;
    default:
      return false;
  }
  m_canvas->cursor->setVisible(m_cursor.has_value() && !empty());
  if (m_cursor) {
    m_canvas->cursor->point1->setCoords(*m_cursor, 0);
    m_canvas->cursor->point2->setCoords(*m_cursor, 1);
    m_canvas->cursor->point1->setTypeY(QCPItemPosition::ptAxisRectRatio);
    m_canvas->cursor->point2->setTypeY(QCPItemPosition::ptAxisRectRatio);
  }
  updateLegend();
  m_canvas->plot->replot(QCustomPlot::rpQueuedReplot);
  return false;
}

void CurvePlot::zoom(double factor) {
  m_follow = false;
  m_canvas->plot->xAxis->scaleRange(factor);
  m_canvas->plot->yAxis->scaleRange(factor);
  m_canvas->plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::pan(double dx, double dy) {
  m_follow = false;
  moveBy(m_canvas->plot->xAxis, dx);
  moveBy(m_canvas->plot->yAxis, dy);
  m_canvas->plot->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::copyToClipboard() { QApplication::clipboard()->setPixmap(m_canvas->plot->toPixmap(0, 0, 2.0)); }

QString CurvePlot::exportTo(const QString& path) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  const QString problem = tr("%1 could not be written. Choose another folder, or free some space.").arg(path);
  if (suffix == u"csv") {
    QSaveFile file(path);
    const QByteArray text = csv().toUtf8();
    const bool written = file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit();
    return written ? QString() : problem;
  }
  QCustomPlot* plot = m_canvas->plot;
  redraw();
  applyColours(PlotColours::paper());
  const QString label = plot->xAxis->label();
  plot->xAxis->setLabel(m_xLabel);
  m_canvas->cursor->setVisible(false);
  plot->legend->setVisible(true);
  plot->legend->setBrush(QColor(255, 255, 255, 200));
  bool written = false;
  if (suffix == u"png") {
    written = plot->savePng(path, kExportSize.width(), kExportSize.height(), 2.0);
  } else if (suffix == u"pdf") {
    written = plot->savePdf(path, kExportSize.width(), kExportSize.height());
  } else if (suffix == u"svg") {
    written = exportSvg(path, kExportSize);
  }
  plot->legend->setVisible(false);
  plot->xAxis->setLabel(label);
  applyColours(PlotColours::of(palette()));
  redrawSoon();
  if (suffix != u"png" && suffix != u"pdf" && suffix != u"svg") {
    return tr("“.%1” is not a format for plots. Use .png, .svg, .pdf or .csv.").arg(suffix);
  }
  return written ? QString() : problem;
}

void CurvePlot::hideXLabel() { m_canvas->plot->xAxis->setLabel(QString()); }

bool CurvePlot::exportSvg(const QString& path, const QSize& size) {
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly)) return false;
  QSvgGenerator generator;
  generator.setOutputDevice(&file);
  generator.setSize(size);
  generator.setViewBox(QRect(QPoint(), size));
  generator.setTitle(m_title);
  QCPPainter painter;
  if (!painter.begin(&generator)) return false;
  painter.setMode(QCPPainter::pmVectorized);
  painter.setMode(QCPPainter::pmNoCaching);
  m_canvas->plot->toPainter(&painter, size.width(), size.height());
  painter.end();
  return file.commit();
}

}  // namespace whorl::ui
