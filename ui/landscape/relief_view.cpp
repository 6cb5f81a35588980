// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/relief_view.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgGenerator>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "ui/jobs/format.h"
#include "ui/widgets/own_keys.h"

namespace whorl::ui {

namespace {

constexpr double kSteepest = std::numbers::pi / 2;
constexpr double kFlattest = 0.05;
constexpr double kKeyTurn = 0.1;
constexpr int kExportSide = 900;

const SurfaceLayer* layerOf(const Surface& surface, const std::string& name) {
  const auto found = std::find_if(surface.layers.begin(), surface.layers.end(),
                                  [&](const SurfaceLayer& layer) { return layer.name == name; });
  return found == surface.layers.end() ? nullptr : &*found;
}

}  // namespace

ReliefView::ReliefView(QWidget* parent) : QWidget(parent) {
  setObjectName(QStringLiteral("relief"));
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setMinimumSize(200, 160);
  setAccessibleName(tr("Landscape as a relief"));
  setToolTip(tr("Drag to turn, wheel to zoom, double click to turn back"));
}

void ReliefView::setColours(const LandscapeColours& colours) {
  m_colours = colours;
  update();
}

void ReliefView::setAxes(const QString& x, const QString& y) {
  m_xTitle = x;
  m_yTitle = y;
  update();
}

void ReliefView::setSurface(const SharedSurface& surface, const std::vector<QPointF>& path) {
  m_surface = surface;
  m_path = path;
  rebuild();
}

void ReliefView::setLayer(const std::string& layer, const QString& title, std::optional<double> low,
                          std::optional<double> high) {
  m_layer = layer;
  m_title = title;
  m_wantedLow = low;
  m_wantedHigh = high;
  rebuild();
}

void ReliefView::clear() {
  m_surface.reset();
  rebuild();
}

void ReliefView::rebuild() {
  m_geometry.reset();
  m_coarse.reset();
  update();
  const SurfaceLayer* layer = m_surface ? layerOf(*m_surface, m_layer) : nullptr;
  if (!layer) return;
  double least = std::numeric_limits<double>::infinity(), largest = -least;
  for (const double value : layer->values) {
    if (std::isfinite(value)) least = std::min(least, value), largest = std::max(largest, value);
  }
  if (!(largest >= least)) return;  // there is no number at all
  m_low = m_wantedLow.value_or(least);
  m_high = m_wantedHigh.value_or(largest);
  m_geometry.emplace(*m_surface, layer->values, m_low, m_high, kCells);
  m_coarse.emplace(*m_surface, layer->values, m_low, m_high, kTurningCells);
}

void ReliefView::setCamera(const ReliefCamera& camera) {
  m_camera = camera;
  m_camera.pitch = std::clamp(camera.pitch, kFlattest, kSteepest);
  m_camera.zoom = std::clamp(camera.zoom, 0.3, 6.0);
  m_camera.yaw = std::remainder(camera.yaw, 2 * std::numbers::pi);
  update();
}

void ReliefView::turn(double yaw, double pitch) {
  setCamera({m_camera.yaw + yaw, m_camera.pitch + pitch, m_camera.zoom});
}

QRgb ReliefView::colourOf(double value, double shade) const {
  if (m_colours.empty()) return qRgb(128, 128, 128);
  const double share = m_high > m_low ? std::clamp((value - m_low) / (m_high - m_low), 0.0, 1.0) : 0;
  const auto& colour =
      m_colours[static_cast<std::size_t>(std::lround(share * static_cast<double>(m_colours.size() - 1)))];
  const auto level = [&](float part) { return static_cast<int>(std::lround(255 * double(part) * shade)); };
  return qRgb(level(colour[0]), level(colour[1]), level(colour[2]));
}

QPointF ReliefView::toScreen(QPointF place, const QRectF& room) {
  const double scale = std::min(room.width() / 1.5, room.height() / 1.2);
  return room.center() + place * scale;
}

QPointF ReliefView::fromScreen(QPointF position, const QRectF& room) {
  const double scale = std::min(room.width() / 1.5, room.height() / 1.2);
  return (position - room.center()) / scale;
}

void ReliefView::draw(QPainter& painter, const QRectF& room, const QPalette& palette) const {
  painter.setRenderHint(QPainter::Antialiasing);
  const auto& geometry = m_dragged ? m_coarse : m_geometry;
  if (!geometry) {
    painter.setPen(palette.color(QPalette::PlaceholderText));
    painter.drawText(room, Qt::AlignCenter | Qt::TextWordWrap,
                     m_surface ? tr("There is no relief of this.") : tr("Nothing is computed yet."));
    return;
  }
  drawBox(painter, room, palette, /*front=*/false);
  for (const ReliefGeometry::Face& face : geometry->faces(m_camera)) {
    QPointF corners[4];
    for (int i = 0; i < 4; ++i) corners[i] = toScreen(face.corners[i], room);
    const QColor colour = colourOf(face.value, face.shade);
    // In its own colour, so that no ground shows between two faces.
    painter.setPen(QPen(colour, 0.7));
    painter.setBrush(colour);
    painter.drawConvexPolygon(corners, 4);
  }
  drawPath(painter, room);
  drawBox(painter, room, palette, /*front=*/true);
}

/// The edges of the ground behind or in front of the relief, with what they mean.
void ReliefView::drawBox(QPainter& painter, const QRectF& room, const QPalette& palette, bool front) const {
  const auto at = [&](double u, double v, double w) { return toScreen(m_camera.place(u, v, w), room); };
  // The side that is nearer to the viewer.
  const double nearU = std::sin(m_camera.yaw) > 0 ? -0.5 : 0.5, nearV = std::cos(m_camera.yaw) > 0 ? -0.5 : 0.5;
  QColor line = palette.color(QPalette::Text);
  line.setAlphaF(0.35F);
  painter.setPen(line);
  if (!front) {
    painter.drawLine(at(-0.5, -nearV, -0.5), at(0.5, -nearV, -0.5));
    painter.drawLine(at(-nearU, -0.5, -0.5), at(-nearU, 0.5, -0.5));
    painter.drawLine(at(-nearU, -nearV, -0.5), at(-nearU, -nearV, 0.5));
    return;
  }
  painter.drawLine(at(-0.5, nearV, -0.5), at(0.5, nearV, -0.5));
  painter.drawLine(at(nearU, -0.5, -0.5), at(nearU, 0.5, -0.5));
  painter.setPen(palette.color(QPalette::Text));
  const Surface& surface = *m_surface;
  // Away from the middle, where the edge doesn't run through it, and as far as there is room.
  const auto write = [&](QPointF place, const QString& text) {
    const double width = std::min<double>(QFontMetricsF(painter.font()).horizontalAdvance(text) + 2, room.width() - 8);
    const double wanted = place.x() < room.center().x() ? place.x() - width : place.x();
    const double left = std::clamp(wanted, room.left() + 4, room.right() - 4 - width);
    painter.drawText(QRectF(left, place.y(), width, 40), Qt::AlignTop | Qt::TextWordWrap, text);
  };
  const auto range = [](const std::vector<double>& values) {
    return QStringLiteral(" %1 … %2").arg(numberText(values.front()), numberText(values.back()));
  };
  write(at(0, nearV * 1.12, -0.5) + QPointF(0, 4), m_xTitle + range(surface.x));
  write(at(nearU * 1.12, 0, -0.5) + QPointF(0, 4), m_yTitle + range(surface.y));
  painter.drawText(room.adjusted(8, 6, -8, -6), Qt::AlignLeft | Qt::AlignTop,
                   QStringLiteral("%1  %2 … %3").arg(m_title, numberText(m_low), numberText(m_high)));
}

void ReliefView::drawPath(QPainter& painter, const QRectF& room) const {
  QPolygonF line;
  for (const QPointF& point : m_path) {
    if (const auto place = m_geometry->place(m_camera, point.x(), point.y())) line << toScreen(*place, room);
  }
  if (line.isEmpty()) return;
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(Qt::black, 3.5));
  painter.drawPolyline(line);
  painter.setPen(QPen(QColor(0xFF, 0x8C, 0x42), 2));
  painter.drawPolyline(line);
  painter.setPen(QPen(Qt::black, 1));
  painter.setBrush(QColor(0xFF, 0x8C, 0x42));
  painter.drawEllipse(line.back(), 4, 4);
}

void ReliefView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), palette().color(QPalette::Base));
  draw(painter, QRectF(rect()).adjusted(8, 8, -8, -24), palette());
}

QString ReliefView::exportPicture(const QString& path) {
  if (!m_geometry) return tr("There is no relief to export yet.");
  QPalette paper;
  paper.setColor(QPalette::Base, Qt::white);
  paper.setColor(QPalette::Text, Qt::black);
  paper.setColor(QPalette::PlaceholderText, Qt::gray);
  const QRectF room(0, 0, kExportSide, 0.75 * kExportSide);
  const QString ending = path.section(u'.', -1).toLower();
  QSaveFile file(path);
  if (!file.open(QIODevice::WriteOnly)) return tr("%1 can’t be written: %2").arg(path, file.errorString());
  if (ending == u"png") {
    QImage picture(room.size().toSize() * 2, QImage::Format_RGB32);
    picture.setDevicePixelRatio(2);
    picture.fill(Qt::white);
    QPainter painter(&picture);
    draw(painter, room, paper);
    painter.end();
    picture.save(&file, "PNG");
  } else if (ending == u"svg") {
    QSvgGenerator svg;
    svg.setOutputDevice(&file);
    svg.setSize(room.size().toSize());
    svg.setViewBox(room);
    svg.setTitle(m_title);
    QPainter painter(&svg);
    draw(painter, room, paper);
  } else if (ending == u"pdf") {
    QPdfWriter pdf(&file);
    pdf.setPageSize(QPageSize(room.size() * 0.75, QPageSize::Point));
    pdf.setPageMargins({0, 0, 0, 0});
    pdf.setTitle(m_title);
    QPainter painter(&pdf);
    painter.scale(pdf.width() / room.width(), pdf.width() / room.width());
    draw(painter, room, paper);
  } else {
    file.cancelWriting();
    return tr("A relief is exported as PNG, SVG or PDF.");
  }
  return file.commit() ? QString() : tr("%1 can’t be written: %2").arg(path, file.errorString());
}

void ReliefView::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  m_dragged = event->pos();
  update();
}

void ReliefView::mouseMoveEvent(QMouseEvent* event) {
  if (m_dragged) {
    const QPoint way = event->pos() - *m_dragged;
    m_dragged = event->pos();
    turn(way.x() * 0.01, way.y() * 0.01);
    return;
  }
  if (!m_coarse) return;
  Q_EMIT hovered(m_coarse->pointAt(m_camera, fromScreen(event->position(), QRectF(rect()).adjusted(8, 8, -8, -24))));
}

void ReliefView::mouseReleaseEvent(QMouseEvent*) {
  m_dragged.reset();
  update();
}

void ReliefView::mouseDoubleClickEvent(QMouseEvent*) { setCamera({}); }

void ReliefView::leaveEvent(QEvent* event) {
  Q_EMIT hovered(std::nullopt);
  QWidget::leaveEvent(event);
}

void ReliefView::wheelEvent(QWheelEvent* event) {
  setCamera({m_camera.yaw, m_camera.pitch, m_camera.zoom * std::pow(1.0015, event->angleDelta().y())});
  event->accept();
}

bool ReliefView::event(QEvent* event) {
  claimKeys(event, {Qt::Key_Left, Qt::Key_Right, Qt::Key_Up, Qt::Key_Down, Qt::Key_Plus, Qt::Key_Equal, Qt::Key_Minus,
                    Qt::Key_Home});
  return QWidget::event(event);
}

void ReliefView::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Left:
      return turn(-kKeyTurn, 0);
    case Qt::Key_Right:
      return turn(kKeyTurn, 0);
    case Qt::Key_Up:
      return turn(0, -kKeyTurn);
    case Qt::Key_Down:
      return turn(0, kKeyTurn);
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      return setCamera({m_camera.yaw, m_camera.pitch, m_camera.zoom * 1.2});
    case Qt::Key_Minus:
      return setCamera({m_camera.yaw, m_camera.pitch, m_camera.zoom / 1.2});
    case Qt::Key_Home:
      return setCamera({});
    default:
      QWidget::keyPressEvent(event);
  }
}

}  // namespace whorl::ui
