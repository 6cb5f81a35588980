// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/landscape/relief_geometry.h"

#include <QPolygonF>

#include <algorithm>
#include <cmath>

namespace whorl::ui {

namespace {

/// Of the square's side: higher ones hide what lies behind them.
constexpr double kHeight = 0.55;

/// Every n-th place and the last, so that at most `cells` cells are between them.
std::vector<std::size_t> thinned(std::size_t count, int cells) {
  const std::size_t step = std::max<std::size_t>(1, (count - 1 + std::size_t(cells) - 1) / std::size_t(cells));
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i + 1 < count; i += step) places.push_back(i);
  places.push_back(count - 1);
  return places;
}

}  // namespace

QPointF ReliefCamera::place(double u, double v, double w) const {
  const double right = u * std::cos(yaw) - v * std::sin(yaw);
  const double away = u * std::sin(yaw) + v * std::cos(yaw);
  return {zoom * right, -zoom * (w * kHeight * std::cos(pitch) + away * std::sin(pitch))};
}

ReliefGeometry::ReliefGeometry(const Surface& surface, const std::vector<double>& values, double low, double high,
                               int cells)
    : m_low(low), m_high(high) {
  if (surface.x.size() < 2 || surface.y.size() < 2 || values.size() != surface.pointCount()) return;
  const auto columns = thinned(surface.x.size(), cells);
  const auto rows = thinned(surface.y.size(), cells);
  for (const std::size_t column : columns) m_x.push_back(surface.x[column]);
  for (const std::size_t row : rows) m_y.push_back(surface.y[row]);
  for (const std::size_t row : rows) {
    for (const std::size_t column : columns) m_values.push_back(values[row * surface.x.size() + column]);
  }
}

double ReliefGeometry::u(int column) const {
  return (m_x[std::size_t(column)] - m_x.front()) / (m_x.back() - m_x.front()) - 0.5;
}

double ReliefGeometry::v(int row) const {
  return (m_y[std::size_t(row)] - m_y.front()) / (m_y.back() - m_y.front()) - 0.5;
}

double ReliefGeometry::height(int column, int row) const {
  const double value = m_values[std::size_t(row) * m_x.size() + std::size_t(column)];
  if (!std::isfinite(value)) return value;
  return m_high > m_low ? std::clamp((value - m_low) / (m_high - m_low), 0.0, 1.0) - 0.5 : 0;
}

/// Cells from far to near: over a square that order follows from the camera's yaw alone.
template <class Visit>
void ReliefGeometry::visit(const ReliefCamera& camera, Visit visit) const {
  const int across = columns() - 1, down = rows() - 1;
  // A cell is nearer where u sin(yaw) + v cos(yaw) is less.
  const bool columnsDescend = std::sin(camera.yaw) > 0, rowsDescend = std::cos(camera.yaw) > 0;
  for (int r = 0; r < down; ++r) {
    const int row = rowsDescend ? down - 1 - r : r;
    for (int c = 0; c < across; ++c) visit(columnsDescend ? across - 1 - c : c, row);
  }
}

std::vector<ReliefGeometry::Face> ReliefGeometry::faces(const ReliefCamera& camera) const {
  std::vector<Face> list;
  list.reserve(m_values.size());
  visit(camera, [&](int column, int row) {
    const double h[4] = {height(column, row), height(column + 1, row), height(column + 1, row + 1),
                         height(column, row + 1)};
    if (!std::all_of(std::begin(h), std::end(h), [](double value) { return std::isfinite(value); })) return;
    Face face;
    const int at[4][2] = {{column, row}, {column + 1, row}, {column + 1, row + 1}, {column, row + 1}};
    for (int i = 0; i < 4; ++i) {
      face.corners[i] = camera.place(u(at[i][0]), v(at[i][1]), h[i]);
      face.value += m_values[std::size_t(at[i][1]) * m_x.size() + std::size_t(at[i][0])] / 4;
    }
    // Light from the upper left, whichever way the relief is turned.
    const double du = (h[1] + h[2] - h[0] - h[3]) / 2 / (u(column + 1) - u(column));
    const double dv = (h[2] + h[3] - h[0] - h[1]) / 2 / (v(row + 1) - v(row));
    const double slope = kHeight * (du * std::cos(camera.yaw) - dv * std::sin(camera.yaw));
    face.shade = 0.85 + 0.15 * slope / std::sqrt(1 + slope * slope);
    list.push_back(face);
  });
  return list;
}

std::optional<double> ReliefGeometry::valueAt(double x, double y) const {
  if (m_values.empty() || !(x >= m_x.front() && x <= m_x.back() && y >= m_y.front() && y <= m_y.back())) return {};
  const auto cell = [](const std::vector<double>& values, double place) {
    const auto above = std::upper_bound(values.begin() + 1, values.end() - 1, place);
    return static_cast<std::size_t>(above - values.begin()) - 1;
  };
  const std::size_t column = cell(m_x, x), row = cell(m_y, y);
  const double s = (x - m_x[column]) / (m_x[column + 1] - m_x[column]);
  const double t = (y - m_y[row]) / (m_y[row + 1] - m_y[row]);
  const auto at = [&](std::size_t c, std::size_t r) { return m_values[r * m_x.size() + c]; };
  const double value = (1 - t) * ((1 - s) * at(column, row) + s * at(column + 1, row)) +
                       t * ((1 - s) * at(column, row + 1) + s * at(column + 1, row + 1));
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<QPointF> ReliefGeometry::place(const ReliefCamera& camera, double x, double y) const {
  const auto value = valueAt(x, y);
  if (!value) return std::nullopt;
  const double w = m_high > m_low ? std::clamp((*value - m_low) / (m_high - m_low), 0.0, 1.0) - 0.5 : 0;
  return camera.place((x - m_x.front()) / (m_x.back() - m_x.front()) - 0.5,
                      (y - m_y.front()) / (m_y.back() - m_y.front()) - 0.5, w);
}

std::optional<QPointF> ReliefGeometry::pointAt(const ReliefCamera& camera, QPointF place) const {
  std::optional<QPointF> found;
  visit(camera, [&](int column, int row) {
    QPolygonF face;
    for (const auto& [c, r] : {std::pair{column, row}, {column + 1, row}, {column + 1, row + 1}, {column, row + 1}}) {
      const double h = height(c, r);
      if (!std::isfinite(h)) return;
      face << camera.place(u(c), v(r), h);
    }
    if (!face.containsPoint(place, Qt::OddEvenFill)) return;
    const auto c = std::size_t(column), r = std::size_t(row);
    found = QPointF((m_x[c] + m_x[c + 1]) / 2, (m_y[r] + m_y[r + 1]) / 2);
  });
  return found;
}

}  // namespace whorl::ui
