// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/trace_plot.h"

#include <QApplication>
#include <QClipboard>
#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QMouseEvent>
#include <QSaveFile>
#include <QSvgGenerator>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ui/jobs/format.h"
#include "ui/plots/qcp.h"

namespace whorl::ui {

namespace {

constexpr int kRedrawMs = 50;
constexpr QSize kExportSize(720, 640);
constexpr int kRowHeight = 30;

}  // namespace

struct TracePlot::Canvas {
  struct Row {
    QCPAxisRect* rect = nullptr;
    QCPGraph* graph = nullptr;
    QCPItemStraightLine* cursor = nullptr;
    QCPItemStraightLine* mark = nullptr;
    QCPItemStraightLine* level = nullptr;
    QCPAxis* x() const { return rect->axis(QCPAxis::atBottom); }
    QCPAxis* y() const { return rect->axis(QCPAxis::atLeft); }
  };
  QCustomPlot* plot = nullptr;
  QCPLayer* overlay = nullptr;
  std::vector<Row> rows;

  QCPItemStraightLine* line(const Row& row) const {
    auto* item = new QCPItemStraightLine(plot);
    for (QCPItemPosition* point : {item->point1, item->point2}) {
      point->setAxisRect(row.rect);
      point->setAxes(row.x(), row.y());
    }
    item->setClipAxisRect(row.rect);
    item->setClipToAxisRect(true);
    item->setVisible(false);
    return item;
  }
  static void vertical(QCPItemStraightLine* item, std::optional<double> x) {
    item->setVisible(x.has_value());
    if (!x) return;
    double place = 0;
    for (QCPItemPosition* point : {item->point1, item->point2}) {
      point->setTypeY(QCPItemPosition::ptAxisRectRatio);
      point->setCoords(*x, place++);
    }
  }
};

TracePlot::TracePlot(const QString& title, const QString& xLabel, const std::vector<Row>& rows, QWidget* parent)
    : QWidget(parent),
      m_title(title),
      m_xLabel(xLabel),
      m_rows(rows),
      m_values(rows.size()),
      m_levels(rows.size()),
      m_canvas(std::make_unique<Canvas>()) {
  setAccessibleName(title);
  build();
  m_timer.setSingleShot(true);
  m_timer.setInterval(kRedrawMs);
  connect(&m_timer, &QTimer::timeout, this, &TracePlot::redraw);
  applyColours(PlotColours::of(palette()));
  showValues();
}

TracePlot::~TracePlot() { m_canvas->plot->removeEventFilter(this); }

void TracePlot::build() {
  auto* plot = new QCustomPlot(this);
  m_canvas->plot = plot;
  plot->setContextMenuPolicy(Qt::NoContextMenu);  // ours
  plot->setMinimumSize(40, 40);  // QCustomPlot complains when it is squeezed to nothing, as on a page that isn't shown
  plot->setToolTip(
      tr("Press or drag to go to a step. Wheel zooms, double click shows all. Right click copies and exports."));
  plot->installEventFilter(this);
  plot->plotLayout()->clear();
  plot->plotLayout()->setRowSpacing(0);
  plot->addLayer(QStringLiteral("cursor"));
  m_canvas->overlay = plot->layer(QStringLiteral("cursor"));
  m_canvas->overlay->setMode(QCPLayer::lmBuffered);
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setHorizontalSpacing(6);
  grid->setVerticalSpacing(0);
  for (std::size_t i = 0; i < m_rows.size(); ++i) {
    Canvas::Row row;
    row.rect = new QCPAxisRect(plot, true);
    row.rect->setAutoMargins(QCP::msNone);
    row.rect->setMargins(QMargins(0, 4, 0, 4));
    plot->plotLayout()->addElement(static_cast<int>(i), 0, row.rect);
    row.graph = plot->addGraph(row.x(), row.y());
    row.mark = m_canvas->line(row);
    row.level = m_canvas->line(row);
    row.cursor = m_canvas->line(row);
    row.cursor->setLayer(m_canvas->overlay);
    m_canvas->rows.push_back(row);

    const int line = static_cast<int>(i);
    auto* name = new QLabel(m_rows[i].label, this);
    auto* value = new QLabel(this);
    name->setToolTip(m_rows[i].tip);
    value->setToolTip(m_rows[i].tip);
    value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    value->setMinimumWidth(fontMetrics().horizontalAdvance(QStringLiteral("−0.00001")));
    value->setAccessibleName(m_rows[i].label);
    grid->addWidget(name, line, 0);
    grid->addWidget(value, line, 2);
    grid->setRowStretch(line, 1);
    grid->setRowMinimumHeight(line, kRowHeight);
    m_texts.push_back(value);
  }
  grid->addWidget(plot, 0, 1, static_cast<int>(m_rows.size()), 1);
  grid->setColumnStretch(1, 1);
  setAxesShown(false);
}

void TracePlot::setAxesShown(bool shown) {
  for (std::size_t i = 0; i < m_canvas->rows.size(); ++i) {
    const Canvas::Row& row = m_canvas->rows[i];
    const bool last = i + 1 == m_canvas->rows.size();
    row.rect->setAutoMargins(shown ? QCP::msAll : QCP::msNone);
    if (!shown) row.rect->setMargins(QMargins(0, 4, 0, 4));
    for (QCPAxis* axis : {row.x(), row.y()}) {
      axis->setTicks(shown);
      axis->setTickLabels(shown && (axis == row.y() || last));
      axis->grid()->setVisible(shown);
      axis->ticker()->setTickCount(3);
    }
    row.y()->setBasePen(shown ? QPen(m_colours.axis) : QPen(Qt::NoPen));
    row.y()->setLabel(shown ? m_rows[i].label : QString());
    row.x()->setLabel(shown && last ? m_xLabel : QString());
  }
}

void TracePlot::clear() {
  m_x.clear();
  for (auto& values : m_values) values.clear();
  m_levels.assign(m_rows.size(), std::nullopt);
  m_cursor.reset();
  m_mark.reset();
  m_returned.clear();
  m_zoomed = false;
  showValues();
  redrawSoon();
}

void TracePlot::append(double x, const std::vector<double>& values) {
  m_x.push_back(x);
  for (std::size_t i = 0; i < m_rows.size(); ++i) m_values[i].push_back(values[i]);
  redrawSoon();
}

void TracePlot::setValue(std::size_t row, std::size_t point, double value) {
  m_values[row][point] = value;
  redrawSoon();
}

void TracePlot::setLevel(std::size_t row, std::optional<double> level) {
  m_levels[row] = level;
  redrawSoon();
}

void TracePlot::setCursor(std::optional<double> x) {
  if (x == m_cursor) return;
  m_cursor = x;
  showCursor();
}

void TracePlot::setReturned(std::vector<double> values) {
  m_returned = std::move(values);
  showValues();
}

void TracePlot::setMark(std::optional<double> x) {
  m_mark = x;
  redrawSoon();
}

void TracePlot::redrawSoon() {
  if (!m_timer.isActive()) m_timer.start();
}

void TracePlot::redraw() {
  for (std::size_t i = 0; i < m_rows.size(); ++i) {
    QVector<QCPGraphData> data;
    for (std::size_t k = 0; k < m_x.size(); ++k) {
      if (std::isfinite(m_values[i][k])) data.append(QCPGraphData(m_x[k], m_values[i][k]));
    }
    const Canvas::Row& row = m_canvas->rows[i];
    row.graph->setScatterStyle(data.size() == 1 ? QCPScatterStyle(QCPScatterStyle::ssDisc, 5) : QCPScatterStyle());
    row.graph->data()->set(data, true);
    Canvas::vertical(row.mark, m_mark);
    row.level->setVisible(m_levels[i].has_value());
    if (m_levels[i]) {
      row.level->point1->setCoords(0, *m_levels[i]);
      row.level->point2->setCoords(1, *m_levels[i]);
    }
  }
  fitRows();
  showCursor();
  ++m_redraws;
  // A plot that was never laid out has no size to be drawn in; it draws itself when it gets one.
  if (!m_canvas->plot->viewport().isEmpty()) m_canvas->plot->replot(QCustomPlot::rpQueuedReplot);
}

void TracePlot::showEvent(QShowEvent* event) {
  QWidget::showEvent(event);
  redrawSoon();
}

void TracePlot::fitRows() {
  const double left = m_x.empty() ? 0 : m_x.front();
  const double right = m_x.empty() || m_x.back() <= left ? left + 1 : m_x.back();
  const double room = (right - left) * 0.01;
  for (std::size_t i = 0; i < m_rows.size(); ++i) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (double value : m_values[i]) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    if (m_levels[i] && low <= high) {
      low = std::min(low, *m_levels[i]);
      high = std::max(high, *m_levels[i]);
    }
    if (low > high) low = 0, high = 1;
    const double space = high > low ? (high - low) * 0.08 : std::max(std::abs(high) * 0.1, 1e-9);
    m_canvas->rows[i].y()->setRange(low - space, high + space);
    if (!m_zoomed) m_canvas->rows[i].x()->setRange(left - room, right + room);
  }
}

void TracePlot::showCursor() {
  for (const Canvas::Row& row : m_canvas->rows) {
    Canvas::vertical(row.cursor, m_hover ? m_hover : m_cursor);
  }
  if (m_redraws > 0 && !m_canvas->plot->viewport().isEmpty()) m_canvas->overlay->replot();
  showValues();
}

std::optional<std::size_t> TracePlot::nearest(double x) const {
  if (m_x.empty()) return std::nullopt;
  const auto after = std::lower_bound(m_x.begin(), m_x.end(), x);
  auto index = static_cast<std::size_t>(after - m_x.begin());
  if (index == m_x.size() || (index > 0 && x - m_x[index - 1] < m_x[index] - x)) --index;
  return index;
}

QString TracePlot::valueText(std::size_t row) const {
  const auto at = m_hover ? m_hover : m_cursor;
  if (!at && row < m_returned.size()) return numberText(m_returned[row], 3);
  const auto index = nearest(at.value_or(std::numeric_limits<double>::infinity()));
  const bool known = index && std::isfinite(m_values[row][*index]);
  return known ? numberText(m_values[row][*index], 3) : QStringLiteral("–");
}

void TracePlot::showValues() {
  for (std::size_t i = 0; i < m_rows.size(); ++i) m_texts[i]->setText(valueText(i));
}

double TracePlot::xAt(double pixel) const { return m_canvas->rows.front().x()->pixelToCoord(pixel); }

bool TracePlot::eventFilter(QObject* watched, QEvent* event) {
  if (watched != m_canvas->plot) return QWidget::eventFilter(watched, event);
  switch (event->type()) {
    case QEvent::MouseButtonPress:
    case QEvent::MouseMove: {
      const auto* mouse = static_cast<QMouseEvent*>(event);
      const bool pressed = mouse->buttons() & Qt::LeftButton;
      const double x = xAt(mouse->position().x());
      if (pressed) {
        m_hover.reset();
        if (!m_x.empty()) Q_EMIT scrubbed(x);
      } else if (!m_x.empty()) {
        m_hover = x;
      }
      showCursor();
      return true;
    }
    case QEvent::Leave:
      m_hover.reset();
      showCursor();
      return false;
    case QEvent::MouseButtonDblClick:
      m_zoomed = false;
      redrawSoon();
      return true;
    case QEvent::Wheel: {
      const auto* wheel = static_cast<QWheelEvent*>(event);
      m_zoomed = true;
      const double factor = std::pow(0.85, wheel->angleDelta().y() / 120.0);
      for (const Canvas::Row& row : m_canvas->rows) row.x()->scaleRange(factor, xAt(wheel->position().x()));
      redrawSoon();
      return true;
    }
    default:
      return false;
  }
}

void TracePlot::applyColours(const PlotColours& colours) {
  m_colours = colours;
  m_canvas->plot->setBackground(colours.background);
  for (std::size_t i = 0; i < m_canvas->rows.size(); ++i) {
    const Canvas::Row& row = m_canvas->rows[i];
    for (QCPAxis* axis : {row.x(), row.y()}) {
      axis->setTickPen(QPen(colours.axis));
      axis->setSubTickPen(Qt::NoPen);
      axis->setTickLabelColor(colours.text);
      axis->setLabelColor(colours.text);
      axis->setTickLabelFont(font());
      axis->setLabelFont(font());
      axis->grid()->setPen(QPen(colours.grid));
      axis->grid()->setZeroLinePen(Qt::NoPen);
    }
    row.x()->setBasePen(QPen(colours.grid));
    row.graph->setPen(QPen(colours.colour(i), 1.5));
    row.cursor->setPen(QPen(colours.text, 1));
    row.mark->setPen(QPen(colours.axis, 1, Qt::DotLine));
    row.level->setPen(QPen(colours.axis, 1, Qt::DashLine));
  }
}

void TracePlot::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) {
    applyColours(PlotColours::of(palette()));
    redrawSoon();
  }
}

void TracePlot::copyToClipboard() { QApplication::clipboard()->setPixmap(m_canvas->plot->toPixmap(0, 0, 2.0)); }

QString TracePlot::exportTo(const QString& path) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  const QString problem = tr("%1 could not be written. Choose another folder, or free some space.").arg(path);
  if (suffix == u"csv") {
    QSaveFile file(path);
    const QByteArray text = csv().toUtf8();
    return file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit() ? QString() : problem;
  }
  if (suffix != u"png" && suffix != u"pdf" && suffix != u"svg") {
    return tr("“.%1” is not a format for plots. Use .png, .svg, .pdf or .csv.").arg(suffix);
  }
  QCustomPlot* plot = m_canvas->plot;
  redraw();
  applyColours(PlotColours::paper());
  setAxesShown(true);
  for (const Canvas::Row& row : m_canvas->rows) row.cursor->setVisible(false);
  const bool written = suffix == u"png"   ? plot->savePng(path, kExportSize.width(), kExportSize.height(), 2.0)
                       : suffix == u"pdf" ? plot->savePdf(path, kExportSize.width(), kExportSize.height())
                                          : exportSvg(path);
  applyColours(PlotColours::of(palette()));
  setAxesShown(false);
  redrawSoon();
  return written ? QString() : problem;
}

bool TracePlot::exportSvg(const QString& path) {
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly)) return false;
  QSvgGenerator generator;
  generator.setOutputDevice(&file);
  generator.setSize(kExportSize);
  generator.setViewBox(QRect(QPoint(), kExportSize));
  generator.setTitle(m_title);
  QCPPainter painter;
  if (!painter.begin(&generator)) return false;
  painter.setMode(QCPPainter::pmVectorized);
  painter.setMode(QCPPainter::pmNoCaching);
  m_canvas->plot->toPainter(&painter, kExportSize.width(), kExportSize.height());
  painter.end();
  return file.commit();
}

}  // namespace whorl::ui
